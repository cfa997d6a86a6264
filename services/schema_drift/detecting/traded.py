"""Two columns that changed places: too alike for their distributions to tell, not for their means or their order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from services.schema_drift.comparing.spread import distance, noise
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.delivery import LEAST_ROWS, Delivery
from services.schema_drift.describing.plain import MOMENTS, NUMERIC

# In errors of a mean: chance hardly moves one so far, and hardly leaves it as near.
_FAR, _NEAR = 3.0, 2.0
# Of two columns one is nearly always above the other. Looking at each with each is quadratic.
_UPPER, _TURNED, _MOST = 0.85, 0.9, 24


@dataclass(frozen=True)
class _Mean:
    value: float
    error: float

    def apart(self, other: "_Mean") -> float:
        """By how many of their errors two means differ."""
        return (self.value - other.value) / (math.hypot(self.error, other.error) or 1e-12)


def traded(pairs: Sequence[tuple[Figures, Figures]]) -> dict[str, str]:
    """Earlier name → what the column holds now, where two columns have each other's means, and nothing else moved."""
    known = [
        (old, new)
        for old, new in pairs
        if old.type == new.type and old.type in NUMERIC and min(old.present, new.present) >= LEAST_ROWS
    ]
    means = {old.name: (_mean(old.numbers), _mean(new.numbers)) for old, new in known}
    moved = [pair for pair in known if abs(means[pair[0].name][0].apart(means[pair[0].name][1])) >= _FAR]
    # More of them are a season, a slice or a larger time, and so is one alone.
    if len(moved) != 2:
        return {}
    ((a, new_a), (b, new_b)) = moved
    (was_a, now_a), (was_b, now_b) = means[a.name], means[b.name]
    gap, later = was_a.apart(was_b), now_a.apart(now_b)
    if a.type != b.type or gap * later >= 0 or min(abs(gap), abs(later)) < _FAR:
        return {}
    if max(abs(now_a.apart(was_b)), abs(now_b.apart(was_a))) > _NEAR:
        return {}
    if max(distance(b.numbers, new_a.numbers), distance(a.numbers, new_b.numbers)) > noise(a.numbers, new_b.numbers):
        return {}
    return {a.name: f"holds {b.name}", b.name: f"holds {a.name}"}


def overtaken(before: Delivery, after: Delivery, pairs: Sequence[tuple[Figures, Figures]]) -> dict[str, str]:
    """Earlier name → what the column holds now, where one was nearly always above the other and is nearly always below.

    Each has to look like the other's past: two that are alike, such as the price asked and the price paid.
    """
    known = [
        (old, new)
        for old, new in pairs
        if old.type in NUMERIC
        and new.type in NUMERIC
        and old.distinct > 2
        and min(old.present, new.present) >= LEAST_ROWS
    ][:_MOST]
    found: dict[str, str] = {}
    for (a, new_a), (b, new_b) in combinations(known, 2):
        if not (_within(new_a, b) and _within(new_b, a)):
            continue
        was, now = _above(before, a.at, b.at), _above(after, new_a.at, new_b.at)
        if was is None or now is None or max(was, now) < _UPPER or min(was, now) > 1 - _UPPER:
            continue
        limit = noise(a.numbers, new_b.numbers)
        if max(distance(b.numbers, new_a.numbers), distance(a.numbers, new_b.numbers)) <= limit:
            found.setdefault(a.name, f"holds {b.name}")
            found.setdefault(b.name, f"holds {a.name}")
    return found


def earlier(before: Delivery, after: Delivery, pairs: Sequence[tuple[Figures, Figures]]) -> dict[str, str]:
    """Earlier name → what the column holds now, where days that came last come first: ordered, shipped."""
    known = [(old, new) for old, new in pairs if old.type in MOMENTS and new.type == old.type][:_MOST]
    found: dict[str, str] = {}
    for (a, new_a), (b, new_b) in combinations(known, 2):
        was, now = _later(before, a.at, b.at), _later(after, new_a.at, new_b.at)
        if a.type == b.type and was is not None and now is not None and abs(was - now) >= _TURNED:
            found.setdefault(a.name, f"holds {b.name}")
            found.setdefault(b.name, f"holds {a.name}")
    return found


def _later(delivery: Delivery, one: int, other: int) -> float | None:
    """In which share of the rows where they differ one is later than the other."""
    both = [(x, y) for x, y in zip(delivery.values(one), delivery.values(other), strict=True) if x and y and x != y]
    return sum(x > y for x, y in both) / len(both) if len(both) >= LEAST_ROWS else None


def _within(one: Figures, other: Figures) -> bool:
    """Whether the middle of one lies in the middle of the other: spares most pairs a look at their rows."""
    size = len(other.numbers)
    return other.numbers[size // 5] <= one.numbers[len(one.numbers) // 2] <= other.numbers[-1 - size // 5]


def _above(delivery: Delivery, one: int, other: int) -> float | None:
    """In which share of the rows where they differ one is above the other."""
    up, down = delivery.above(one, other), delivery.above(other, one)
    rows = len(delivery.rows)
    if up is None or down is None or (up + down) * rows < LEAST_ROWS:
        return None
    return up / (up + down)


def _mean(numbers: Sequence[float]) -> _Mean:
    size = len(numbers)
    value = math.fsum(numbers) / size
    spread = math.fsum((number - value) ** 2 for number in numbers) / max(1, size - 1)
    return _Mean(value, math.sqrt(spread / size))
