"""How far one delivery's column is from those before it, and how far it may be: learned from how far those were apart.

A delivery has to look like one of the past, as each of the past looks like another. So what comes back each week or
each summer trips nothing. Where the past is too short to learn from, the bounds are wide, and stated.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.adaptation import ColumnFigures
from contracts.data import MOMENTS, NUMBERS, LogicalType

LEARNING: Final = 3  # past deliveries from which tolerances are learned
_PEERS = 3  # of the same season, with which a delivery is compared instead of with all
_YEAR, _WEEKS = 300, 56  # days that a past spans in which months, or days of the week, come back
_IDENTIFYING = 0.9  # of the values, that have to be different where each names a row; it may be an estimate
_NAMED = 0.6  # of the rows, that the most frequent values have to make up where values are compared one by one
_LENGTHS = frozenset({LogicalType.STRING})
_ALL = frozenset(LogicalType)
_LOW, _FIRST, _MIDDLE, _THIRD, _HIGH = 1, 2, 3, 4, 5  # places of the quantiles at 5, 25, 50, 75 and 95 percent

Gap = Callable[[ColumnFigures, ColumnFigures], float | None]


@dataclass(frozen=True)
class Measure:
    """One way in which a delivery of a column may be apart from another; it says nothing where nothing is known."""

    name: str
    types: frozenset[LogicalType]
    gap: Gap
    floor: float  # tolerated even where the past never moved
    wide: float  # tolerated where there is too little past
    noise: float  # of few rows: this over the root of their number


@dataclass(frozen=True)
class Distance:
    """A distance and its tolerance."""

    column: str
    measure: str
    distance: float
    tolerance: float

    @property
    def within(self) -> bool:
        """Whether it is tolerated."""
        return self.distance <= self.tolerance


def distances(
    came: ColumnFigures, past: Sequence[ColumnFigures], type: LogicalType, peers: Sequence[int] | None = None
) -> list[Distance]:
    """What a column that came is apart from its past; `peers` are those of its season, where they are enough."""
    near = [past[at] for at in peers] if peers else past
    found = []
    for measure in MEASURES:
        if type not in measure.types:
            continue
        gaps = [gap for one in near if (gap := measure.gap(came, one)) is not None]
        if gaps and (tolerance := _tolerance(measure, past)) is not None:
            rows = min(max(1, one.rows - one.nulls) for one in (came, *past))
            found.append(Distance(came.column, measure.name, min(gaps), tolerance + measure.noise / math.sqrt(rows)))
    return found


def season(at: str, past: Sequence[str]) -> list[int] | None:
    """The places of the past deliveries of the same month, or day of the week; nothing where they are too few."""
    try:
        now = datetime.fromisoformat(at)
        then = [datetime.fromisoformat(one) for one in past]
        days = (max(then) - min(then)).days if then else 0
    except (ValueError, TypeError):
        return None
    same: list[int] = []
    if days >= _YEAR:
        same = [number for number, one in enumerate(then) if one.month == now.month]
    elif days <= _WEEKS:
        same = [number for number, one in enumerate(then) if one.weekday() == now.weekday()]
    return same if len(same) >= _PEERS else None


def learned(floor: float, wide: float, nearest: Sequence[float], past: int) -> float:
    """A bound: twice what the past moved, and a little; wide where the past is short."""
    bound = floor + 2 * max(nearest, default=0.0)
    return bound if past >= LEARNING else max(bound, wide)


def _tolerance(measure: Measure, past: Sequence[ColumnFigures]) -> float | None:
    """From how far each of the past is from the one that is nearest to it."""
    if len(past) < LEARNING and measure is not NULLS and all(_constant(one) for one in past):
        return None  # the name of a month, say: whether it changes each time is not known yet
    nearest = []
    for at, one in enumerate(past):
        others = [measure.gap(one, other) for number, other in enumerate(past) if number != at]
        known = [gap for gap in others if gap is not None]
        if known:
            nearest.append(min(known))
    return learned(measure.floor, measure.wide, nearest, len(past))


def _present(one: ColumnFigures) -> int:
    return one.rows - one.nulls


def _constant(one: ColumnFigures) -> bool:
    return one.distinct == 1 if one.distinct is not None else False


def identifying(one: ColumnFigures) -> bool:
    """Whether nearly each value names one row."""
    return _present(one) >= 20 and (one.distinct or 0) >= _IDENTIFYING * _present(one)


def _nulls(came: ColumnFigures, past: ColumnFigures) -> float | None:
    return abs(came.nulls / came.rows - past.nulls / past.rows) if came.rows and past.rows else None


def _length(came: ColumnFigures, past: ColumnFigures) -> float | None:
    """How far the middle half lies off, in its own widths."""
    if not came.quantiles or not past.quantiles:
        return None
    width = max(past.quantiles[_THIRD] - past.quantiles[_FIRST], (past.quantiles[_HIGH] - past.quantiles[_LOW]) / 4)
    width = width or abs(past.quantiles[_MIDDLE]) or 1.0
    return max(abs(came.quantiles[at] - past.quantiles[at]) for at in (_FIRST, _MIDDLE, _THIRD)) / width


def _place(came: ColumnFigures, past: ColumnFigures) -> float | None:
    """The same of numbers. Those that number rows go on and on, and have no place."""
    return None if _numbering(past) else _length(came, past)


def _size(came: ColumnFigures, past: ColumnFigures) -> float | None:
    """By which factor all is larger or smaller, as its logarithm: another unit."""
    if not came.quantiles or not past.quantiles or _numbering(past):
        return None
    if min(came.quantiles[_LOW], past.quantiles[_LOW]) <= 0:
        return None
    logs = [math.log(came.quantiles[at] / past.quantiles[at]) for at in (_FIRST, _MIDDLE, _THIRD)]
    return abs(sum(logs)) / len(logs)


def _numbering(one: ColumnFigures) -> bool:
    return identifying(one) and all(value == int(value) for value in one.quantiles)


def _days(came: ColumnFigures, past: ColumnFigures) -> float | None:
    return abs(came.quantiles[_MIDDLE] - past.quantiles[_MIDDLE]) if came.quantiles and past.quantiles else None


def _span(came: ColumnFigures, past: ColumnFigures) -> float | None:
    """By which factor the days are spread wider or narrower, as its logarithm."""
    if not came.quantiles or not past.quantiles:
        return None
    here, there = (one.quantiles[_HIGH] - one.quantiles[_LOW] for one in (came, past))
    return abs(math.log(here / there)) if min(here, there) > 0 else None


def _values(came: ColumnFigures, past: ColumnFigures) -> float | None:
    """Which share of the rows has other values."""
    if not _present(came) or sum(past.shares.values()) < _NAMED or identifying(past):
        return None
    names = came.shares.keys() | past.shares.keys()
    apart = sum(abs(came.shares.get(name, 0.0) - past.shares.get(name, 0.0)) for name in names)
    rest = abs(sum(came.shares.values()) - sum(past.shares.values()))
    return min(1.0, (apart + rest) / 2)


def _naming(came: ColumnFigures, past: ColumnFigures) -> float | None:
    """Which share of the values does not name a row, where all did."""
    if not identifying(past) or not _present(came):
        return None
    return 1 - min(1.0, (came.distinct or 0) / _present(came))


NULLS = Measure("nulls", _ALL, _nulls, floor=0.05, wide=0.25, noise=1.5)
MEASURES = (
    NULLS,
    Measure("place", NUMBERS, _place, floor=0.5, wide=3.0, noise=4.0),
    Measure("length", _LENGTHS, _length, floor=0.5, wide=3.0, noise=4.0),
    Measure("size", NUMBERS, _size, floor=0.25, wide=1.6, noise=4.0),
    Measure("days", MOMENTS, _days, floor=400.0, wide=400.0, noise=0.0),
    Measure("span", MOMENTS, _span, floor=0.7, wide=1.6, noise=4.0),
    Measure("values", _ALL, _values, floor=0.1, wide=0.6, noise=1.0),
    Measure("naming", _ALL, _naming, floor=0.2, wide=0.3, noise=1.0),
)
