"""What is only seen across columns: equal rows, columns that tell all rows apart, and numbers that go together."""

import math
from itertools import combinations

import polars as pl

from contracts.data import NUMBERS, Schema
from contracts.profile import Correlation
from services.transform.profiling.distinct import COUNTED, Distinct
from services.transform.profiling.scan import column_name
from services.transform.profiling.values import Values

SAMPLED_ROWS = 50_000
_SAMPLED_CELLS = 5_000_000
_CORRELATED = 30
_SHOWN = 100
_KEY_COLUMNS = 8
_KEYS = 5
_GLANCES = (2_000, 32_000)
_ESTIMATED = 0.97  # an estimate is hardly ever further off


class EqualRows:
    """Counts rows that are the same as an earlier one, by their hashes."""

    def __init__(self, counted: int = COUNTED) -> None:
        self._different = Distinct(counted)
        self._rows = 0

    @property
    def exact(self) -> bool:
        """Whether the count is no estimate."""
        return self._different.exact

    def add(self, rows: pl.DataFrame) -> pl.Series:
        """Take a piece; the hashes of its rows."""
        hashes = rows.hash_rows(seed=0)
        self._rows += len(hashes)
        self._different.add(hashes)
        return hashes

    def count(self) -> int:
        """Rows that repeat an earlier one."""
        return self._rows - self._different.count()


class Keys:
    """Columns, pairs and triples that tell all rows apart. Which to look at is judged by the first piece."""

    def __init__(self, counted: int = COUNTED) -> None:
        self._counted = counted
        self._seen: dict[tuple[int, ...], Distinct] | None = None

    def add(self, rows: pl.DataFrame, hashes: pl.Series, values: list[Values]) -> None:
        """Take a piece, with the hashes of its rows: where two of them are the same throughout, nothing is a key."""
        if self._seen == {}:
            return
        known: dict[tuple[int, ...], pl.Series] = {}
        if self._seen is None:
            known = _candidates(rows, values) if hashes.n_unique() == len(hashes) else {}
            self._seen = {group: Distinct(self._counted) for group in known}
        for group, seen in list(self._seen.items()):
            seen.add(known[group] if known else _hashes(rows, group))
            if seen.repeated or any(values[at].nulls for at in group):
                seen.close()
                del self._seen[group]

    def found(self, values: list[Values], rows: int, *, repeated: bool = False) -> list[tuple[int, ...]]:
        """Single columns first; groups only where no single column does. Where rows are `repeated`, nothing does."""
        if repeated or not rows:
            return []
        single: list[tuple[int, ...]] = [(at,) for at, one in enumerate(values) if _tells_apart(one, rows)]
        if single:
            return single[:_KEYS]
        groups = [group for group, seen in (self._seen or {}).items() if _all_different(seen, rows)]
        return [group for group in groups if len(group) == 1 or len(groups[0]) > 1][:_KEYS]


def _all_different(seen: Distinct, rows: int) -> bool:
    """Whether no two were the same; where that is an estimate, whether nothing speaks against it."""
    different = seen.count()
    return different == rows if seen.exact else different >= rows * _ESTIMATED


def _tells_apart(one: Values, rows: int) -> bool:
    return rows > 0 and one.exact and not one.nulls and one.distinct == rows


def _candidates(rows: pl.DataFrame, values: list[Values]) -> dict[tuple[int, ...], pl.Series]:
    """Groups of columns that tell the rows of a piece apart, with the hashes in them."""
    ranked = sorted((at for at, one in enumerate(values) if not one.nulls), key=lambda at: -values[at].distinct)
    looked_at = sorted(ranked[:_KEY_COLUMNS])
    # Each column is hashed once, by a seed of its own: the sum of some is as good a hash of their group, at a glance.
    hashed = rows.head(_GLANCES[-1]).select(pl.col(column_name(at)).hash(at).alias(f"{at}") for at in looked_at)
    found: dict[tuple[int, ...], pl.Series] = {}
    for size in (1, 2, 3):
        for group in _at_a_glance(hashed, rows.height, values, list(combinations(looked_at, size))):
            if any(set(smaller) <= set(group) for smaller in found):
                continue
            hashes = _hashes(rows, group)
            if hashes.n_unique() == rows.height:
                found[group] = hashes
            if len(found) >= _KEYS:
                return found
    return found


def _at_a_glance(
    hashed: pl.DataFrame, rows: int, values: list[Values], groups: list[tuple[int, ...]]
) -> list[tuple[int, ...]]:
    """Those that tell the first rows apart, and have values enough for all of them; the most values first."""
    many = {group: math.prod(values[at].distinct for at in group) for group in groups}
    left = sorted((group for group in groups if many[group] >= rows), key=lambda group: -many[group])
    for glance in map(hashed.head, _GLANCES):
        left = [group for group in left if _sum(glance, group).n_unique() == glance.height]
    return left


def _sum(hashes: pl.DataFrame, group: tuple[int, ...]) -> pl.Series:
    columns = [hashes[f"{at}"] for at in group]
    return sum(columns[1:], columns[0])


def _hashes(rows: pl.DataFrame, group: tuple[int, ...]) -> pl.Series:
    return rows.select(column_name(at) for at in group).hash_rows(seed=0)


class Spread:
    """Every so many rows of the columns of numbers and moments: few enough to keep, the same each time."""

    def __init__(self, columns: list[int], rows: int = SAMPLED_ROWS) -> None:
        self.columns = columns
        self._most = max(1, min(rows, _SAMPLED_CELLS // max(1, len(columns))))
        self._stride = 1
        self._seen = 0
        self._rows: list[pl.DataFrame] = []

    @property
    def whole(self) -> bool:
        """Whether these are all rows."""
        return self._stride == 1

    def add(self, rows: pl.DataFrame) -> None:
        """Take a piece."""
        if not self.columns:
            return
        stride = self._stride
        while -(-(self._seen + rows.height) // stride) > self._most:
            stride *= 2
        if stride > self._stride and self._rows:
            self._rows = [pl.concat(self._rows).gather_every(stride // self._stride)]
        self._stride = stride
        first = -self._seen % stride
        self._rows.append(rows.select(column_name(at) for at in self.columns).gather_every(stride, first))
        self._seen += rows.height

    def rows(self) -> pl.DataFrame:
        """The rows that were kept."""
        return pl.concat(self._rows) if self._rows else pl.DataFrame()


def correlations(sample: pl.DataFrame, schema: Schema) -> tuple[Correlation, ...]:
    """Pairs of columns of numbers and how they go together, the strongest first."""
    numbers = [at for at, column in enumerate(schema.columns) if column.type in NUMBERS][:_CORRELATED]
    if len(numbers) < 2 or sample.height < 2:
        return ()
    as_floats = sample.lazy().select(pl.col(column_name(at)).cast(pl.Float64).fill_nan(None) for at in numbers)
    pairs = list(combinations(numbers, 2))
    wanted = [pl.corr(column_name(a), column_name(b)).alias(f"{a} {b}") for a, b in pairs]
    values = as_floats.select(wanted).collect().row(0)
    found = []
    for (a, b), value in zip(pairs, values, strict=True):
        if value is not None and value == value:
            bounded = max(-1.0, min(1.0, round(value, 6)))
            found.append(Correlation(left=schema.columns[a].name, right=schema.columns[b].name, value=bounded))
    found.sort(key=lambda one: -abs(one.value))
    return tuple(found[:_SHOWN])
