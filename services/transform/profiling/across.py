"""What is only seen across columns: equal rows, columns that tell all rows apart, and numbers that go together."""

from itertools import combinations

import polars as pl

from contracts.data import Schema
from contracts.profile import Correlation
from services.transform.profiling.scan import column_name
from services.transform.profiling.sketch import Sketch
from services.transform.profiling.values import NUMBERS, Values

EXACT_ROWS = 20_000_000
SAMPLED_ROWS = 50_000
_SAMPLED_CELLS = 5_000_000
_CORRELATED = 30
_SHOWN = 100
_KEY_COLUMNS = 8
_KEYS = 5
_GLANCE = 5_000


class EqualRows:
    """Counts rows that are the same as an earlier one, by their hashes."""

    def __init__(self, exact_rows: int = EXACT_ROWS) -> None:
        self._exact_rows = exact_rows
        self._hashes: list[pl.Series] = []
        self._rows = 0
        self._sketch: Sketch | None = None
        self._alike = False

    @property
    def alike(self) -> bool:
        """Whether two rows of one piece were the same; what is the same in two pieces shows in the count alone."""
        return self._alike

    @property
    def exact(self) -> bool:
        """Whether the count is no estimate."""
        return self._sketch is None

    def add(self, rows: pl.DataFrame) -> None:
        """Take a piece."""
        hashes = rows.hash_rows(seed=0)
        self._rows += len(hashes)
        if not self._alike:
            self._alike = hashes.n_unique() < len(hashes)
        if self._sketch is None and self._rows > self._exact_rows:
            self._sketch = Sketch()
            for earlier in self._hashes:
                self._sketch.add(earlier)
            self._hashes = []
        if self._sketch is None:
            self._hashes.append(hashes)
        else:
            self._sketch.add(hashes)

    def count(self) -> int:
        """Rows that repeat an earlier one."""
        if self._sketch is not None:
            return max(0, self._rows - self._sketch.estimate())
        return self._rows - pl.concat(self._hashes).n_unique() if self._hashes else 0


class Keys:
    """Pairs and triples of columns that tell all rows apart. Which to look at is judged by the first piece."""

    def __init__(self) -> None:
        self._hashes: dict[tuple[int, ...], list[pl.Series]] | None = None

    def add(self, rows: pl.DataFrame, values: list[Values], alike: bool) -> None:
        """Take a piece; `alike` says that two rows of this one or of an earlier one are the same throughout."""
        if self._hashes is None:
            self._hashes = {} if alike else {group: [] for group in _candidates(rows, values)}
        for group, seen in list(self._hashes.items()):
            hashes = rows.select(column_name(at) for at in group).hash_rows(seed=0)
            if alike or hashes.n_unique() < len(hashes):
                del self._hashes[group]
            else:
                seen.append(hashes)

    def found(self, values: list[Values], rows: int) -> list[tuple[int, ...]]:
        """Single columns first; groups only where no single column does."""
        single: list[tuple[int, ...]] = [(at,) for at, one in enumerate(values) if _tells_apart(one, rows)]
        if single or not rows:
            return single[:_KEYS]
        groups = self._hashes or {}
        return [group for group, seen in groups.items() if seen and pl.concat(seen).n_unique() == rows][:_KEYS]


def _tells_apart(one: Values, rows: int) -> bool:
    return rows > 0 and one.exact and not one.nulls and one.distinct == rows


def _candidates(rows: pl.DataFrame, values: list[Values]) -> list[tuple[int, ...]]:
    ranked = sorted((at for at, one in enumerate(values) if not one.nulls), key=lambda at: -values[at].distinct)
    glance = rows.head(_GLANCE)
    found: list[tuple[int, ...]] = []
    for size in (2, 3):
        for group in combinations(ranked[:_KEY_COLUMNS], size):
            if any(set(smaller) <= set(group) for smaller in found):
                continue
            chosen = [column_name(at) for at in sorted(group)]
            if glance.select(chosen).n_unique() == glance.height and rows.select(chosen).n_unique() == rows.height:
                found.append(tuple(sorted(group)))
            if len(found) >= _KEYS:
                return found
    return found


class Spread:
    """Every so many rows of the columns of numbers and moments: few enough to keep, the same each time."""

    def __init__(self, columns: list[int], rows: int = SAMPLED_ROWS) -> None:
        self.columns = columns
        self._most = max(1, min(rows, _SAMPLED_CELLS // max(1, len(columns))))
        self._stride = 1
        self._seen = 0
        self._rows: list[pl.DataFrame] = []
        self._height = 0

    @property
    def whole(self) -> bool:
        """Whether these are all rows."""
        return self._stride == 1

    def add(self, rows: pl.DataFrame) -> None:
        """Take a piece."""
        if not self.columns:
            return
        first = -self._seen % self._stride
        taken = rows.select(column_name(at) for at in self.columns).gather_every(self._stride, first)
        self._seen += rows.height
        self._rows.append(taken)
        self._height += taken.height
        while self._height > self._most:
            kept = pl.concat(self._rows).gather_every(2)
            self._rows, self._height = [kept], kept.height
            self._stride *= 2

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
