"""How far two sets of numbers lie apart, and whether one is the other in another unit."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from services.schema_drift.comparing.units import CONVERSIONS, Conversion

_POINTS = 40


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest difference between two distributions, at quantiles of both: 0 the same, 1 nothing in common.

    Both sequences are sorted.
    """
    if not one or not other:
        return 1.0
    worst = 0.0
    for numbers in (one, other):
        for at in range(_POINTS + 1):
            x = numbers[round(at * (len(numbers) - 1) / _POINTS)]
            low = bisect_left(one, x) / len(one) - bisect_left(other, x) / len(other)
            high = bisect_right(one, x) / len(one) - bisect_right(other, x) / len(other)
            worst = max(worst, abs(low), abs(high))
    return worst


def noise(one: Sequence[float], other: Sequence[float]) -> float:
    """How far two samples of one distribution lie apart now and then (Kolmogorov-Smirnov, one time in a hundred)."""
    return 1.63 * math.sqrt((len(one) + len(other)) / (len(one) * len(other))) if one and other else 1.0


def conversions(before: Sequence[float], after: Sequence[float], places: int) -> list[tuple[Conversion, float]]:
    """The rules that make the numbers that came look like the earlier ones (of so many decimals), the best first."""
    middle = before[len(before) // 2], after[len(after) // 2]
    found = []
    for at, one in enumerate(CONVERSIONS):
        # The middle is cheap to look at, and rules most out.
        if _near(one.undo(middle[1]), middle[0], before):
            found.append((distance(before, sorted(round(one.undo(number), places) for number in after)), at))
    enough = min(0.2, 1.15 * noise(before, after))
    return [(CONVERSIONS[at], apart) for apart, at in sorted(found) if apart <= enough]


def _near(number: float, middle: float, numbers: Sequence[float]) -> bool:
    low, high = numbers[len(numbers) // 5], numbers[-1 - len(numbers) // 5]
    return min(low, middle) <= number <= max(high, middle) or abs(number - middle) <= 0.02 * abs(middle)
