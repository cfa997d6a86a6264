"""How well the values of a column that came agree with those of an earlier one, each evidence with its number."""

from dataclasses import dataclass

from services.schema_drift.comparing.notation import Notation
from services.schema_drift.comparing.spread import distance
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.plain import MOMENTS, NUMERIC


@dataclass(frozen=True)
class Agreement:
    """`score` is 1 for values that might be of one column, 0 for values that have nothing in common."""

    score: float
    overlap: float  # share of values that both have
    distance: float  # between the distributions: 0 the same
    pattern: float  # share of texts of the same shape
    kind: str  # what was compared: numbers, truths, moments, closed or open texts, nothing

    @property
    def telling(self) -> bool:
        """Whether such values alone tell a column from most others."""
        return self.kind == "closed"


def agreement(before: Figures, after: Figures, written: Notation) -> Agreement:
    """Compare the values, as far as the way they are written lets them be."""
    if not before.present or not after.present:
        return Agreement(0.5, 0.0, 1.0, 0.0, "nothing")
    if not written.readable:
        return Agreement(0.0, 0.0, 1.0, _common(before.shapes, after.shapes), "nothing")
    if before.true_share is not None and after.true_share is not None:
        apart = abs(before.true_share - after.true_share)
        return Agreement(1 - apart, 1.0, apart, 1.0, "truths")
    shapes = _common(before.shapes, after.shapes)
    numbers = after.numbers if written.numbers is None else written.numbers
    if before.numbers and numbers:
        apart = distance(before.numbers, numbers)
        return Agreement(1 - apart, _overlap(before, after), apart, shapes, "numbers")
    if _moments(before) and (_moments(after) or written.text):
        return Agreement(0.9, _overlap(before, after), 0.0, shapes, "moments")
    overlap = _overlap(before, after)
    if before.type in NUMERIC or after.type in NUMERIC:
        return Agreement(0.5, overlap, 1.0, shapes, "nothing")
    if before.closed or after.closed:
        return Agreement(max(overlap, 0.6 if written.text else 0.0), overlap, 1 - overlap, shapes, "closed")
    known = _known(before, after)
    fresh = before.uniqueness > 0.8 and after.uniqueness > 0.8
    styled = max(shapes, _styled(before, after) if min(len(before.shapes), len(after.shapes)) > 20 else 0.0)
    alike = 0.9 * styled * min(before.length, after.length) / max(before.length, after.length, 1)
    score = max(known, alike if fresh or before.distinct > 40 else 0.8 * alike, 0.6 if written.text else 0.0)
    return Agreement(min(1.0, score), known, 1 - overlap, shapes, "open")


def _moments(column: Figures) -> bool:
    return column.type in MOMENTS or column.dates is not None


def _overlap(before: Figures, after: Figures) -> float:
    small, large = sorted((before, after), key=lambda one: one.distinct)
    return sum(
        min(many / small.present, large.counts.get(text, 0) / large.present) for text, many in small.counts.items()
    )


def _known(before: Figures, after: Figures) -> float:
    """The share of values that the other side has too, the smaller of both directions."""
    there = sum(many for text, many in after.counts.items() if text in before.counts) / after.present
    back = sum(many for text, many in before.counts.items() if text in after.counts) / before.present
    return min(there, back)


def _styled(before: Figures, after: Figures) -> float:
    """How alike free texts are in their letters, digits, blanks and marks: what every text has in other shares."""
    one, other = before.letters, after.letters
    return max(0.0, 1 - 2 * sum(abs(x - y) for x, y in zip(one, other, strict=True)))


def _common(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(min(share, other.get(shape, 0.0)) for shape, share in one.items())
