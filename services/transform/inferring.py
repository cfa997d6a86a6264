"""Checks that the data of a module's making suggests. They are written down, not enforced: who owns it decides."""

from contracts.checks import AllowedCheck, Bound, Check, NotNullCheck, RangeCheck, UniqueCheck
from contracts.commands.transform import ColumnProfile, Profile
from contracts.data import Column, LogicalType, Schema

MAX_ALLOWED = 20
_LEAST_ROWS = 2
_IDENTIFYING = {LogicalType.INTEGER, LogicalType.STRING}
_RANGED = {LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DATE}


def inferred(profile: Profile, schema: Schema) -> tuple[Check, ...]:
    """What held for every row: no nulls, no value twice, a range, a few values."""
    if profile.rows < _LEAST_ROWS:
        return ()
    found: list[Check] = []
    known = {column.name: column for column in profile.columns}
    for column in schema.columns:
        figures = known.get(column.name)
        if figures is not None:
            found += _of(column, figures, profile.rows)
    return tuple(found[:1_000])


def _of(column: Column, figures: ColumnProfile, rows: int) -> list[Check]:
    found: list[Check] = []
    name = column.name
    if figures.nulls == 0:
        found.append(NotNullCheck(column=name, inferred=True))
    if figures.distinct == rows and figures.nulls == 0 and column.type in _IDENTIFYING:
        found.append(UniqueCheck(columns=(name,), inferred=True))
    elif column.type is LogicalType.STRING and 0 < (figures.distinct or 0) <= MAX_ALLOWED:
        values = tuple(sorted(value for value, _ in figures.top))
        # A list of the most frequent values is the list of all only when nothing is missing from it.
        if len(values) == figures.distinct and sum(count for _, count in figures.top) == rows - figures.nulls:
            found.append(AllowedCheck(column=name, values=values, inferred=True))
    if column.type in _RANGED:
        low, high = _bound(figures.minimum, column.type), _bound(figures.maximum, column.type)
        if low is not None or high is not None:
            found.append(RangeCheck(column=name, minimum=low, maximum=high, inferred=True))
    return found


def _bound(text: str | None, type: LogicalType) -> Bound | None:
    if text is None:
        return None
    try:
        if type is LogicalType.INTEGER:
            return int(text)
        value = float(text) if type is LogicalType.FLOAT else text
    except ValueError:
        return None
    return value if isinstance(value, str) or abs(value) < float("inf") else None
