"""Values that are those of before and say something else: added up, partly in another unit, given to other classes."""

from collections.abc import Sequence
from itertools import pairwise

from services.schema_drift.comparing.spread import distance, noise
from services.schema_drift.describing.column import Figures

_LEAST_ROWS = 40
_CLASSES = 8
# What one system writes and another does not: cents, thousands, seconds, milliseconds.
_SCALES = {10: "tens", 100: "hundreds", 1_000: "thousands", 1_000_000: "millions", 60: "sixties"}


def added_up(before: Figures, rows: Sequence[float | None], apart: float) -> str:
    """Numbers that only grow, by steps that look like the earlier numbers."""
    numbers = [number for number in rows if number is not None]
    if apart < 0.4 or len(numbers) < _LEAST_ROWS or before.distinct < 8 or before.numbers[0] < 0:
        return ""
    steps = sorted(new - old for old, new in pairwise(numbers))
    if steps[0] < 0 or distance(before.numbers, steps) > max(0.15, noise(before.numbers, steps)):
        return ""
    return "running totals of what it held"


def partly(before: Figures, numbers: Sequence[float], apart: float) -> str:
    """Numbers a good part of which is in another unit, and the rest is not."""
    if apart < 0.12 or min(len(numbers), before.present) < _LEAST_ROWS or before.distinct < 12:
        return ""
    low, middle, high = (before.numbers[round(at * (before.present - 1))] for at in (0.02, 0.5, 0.98))
    if low <= 0:
        return ""
    for factor, text in ((scale**way, text) for scale, text in _SCALES.items() for way in (1.0, -1.0)):
        # The two parts have to lie apart, or nobody could say which number is of which.
        if max(factor, 1 / factor) < high / low:
            continue
        border = middle * factor**0.5
        same = sorted(number for number in numbers if (number < border) == (factor > 1))
        other = sorted(number / factor for number in numbers if (number < border) != (factor > 1))
        if min(len(same), len(other)) < max(12, 0.1 * len(numbers)):
            continue
        if all(distance(before.numbers, part) <= max(0.15, noise(before.numbers, part)) for part in (same, other)):
            return f"a part of the rows counts in {text}, or no longer does"
    return ""


def reassigned(before: Figures, after: Figures) -> str:
    """A few classes that come as often as before, but as other ones: each had a share of its own, and has another's."""
    if before.type != "string" or set(before.counts) != set(after.counts) or not 2 <= before.distinct <= _CLASSES:
        return ""
    if min(before.present, after.present) < 60:
        return ""
    was, now = ({text: many / side.present for text, many in side.counts.items()} for side in (before, after))
    moved = sum(abs(was[text] - now[text]) for text in was) / 2
    ranked = zip(sorted(was.values()), sorted(now.values()), strict=True)
    if moved < 0.3 or max(abs(one - other) for one, other in ranked) > 0.08:
        return ""
    return "the classes are those of before, their shares are exchanged"
