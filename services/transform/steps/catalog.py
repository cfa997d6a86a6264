"""Step kind → what is known of it."""

from typing import Any

from services.transform.steps.aggregate import AggregateKind
from services.transform.steps.bin import BinKind
from services.transform.steps.cast import CastKind
from services.transform.steps.coalesce import CoalesceKind
from services.transform.steps.conditional import ConditionalKind
from services.transform.steps.convert_unit import ConvertUnitKind
from services.transform.steps.convert_zone import ConvertZoneKind
from services.transform.steps.date_add import DateAddKind
from services.transform.steps.date_diff import DateDiffKind
from services.transform.steps.date_parts import DatePartsKind
from services.transform.steps.deduplicate import DeduplicateKind
from services.transform.steps.derive import DeriveKind
from services.transform.steps.drop import DropKind
from services.transform.steps.drop_null import DropNullKind
from services.transform.steps.explode import ExplodeKind
from services.transform.steps.extract import ExtractKind
from services.transform.steps.fill_gaps import FillGapsKind
from services.transform.steps.fill_null import FillNullKind
from services.transform.steps.filter import FilterKind
from services.transform.steps.flatten import FlattenKind
from services.transform.steps.join import JoinKind
from services.transform.steps.join_columns import JoinColumnsKind
from services.transform.steps.kind import StepKind
from services.transform.steps.limit import LimitKind
from services.transform.steps.lookup import LookupKind
from services.transform.steps.mask import MaskKind
from services.transform.steps.outliers import OutliersKind
from services.transform.steps.parse_date import ParseDateKind
from services.transform.steps.parse_number import ParseNumberKind
from services.transform.steps.pivot import PivotKind
from services.transform.steps.rename import RenameKind
from services.transform.steps.rename_style import RenameStyleKind
from services.transform.steps.reorder import ReorderKind
from services.transform.steps.replace import ReplaceKind
from services.transform.steps.replace_text import ReplaceTextKind
from services.transform.steps.round import RoundKind
from services.transform.steps.sample import SampleKind
from services.transform.steps.select import SelectKind
from services.transform.steps.sort import SortKind
from services.transform.steps.split import SplitKind
from services.transform.steps.sql import SqlKind
from services.transform.steps.text import TextKind
from services.transform.steps.union import UnionKind
from services.transform.steps.unnest_json import UnnestJsonKind
from services.transform.steps.unpivot import UnpivotKind
from services.transform.steps.window import WindowKind

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
    "reorder": ReorderKind(),
    "rename_style": RenameStyleKind(),
    "parse_number": ParseNumberKind(),
    "parse_date": ParseDateKind(),
    "conditional": ConditionalKind(),
    "coalesce": CoalesceKind(),
    "sample": SampleKind(),
    "replace_text": ReplaceTextKind(),
    "text": TextKind(),
    "split": SplitKind(),
    "join_columns": JoinColumnsKind(),
    "extract": ExtractKind(),
    "explode": ExplodeKind(),
    "flatten": FlattenKind(),
    "unnest_json": UnnestJsonKind(),
    "aggregate": AggregateKind(),
    "window": WindowKind(),
    "pivot": PivotKind(),
    "unpivot": UnpivotKind(),
    "join": JoinKind(),
    "union": UnionKind(),
    "lookup": LookupKind(),
    "bin": BinKind(),
    "outliers": OutliersKind(),
    "mask": MaskKind(),
    "date_parts": DatePartsKind(),
    "date_add": DateAddKind(),
    "date_diff": DateDiffKind(),
    "convert_zone": ConvertZoneKind(),
    "convert_unit": ConvertUnitKind(),
    "round": RoundKind(),
    "fill_gaps": FillGapsKind(),
    "sql": SqlKind(),
}
