"""Whether a column of the same name (or of a certain successor's) still means what it meant, by its own values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.schema_drift.comparing.agreement import Agreement
from services.schema_drift.comparing.notation import Notation
from services.schema_drift.comparing.spread import conversions, distance, noise
from services.schema_drift.comparing.units import Conversion
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.plain import NUMERIC

# Two samples of one column seldom lie further apart than this; of a season or a slice of it they do.
_MOVED = 0.25
# Chance seldom moves a share by more of its errors; with fewer rows than so many, it may hide what was turned round.
_SURELY, _TELLING = 2.4, 100
INVERTED = "inverted: what was true is false"
ANOTHER_SIZE = Conversion("numbers of another size", lambda number: number)


@dataclass(frozen=True)
class Meaning:
    """What a column holds now; `scales` when nothing but the size of its numbers speaks for it."""

    text: str
    scales: tuple[Conversion, ...] = ()
    distance: float = 0.0


def meaning(
    before: Figures, after: Figures, written: Notation, values: Agreement, *, sliced: bool = False
) -> Meaning | None:
    """Judge a column by itself; what only shows across columns is another module's.

    `sliced`: the rows stood in the order of this column, so that some of them may well have one value.
    """
    if not before.present:
        return None
    if not after.present:
        return Meaning("always empty") if before.empty_share < 0.8 and after.rows >= 20 else None
    if not written.readable:
        return Meaning(_unreadable(before, after))
    placeholder = _placeholder(before, after)
    if placeholder and not sliced:
        return Meaning(placeholder)
    if before.truths and before.type in NUMERIC and not after.truths and after.type in NUMERIC:
        return _codes(before, after)
    if values.kind == "truths":
        return _inverted(before, after)
    # Numbers that are written in another way too are asked about for that; what they amount to is part of the question.
    if values.kind == "numbers" and (not written.text or after.type in NUMERIC):
        return _scale(before, after, written, values)
    if values.kind in ("closed", "open") and not written.text:
        return _texts(before, after, values)
    return None


def _unreadable(before: Figures, after: Figures) -> str:
    if before.closed and after.type == "int64":
        return "opaque numeric codes"
    few = max(after.counts, key=lambda text: after.counts[text])
    return f"values of another kind, such as {few[:40]}"


def _placeholder(before: Figures, after: Figures) -> str:
    usual = max(before.counts.values()) / before.present
    if after.distinct == 1 and after.present >= 20 and before.distinct >= 2 and usual < 0.9:
        only = next(iter(after.counts))
        # One of few known values in every row is a slice of the table.
        if only not in before.counts or before.distinct > 40:
            return f"{only[:40]} in every row"
    return ""


def _codes(before: Figures, after: Figures) -> Meaning | None:
    if before.distinct != 2 or after.distinct != 2:
        return None
    # Two other codes in like shares stand for the same two things, and nobody says which.
    old, new = (
        sorted((float(text), many / side.present) for text, many in side.counts.items()) for side in (before, after)
    )
    usual = max(before.counts, key=lambda text: before.counts[text])
    gone = usual not in after.counts and before.counts[usual] > 0.5 * before.present
    alike = min(abs(old[0][1] - share) for _, share in new) <= 0.15 and min(share for _, share in (*old, *new)) >= 0.03
    if not gone and not alike:
        return None
    return Meaning("/".join(sorted(after.counts)[:4]) + " instead of " + "/".join(sorted(before.counts)))


def _inverted(before: Figures, after: Figures) -> Meaning | None:
    was, now = before.true_share, after.true_share
    if was is None or now is None or min(before.present, after.present) < 40:
        return None
    if abs(was - 0.5) >= 0.12 and abs(now - (1 - was)) < 0.1 and abs(now - was) > 0.24:
        return Meaning(INVERTED)
    return None


def turned(before: Figures, after: Figures, told: bool) -> Notation | None:
    """Flags that may have been turned round, as far as so few rows tell it.

    `told` says that other things changed as well: a version is made then, and whoever makes it has to be sure.
    """
    was, now = before.true_share, after.true_share
    few = min(before.present, after.present)
    if was is None or now is None or few < 20:
        return None
    off, moved = abs(now - (1 - was)), abs(now - was)
    # By how much two such shares differ by chance; a share that was never seen to vary varies a little.
    share = (was * before.present + 1) / (before.present + 2)
    error = math.sqrt(share * (1 - share) * (1 / before.present + 1 / after.present))
    small = few < _TELLING
    likely = moved > off and moved >= _SURELY * error and (small or (off <= 1.4 * _SURELY * error and moved >= 0.2))
    if not likely and not (told and small and off <= _SURELY * error):
        return None
    return Notation(
        f"true in {now:.0%} and not in {was:.0%}: too few rows to tell whether it was turned round", safe=False
    )


def _scale(before: Figures, after: Figures, written: Notation, values: Agreement) -> Meaning | None:
    numbers = after.numbers if written.numbers is None else written.numbers
    if _outside(before, numbers):
        return Meaning("numbers that it could not hold before", distance=values.distance)
    if before.distinct < 8 or len(numbers) < 20:
        return None
    old, new, apart = _but_zeros(before.numbers, numbers, values.distance)
    if apart < max(_MOVED, 1.5 * noise(old, new)) or _goes_on(old, new):
        return None
    found = tuple(one for one, left in conversions(old, new, before.places) if left < 0.5 * apart)
    if not found:
        return _elsewhere(before, after, values)
    return Meaning(found[0].text, found, distance=apart)


def _but_zeros(
    old: Sequence[float], new: Sequence[float], apart: float
) -> tuple[Sequence[float], Sequence[float], float]:
    """Numbers without their zeros where those are many: nothing is nothing in any unit, and hides the others."""
    rests = [[number for number in side if number] for side in (old, new)]
    if any(len(rest) > 0.85 * len(side) or len(rest) < 40 for rest, side in zip(rests, (old, new), strict=True)):
        return old, new, apart
    return rests[0], rests[1], distance(*rests)


def _goes_on(before: Sequence[float], numbers: Sequence[float]) -> bool:
    """Whether the numbers begin where the earlier ones ended: rows that were sorted by them, and cut."""
    ends = sorted([(before[0], before[-1]), (min(numbers), max(numbers))])
    short, long = sorted(high - low for low, high in ends)
    gap = ends[1][0] - ends[0][1]
    if short < 0.3 * long or not -0.02 * short <= gap <= 0.05 * short:
        return False
    # Where sorted rows are cut there are many; at the end of numbers there are few.
    cut = (ends[0][1] + ends[1][0]) / 2
    return all(
        sum(abs(number - cut) <= 0.1 * short for number in side) >= 0.06 * len(side) for side in (before, numbers)
    )


def _outside(before: Figures, numbers: Sequence[float]) -> bool:
    """Whether many numbers fall below nothing, or beyond the whole of a share, where none did."""
    if before.present < 60 or len(numbers) < 60:
        return False
    low, high = before.numbers[0], before.numbers[-1]
    below = [number for number in numbers if number < 0]
    if low >= 0 and len(below) >= 0.1 * len(numbers) and len(set(below)) >= 8:
        return True
    beyond = sum(number > 1.5 for number in numbers)
    return low >= 0 and high <= 1 and not before.whole and before.distinct >= 12 and beyond >= 0.2 * len(numbers)


def _elsewhere(before: Figures, after: Figures, values: Agreement) -> Meaning | None:
    """Numbers that are all larger or smaller than ever before, in a column that does not count rows or years."""
    counting = (
        before.whole
        and after.whole
        and (before.uniqueness > 0.9 or 1500 < before.numbers[0] <= before.numbers[-1] < 2200)
    )
    old, new = before.numbers[before.present // 2], after.numbers[len(after.numbers) // 2]
    alike = old * new > 0 and 0.4 < old / new < 2.5
    if values.distance < 0.95 or counting or alike:
        return None
    return Meaning("numbers of another size", (ANOTHER_SIZE,), distance=values.distance)


def _texts(before: Figures, after: Figures, values: Agreement) -> Meaning | None:
    if values.kind == "closed":
        if not before.closed:
            return None
        known = sum(many for text, many in after.counts.items() if text in before.counts)
        if known or after.distinct <= 2 * before.distinct + 2:
            return None  # new codes, or a slice: another judge's
        return Meaning("values that were never in it")
    if values.overlap == 0 and values.pattern < 0.25 and min(before.present, after.present) >= 40:
        return Meaning("texts of another kind")
    return None
