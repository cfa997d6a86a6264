"""Step kind → what is known of it."""

from typing import Any

from services.transform.steps.cast import CastKind
from services.transform.steps.deduplicate import DeduplicateKind
from services.transform.steps.derive import DeriveKind
from services.transform.steps.drop import DropKind
from services.transform.steps.drop_null import DropNullKind
from services.transform.steps.fill_null import FillNullKind
from services.transform.steps.filter import FilterKind
from services.transform.steps.kind import StepKind
from services.transform.steps.limit import LimitKind
from services.transform.steps.rename import RenameKind
from services.transform.steps.replace import ReplaceKind
from services.transform.steps.select import SelectKind
from services.transform.steps.sort import SortKind

KINDS: dict[str, StepKind[Any]] = {
    "select": SelectKind(),
    "drop": DropKind(),
    "rename": RenameKind(),
    "cast": CastKind(),
    "filter": FilterKind(),
    "derive": DeriveKind(),
    "fill_null": FillNullKind(),
    "drop_null": DropNullKind(),
    "deduplicate": DeduplicateKind(),
    "sort": SortKind(),
    "limit": LimitKind(),
    "replace": ReplaceKind(),
}
