"""How plausible it is that a column that came continues one that is gone, with the number behind each reason."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from services.schema_drift.comparing.agreement import Agreement, agreement
from services.schema_drift.comparing.notation import Notation, notation
from services.schema_drift.comparing.spread import conversions, noise
from services.schema_drift.comparing.units import Conversion
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.plain import MOMENTS, NUMERIC
from services.schema_drift.matching.names import Names, opaque, relate, words

# sure: nothing else can be meant · likely: the best guess, for a person · near: alike, but another quantity · no
Level = Literal["sure", "likely", "near", "no"]

_WEIGHT = {"same": 4.0, "whole": 3.0, "extended": 2.0, "partial": 1.0, "none": 0.0}
_CALENDAR = frozenset(["date", "day", "month", "year", "time", "when", "timestamp", "datum"])
# The distance between two samples of one column hardly exceeds this.
_CLOSE = 0.12


@dataclass(frozen=True)
class Candidate:
    """An earlier column, one that came, and what speaks for their being the same."""

    old: Figures
    new: Figures
    names: Names
    written: Notation
    values: Agreement
    converted: Conversion | None
    level: Level

    @cached_property
    def weight(self) -> float:
        """What the pair weighs in the assignment: first the names, then the values, a little the place."""
        named = _WEIGHT[self.names.relation] if not self.names.differs else 0.5
        values = 0.3 if named else 1.2
        return named + 0.3 * self.names.strength + values * self.values.score + 0.01

    @property
    def evidence(self) -> dict[str, float]:
        """The numbers by name."""
        return {
            "name": round(self.names.strength, 3),
            "type": 1.0
            if self.old.type == self.new.type
            else 0.7
            if self.written.widened
            else 0.4 * self.written.readable,
            "overlap": round(self.values.overlap, 3),
            "distance": round(self.values.distance, 3),
            "pattern": round(self.values.pattern, 3),
            "null_rate": round(1 - abs(self.old.empty_share - self.new.empty_share), 3),
            "keyness": round(1 - abs(self.old.uniqueness - self.new.uniqueness), 3),
            "position": round(1 / (1 + abs(self.old.at - self.new.at)), 3),
        }


def candidate(old: Figures, new: Figures) -> Candidate | None:
    """Judge a pair by itself; None where nothing speaks for it."""
    names = relate(old.name, new.name)
    written = notation(old, new)
    values = agreement(old, new, written)
    converted = None
    if names.relation in ("same", "whole", "extended") and values.kind == "numbers" and values.distance > 0.3:
        numbers = new.numbers if written.numbers is None else written.numbers
        found = conversions(old.numbers, numbers, old.places)
        converted = found[0][0] if found else None
    level = _level(old, new, names, written, values, converted)
    return None if level == "no" else Candidate(old, new, names, written, values, converted, level)


def _level(
    old: Figures, new: Figures, names: Names, written: Notation, values: Agreement, converted: Conversion | None
) -> Level:
    if names.relation == "same":
        return "sure"
    if names.relation == "none":
        return _by_values(old, new, written, values)
    if converted is not None and not names.differs:
        return "sure"
    if not written.readable:
        return "no"
    enough = 0.6 if values.kind == "open" else 0.65
    if names.differs:
        # In the same range it may be meant as well as one whose name says less.
        return "near" if values.score >= (0.4 if values.kind == "numbers" else enough) else "no"
    if values.kind == "nothing":
        return "likely" if names.relation in ("whole", "extended") and _compatible(old, new) else "near"
    if names.unit and values.kind == "numbers" and values.distance > noise(old.numbers, new.numbers):
        # The unit may be the one that it always had, or the one that it was converted to.
        return "likely" if values.score >= 0.5 else "near" if values.distance < 0.7 else "no"
    if names.relation == "whole":
        return _graded(values.score, 0.55, 0.5, names.claims)
    if names.relation == "extended":
        if written.lossy and values.score >= 0.4:
            return "likely"  # what was rounded lies apart for that, and a person is asked anyway
        graded = _graded(values.score, enough + 0.1, enough - 0.05, names.claims)
        # In the same range another quantity may lie, and the one that is looked for cannot be told from it.
        return "near" if graded == "no" and values.kind == "numbers" and values.distance < 0.7 else graded
    return (
        "likely"
        if values.score >= enough + 0.1 and names.strength >= 0.35
        else "near"
        if values.score >= enough
        else "no"
    )


def _compatible(old: Figures, new: Figures) -> bool:
    """Whether values of one type may be read as the other; text may hold anything."""
    both = {old.type, new.type}
    return len(both) == 1 or both <= NUMERIC or both <= MOMENTS or bool(both & {"string", "empty"})


def _graded(score: float, sure: float, likely: float, claims: bool) -> Level:
    if score >= sure:
        return "likely" if claims else "sure"
    return "near" if score >= likely else "no"


def _by_values(old: Figures, new: Figures, written: Notation, values: Agreement) -> Level:
    """The names share nothing: only a set of values of its own is a proof."""
    bare = opaque(new.name)
    if values.kind == "moments" and written.readable and not written.lossy:
        dated = any(word in _CALENDAR for word in words(new.name))
        return "likely" if bare or dated or (written.text and not written.safe) else "near"
    if not written.readable or written.text:
        return "no"
    if values.kind == "closed" and old.type == "string" and new.type == "string":
        same = values.overlap >= 0.85 or len(set(old.counts) ^ set(new.counts)) <= 1
        if old.distinct >= 3 and values.overlap >= 0.75 and same:
            return "sure"
        return "likely" if values.overlap >= 0.6 else "no"
    if bare and old.at == new.at and old.type == new.type and values.kind == "open" and values.pattern >= 0.3:
        return "likely"
    if values.kind == "open":
        if values.overlap >= 0.9:
            return "sure"
        if values.overlap >= 0.5:
            return "likely"
        if values.pattern < 0.85 or values.score < 0.7:
            return "no"
        return "likely" if bare else "near" if min(old.uniqueness, new.uniqueness) > 0.8 else "no"
    if values.kind == "numbers" and old.type == new.type:
        if values.distance <= 1.4 * _CLOSE:
            return "likely" if bare else "near"
        return "no"
    return "likely" if values.kind == "truths" and bare and old.truths == new.truths and values.score >= 0.85 else "no"
