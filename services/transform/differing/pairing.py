"""What pairs the rows of two tables, and how a column of the one is compared with that of the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from contracts.commands.connector import Problem
from contracts.data import LogicalType, Schema
from services.transform.conversions import convert, to_text
from services.transform.dtypes import DTYPES
from services.transform.errors import RecipeInvalid
from services.transform.expressions.analysis import unknown_column
from services.transform.expressions.tree import named

KeysFrom = Literal["given", "contract", "found", "none"]
# So many columns are looked at in search of a key, and so many rows before a whole column is.
_CANDIDATES = 16
_GLANCE = 10_000
_IDENTIFYING = {LogicalType.INTEGER, LogicalType.STRING, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ}
# Types that hold each other's values, and the one in which both are compared.
_MEETING: dict[frozenset[LogicalType], LogicalType] = {
    frozenset({LogicalType.INTEGER, LogicalType.DECIMAL}): LogicalType.DECIMAL,
    frozenset({LogicalType.FLOAT, LogicalType.DECIMAL}): LogicalType.FLOAT,
    frozenset({LogicalType.DATE, LogicalType.TIMESTAMP}): LogicalType.TIMESTAMP,
}


@dataclass(frozen=True)
class Pair:
    """A column that both tables have: its types, and its names in the plan."""

    name: str
    left_type: LogicalType
    right_type: LogicalType
    left: str
    right: str

    @property
    def by_value(self) -> bool:
        """Whether the values can be compared; else their texts are."""
        types = frozenset({self.left_type, self.right_type})
        return len(types) == 1 or types in _MEETING or types == {LogicalType.INTEGER, LogicalType.FLOAT}

    @property
    def differs(self) -> pl.Expr:
        """Whether the two values differ; null is like null, NaN is like NaN."""
        left, right = pl.col(self.left), pl.col(self.right)
        types = frozenset({self.left_type, self.right_type})
        if len(types) == 1:
            return left.ne_missing(right)
        if types == {LogicalType.INTEGER, LogicalType.FLOAT}:
            whole, real = (left, right) if self.left_type is LogicalType.INTEGER else (right, left)
            # Beyond 2^53 several whole numbers are the same float: the float must be that whole number, too.
            back = real.cast(pl.Int64(), strict=False)
            return whole.cast(pl.Float64()).ne_missing(real) | whole.ne_missing(back)
        if types in _MEETING:
            meeting = DTYPES[_MEETING[types]]
            return left.cast(meeting).ne_missing(right.cast(meeting))
        return _text(left, self.left_type).ne_missing(_text(right, self.right_type))

    @property
    def same_type(self) -> bool:
        return self.left_type is self.right_type

    def counted(self, prefix: str) -> pl.Expr:
        """The value of one side in a form in which both sides' values can be told equal or not."""
        name, type = (self.left, self.left_type) if prefix == "l" else (self.right, self.right_type)
        value, types = pl.col(name), frozenset({self.left_type, self.right_type})
        if self.same_type:
            return value
        if types in _MEETING:
            return _text(value.cast(DTYPES[_MEETING[types]]), _MEETING[types])
        if types == {LogicalType.INTEGER, LogicalType.FLOAT} and type is LogicalType.FLOAT:
            whole = convert(value, type, LogicalType.INTEGER)
            return pl.when(whole.is_not_null()).then(whole.cast(pl.String())).otherwise(_text(value, type))
        return _text(value, type)


def pairs(left: Schema, right: Schema) -> list[Pair]:
    """The columns of both, in the order of the left one."""
    names = list(right.names)
    found = []
    for at, column in enumerate(left.columns):
        other = right.column(column.name)
        if other is not None:
            found.append(Pair(column.name, column.type, other.type, f"l{at}", f"r{names.index(column.name)}"))
    return found


def chosen(
    given: Sequence[str] | None, contract: Sequence[Sequence[str]], left: Schema, right: Schema
) -> tuple[tuple[str, ...] | None, KeysFrom]:
    """The keys that somebody named: the caller, or the contracts. None: nobody did. Raises RecipeInvalid."""
    if given is not None:
        _check(given, left, right)
        return tuple(given), "given" if given else "none"
    for columns in contract:
        if all(_same_type(name, left, right) for name in columns):
            return tuple(columns), "contract"
    return None, "found"


def find(left: pl.LazyFrame, right: pl.LazyFrame, columns: Sequence[Pair]) -> Pair | None:
    """The first column that names every row of both tables, if one does."""
    likely = [pair for pair in columns if pair.left_type is pair.right_type and pair.left_type in _IDENTIFYING]
    for pair in likely[:_CANDIDATES]:
        sides = ((left, pair.left), (right, pair.right))
        if all(_names_rows(side.head(_GLANCE), column) for side, column in sides) and all(
            _names_rows(side, column) for side, column in sides
        ):
            return pair
    return None


def repeated(side: pl.LazyFrame, keys: Sequence[str]) -> tuple[bool, bool]:
    """Whether some key stands in several rows, and whether its first column has nulls."""
    if len(keys) == 1:
        values = side.select(keys).collect(engine="streaming").to_series()
        nulls = bool(values.null_count())
        # Where each is greater than the one before, which is soon seen, no two are the same.
        rising = not nulls and int((values > values.shift(1)).sum()) + 1 >= len(values)
        return not rising and values.n_unique() < len(values), nulls
    said = (
        side.group_by(keys)
        .agg(pl.len().alias("rows"))
        .select((pl.col("rows") > 1).any(), nulls=pl.col(keys[0]).null_count())
        .collect(engine="streaming")
    )
    return bool(said["rows"].item()), bool(said["nulls"].item())


def _names_rows(side: pl.LazyFrame, column: str) -> bool:
    value = pl.col(column)
    said = side.select(rows=pl.len(), nulls=value.null_count(), values=value.n_unique()).collect(engine="streaming")
    return bool(said["nulls"].item() == 0 and said["values"].item() == said["rows"].item() > 0)


def _check(keys: Sequence[str], left: Schema, right: Schema) -> None:
    problems = []
    for at, name in enumerate(keys):
        place = f"/keys/{at}"
        found, other = left.column(name), right.column(name)
        if name in keys[:at]:
            problems.append(Problem(pointer=place, code="repeated", message=f"The key {name!r} stands here twice."))
        elif found is None or other is None:
            there = left if found is None else right
            said = unknown_column(name, list(there.names)).message
            side = "left" if found is None else "right"
            message = f"A key is a column of both outputs, and the {side} one has it not. {said}"
            problems.append(Problem(pointer=place, code="column_unknown", message=message))
        elif found.type is not other.type:
            message = f"The key {name!r} is {named(found.type)} on the left and {named(other.type)} on the right."
            problems.append(Problem(pointer=place, code="wrong_type", message=message))
    if problems:
        raise RecipeInvalid(problems)


def _same_type(name: str, left: Schema, right: Schema) -> bool:
    found, other = left.column(name), right.column(name)
    return found is not None and other is not None and found.type is other.type


def _text(value: pl.Expr, type: LogicalType) -> pl.Expr:
    return value.bin.encode("base64") if type is LogicalType.BINARY else to_text(value, type)
