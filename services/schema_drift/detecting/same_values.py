"""Values that are those of before and say something else: added up, partly in another unit, given to other classes."""

import math
from collections.abc import Sequence
from itertools import pairwise

from services.schema_drift.comparing.spread import distance, noise
from services.schema_drift.describing.column import Figures

_LEAST_ROWS = 40
_CLASSES = 8
# With fewer rows, chance may hide that the shares of classes were exchanged.
_TELLING = 100
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


def reassigned(before: Figures, after: Figures) -> tuple[str, bool]:
    """A few classes that come as often as before, but as other ones: each had a share of its own, and has another's.

    Nothing where they do not; and whether the rows are enough to be sure of it.
    """
    if before.type != "string" or set(before.counts) != set(after.counts) or not 2 <= before.distinct <= _CLASSES:
        return "", False
    few = min(before.present, after.present)
    was, now = ({text: many / side.present for text, many in side.counts.items()} for side in (before, after))
    moved = sum(abs(was[text] - now[text]) for text in was) / 2
    ranked = zip(sorted(was.values()), sorted(now.values()), strict=True)
    off = max(abs(one - other) for one, other in ranked)
    if few >= 60 and moved >= 0.3 and off <= 0.08:
        return "the classes are those of before, their shares are exchanged", True
    errors = {
        text: math.sqrt(share * (1 - share) * (1 / before.present + 1 / after.present)) for text, share in was.items()
    }
    # Half of the errors' mean sizes is what chance moves: 0.4 of each.
    surely = moved >= max(0.25, 2.2 * 0.4 * sum(errors.values())) and off <= max(0.08, 2 * max(errors.values()))
    if 20 <= few < _TELLING and surely:
        return "the shares of the classes seem exchanged: too few rows to tell", False
    return "", False
