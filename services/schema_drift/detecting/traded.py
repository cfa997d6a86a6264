"""Two columns of like numbers that changed places: too alike for their distributions to tell, not for their means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.schema_drift.comparing.spread import distance, noise
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.delivery import LEAST_ROWS
from services.schema_drift.describing.plain import NUMERIC

# In errors of a mean: chance hardly moves one so far, and hardly leaves it as near.
_FAR, _NEAR = 3.0, 2.0


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


def _mean(numbers: Sequence[float]) -> _Mean:
    size = len(numbers)
    value = math.fsum(numbers) / size
    spread = math.fsum((number - value) ** 2 for number in numbers) / max(1, size - 1)
    return _Mean(value, math.sqrt(spread / size))
