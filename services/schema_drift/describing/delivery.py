"""One delivery of a table: the file's form, its columns in figures, and some rows as they were written."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from contracts.data import Column, LogicalType
from services.schema_drift.describing.column import Figures, figures
from services.schema_drift.describing.plain import MISSING, Plain

# So many rows are looked at across columns, and their values counted; the first ones, the same each time.
MOST_ROWS = 1_000
# Fewer tell nothing of how columns go together.
LEAST_ROWS = 40


@dataclass(frozen=True)
class Form:
    """The form of a file, apart from its values."""

    encoding: str = "utf-8"
    bom: bool = False
    delimiter: str = ","
    header: bool = True
    preamble_lines: int = 0
    footer_rows: int = 0


@dataclass(frozen=True)
class Delivery:
    """What is compared: names stand as they were written, and two columns may bear the same."""

    columns: tuple[Figures, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    form: Form = Form()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of names and types in order: equal ones mean that the shape is the same."""
        shape = [[column.name, column.type] for column in self.columns]
        return hashlib.sha256(json.dumps(shape, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def column(self, name: str) -> Figures | None:
        """The first column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def values(self, at: int) -> Sequence[str]:
        """The values of a column in the rows that were kept, blanks at the ends cut; empty where none is."""
        if at not in self._values:
            texts = (row[at].strip() if at < len(row) else "" for row in self.rows)
            self._values[at] = ["" if text in MISSING else text for text in texts]
        return self._values[at]

    def numbers(self, at: int) -> Sequence[float | None]:
        """The same as numbers, None where there is none."""
        if at not in self._numbers:
            known = {text: _number(text) for text in set(self.values(at))}
            self._numbers[at] = [known[text] for text in self.values(at)]
        return self._numbers[at]

    def above(self, one: int, other: int) -> float | None:
        """The share of rows in which one column is above another; None where too few rows have both."""
        if (one, other) not in self._above:
            pairs = zip(self.numbers(one), self.numbers(other), strict=True)
            found = [x > y for x, y in pairs if x is not None and y is not None]
            self._above[one, other] = sum(found) / len(found) if len(found) >= LEAST_ROWS else None
        return self._above[one, other]

    def ordered_by(self, at: int) -> bool:
        """Whether the rows stand in the order of this column of numbers or dates."""
        type = self.columns[at].type
        if type not in ("int64", "float64", "date", "datetime"):
            return False
        keys = [
            (0.0 if one is None else one, text) for one, text in zip(self.numbers(at), self.values(at), strict=True)
        ]
        return all(a <= b for a, b in pairwise(keys)) or all(a >= b for a, b in pairwise(keys))

    # A baseline is compared again and again: what was made of it once stays ready.
    @cached_property
    def _values(self) -> dict[int, Sequence[str]]:
        return {}

    @cached_property
    def _above(self) -> dict[tuple[int, int], float | None]:
        return {}

    @cached_property
    def _numbers(self) -> dict[int, Sequence[float | None]]:
        return {}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number else None


_PLAIN: dict[LogicalType, Plain] = {
    LogicalType.BOOLEAN: "bool", LogicalType.INTEGER: "int64", LogicalType.FLOAT: "float64",
    LogicalType.DECIMAL: "float64", LogicalType.DATE: "date", LogicalType.TIMESTAMP: "datetime",
    LogicalType.TIMESTAMP_TZ: "datetime",
}  # fmt: skip


def shape(columns: Sequence[Column]) -> Delivery:
    """A delivery of which nothing is known but names and types."""
    found = (Figures(one.name, at, 0, {}, {}, _PLAIN.get(one.type, "string")) for at, one in enumerate(columns))
    return Delivery(tuple(found), ())


def describe(names: Sequence[str], rows: Sequence[Sequence[str]], form: Form | None = None) -> Delivery:
    """Describe a delivery by (some of) its rows."""
    kept = [tuple(row) for row in rows[:MOST_ROWS]]
    columns = tuple(
        figures(name, at, [row[at] if at < len(row) else "" for row in kept]) for at, name in enumerate(names)
    )
    return Delivery(columns, tuple(kept), form or Form())
