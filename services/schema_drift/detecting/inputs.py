"""What is different about an input of a module: two deliveries compared, in the names of the tables made of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from contracts.data import LogicalType, Schema
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.delivery import Delivery, shape
from services.schema_drift.detecting.detect import Detection
from services.schema_drift.detecting.difference import Difference

# What these say concerns the file, or columns that nobody needs yet.
_NOT_OF_A_COLUMN = frozenset({"added", "file_changed", "duplicate_name"})


@dataclass(frozen=True)
class Side:
    """A delivery, and the names that the table made of it has, by place: a reader makes unlike names of like ones."""

    names: tuple[str, ...]
    delivery: Delivery

    @cached_property
    def figures(self) -> dict[str, Figures]:
        """The columns by the names of the table."""
        return {self.names[one.at]: one for one in self.delivery.columns if one.at < len(self.names)}

    @cached_property
    def used(self) -> dict[str, str]:
        """Name as it was written → name of the table; of doubled ones the first."""
        found: dict[str, str] = {}
        for name, one in self.figures.items():
            found.setdefault(one.name, name)
            found.setdefault(one.name.strip(), name)
        return found


@dataclass(frozen=True)
class Compared:
    """The differences that matter to a module, and which columns carry on without a doubt."""

    differences: tuple[Difference, ...]
    carried: dict[str, str]  # needed column → column that came, where their names differ
    before: dict[str, Figures]
    after: dict[str, Figures]


def by_shape(schema: Schema) -> Side:
    """A side of which names and types are known alone."""
    return Side(schema.names, shape(schema.columns))


def compare(before: Side, after: Side, contract: Schema, incoming: Schema) -> Compared:
    """Compare an input with an earlier one. Columns that the contract does not need are passed over."""
    detection = Detection(before.delivery, after.delivery)
    known = bool(before.delivery.rows) and bool(after.delivery.rows)
    found = [
        one
        for one in _in_names(detection.differences(), before, after)
        if one.kind in _NOT_OF_A_COLUMN or contract.column(one.column) is not None
    ]
    if not known:
        found = [_without_values(one, contract, incoming) for one in found]
    carried = {}
    for old, new in detection.matching.kept:
        name, carrier = before.names[old.at], after.names[new.at]
        if name != carrier and contract.column(name) is not None:
            carried[name] = carrier
    found += _untold(found, contract, incoming, carried)
    return Compared(tuple(found), carried, before.figures, after.figures)


def _in_names(differences: Sequence[Difference], before: Side, after: Side) -> Iterator[Difference]:
    for one in differences:
        of = after.used if one.kind in ("added", "duplicate_name") else before.used
        became = None if one.became is None else after.used.get(one.became, one.became)
        column = one.column if one.kind == "file_changed" else of.get(one.column, one.column)
        if one.kind == "renamed" and column == became:
            continue  # blanks around a name that the reader took off
        candidates = tuple(after.used.get(name, name) for name in one.candidates)
        yield replace(one, column=column, became=became, candidates=candidates)


def _without_values(one: Difference, contract: Schema, incoming: Schema) -> Difference:
    """What only values could prove is not proven by names and types."""
    if one.kind != "type_changed" or one.proof != "proven":
        return one
    wanted, came = contract.column(one.column), incoming.column(one.column)
    fits = wanted is not None and came is not None and came.type.widens(wanted.type)
    return one if fits else replace(one, proof="plausible")


def _untold(
    found: Sequence[Difference], contract: Schema, incoming: Schema, carried: dict[str, str]
) -> list[Difference]:
    """Types that the reader gave in another way although the values did not ask for it."""
    told = {one.column for one in found if one.kind in ("type_changed", "removed", "format_changed", "meaning_changed")}
    became = carried | {one.column: one.became for one in found if one.kind == "renamed" and one.became}
    more = []
    for column in contract.columns:
        other = incoming.column(became.get(column.name, column.name))
        if other is None or column.name in told or other.type is column.type or other.type.widens(column.type):
            continue
        sure = (other.type, column.type) == (LogicalType.FLOAT, LogicalType.DECIMAL)
        text = f"{column.type.value} is needed, {other.type.value} came"
        more.append(Difference("type_changed", column.name, "proven" if sure else "plausible", text))
    return more
