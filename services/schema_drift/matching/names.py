"""What two column names have to do with each other: the same words, shortened, translated, extended, or another."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import OSA, Indel

from services.schema_drift.matching.initials import spelled
from services.schema_drift.matching.vocabulary import meanings, same_meaning
from services.schema_drift.matching.words import BESIDE, GLUE, QUALIFIERS, SIDES, TIMES, UNITS

Relation = Literal["same", "whole", "extended", "partial", "none"]

MAX_NAME = 200
_MAX_WORDS = 8
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

# A word of no meaning and its number: what a machine or a hurry calls a column.
_OPAQUE = re.compile(
    r"(?:col|column|field|fld|attr|attribute|var|variable|feature|feat|measure|metric|metrics|value|val|item|label|lbl|data|unnamed"
    r"|param|prop|property|channel|ch|grp|group|unit|dim|dimension|key|x|f|c|m|v|a|b|d|k|p|q|s|t|u|y|z|no|nr|num|op|ext|misc|info)"
)


@dataclass(frozen=True)
class Names:
    """How two names relate, how strongly (0 to 1), and whether they name different quantities."""

    relation: Relation
    strength: float
    differs: bool = False  # a word says that the new one is another quantity
    claims: bool = False  # the new name claims another unit, or a currency
    unit: bool = False  # the new name says a unit that the old one did not


def fold(name: str) -> str:
    """A name in plain small letters, without accents."""
    plain = unicodedata.normalize("NFKD", name[:MAX_NAME].translate(_GERMAN))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(maxsize=10_000)
def words(name: str) -> tuple[str, ...]:
    """A column name as words, whatever its case and style: `depDelay`, `DEP_DELAY` and `dep-delay` are the same."""
    parts = _SEPARATORS.split(_CAMEL.sub(" ", fold(name)))
    found = [part.casefold() for part in parts if part] or [name[:MAX_NAME].casefold()]
    return tuple(found[:_MAX_WORDS])


def joined(name: str) -> str:
    """The words of a name without anything between them."""
    return "".join(words(name))


def opaque(name: str) -> bool:
    """Whether a name says nothing about what the column holds: `attr_9`, `c1`, `measure_b`, `field_17`."""
    text = joined(name)
    bare = text.rstrip("0123456789")
    parts = [part for part in words(name) if not part.isdigit()]
    if not parts or len(bare) <= 1:
        return True
    head = parts[0].rstrip("0123456789")
    rest = parts[1:]
    return _OPAQUE.fullmatch(head) is not None and (bool(rest) or bare != text) and all(len(part) <= 2 for part in rest)


def relate(old: str, new: str) -> Names:
    """Compare two names."""
    return _relate(words(old), words(new))


@lru_cache(maxsize=10_000)
def _relate(old: tuple[str, ...], new: tuple[str, ...]) -> Names:
    one, other = "".join(old), "".join(new)
    if one == other:
        return Names("same", 1.0)
    # A word more is no slip: `weight_b` is not `weight`.
    if _slip(one, other) and (len(old) == len(new) or min(map(len, (*old, *new))) > 2):
        return Names("whole", 0.95)
    if same_meaning("_".join(old), "_".join(new)):
        return Names("whole", 0.92, claims=_claims(old, new))
    stands = spelled(old, new)
    if stands:
        differs = any(word in QUALIFIERS and QUALIFIERS[word] not in SIDES for word in stands)
        return Names("extended", 0.85, differs, _claims(old, new))
    pairs, left_old, left_new = _aligned(_split(old), _split(new))
    differs = _differs(left_old, _without_minutes(old, left_new))
    rest_old, rest_new = _weighty(left_old), _weighty(left_new)
    told = [likeness for likeness, word in pairs if word not in GLUE]
    # What they share says something only where the earlier name had nothing more to say.
    if not told or (rest_old and all(word in BESIDE for _, word in pairs)):
        return Names("none", 0.0, differs)
    mean = sum(told) / len(told)
    claims = _claims(tuple(left_old), tuple(left_new))
    unit = any(word in UNITS for word in left_new)
    if not rest_old and not rest_new:
        beside = any(word in BESIDE for word in (*left_old, *left_new))
        return Names("extended" if beside else "whole", mean, differs, claims, unit)
    if not rest_old or not rest_new:
        return Names("extended", 0.9 * mean, differs, claims, unit)
    known = len(told) / (len(told) + max(len(rest_old), len(rest_new)))
    return Names("partial", 0.8 * mean * known, differs, claims)


def _without_minutes(old: tuple[str, ...], left: list[str]) -> list[str]:
    """The words but for a `min` behind what is measured in minutes: there it is no minimum."""
    return left[:-1] if left[-1:] == ["min"] and any(word in TIMES for word in old) else left


def _split(parts: tuple[str, ...]) -> list[str]:
    """The words, with terms of several words as one, and compounds of known words taken apart."""
    found: list[str] = []
    at = 0
    while at < len(parts):
        for size in (3, 2):
            term = "_".join(parts[at : at + size])
            if at + size <= len(parts) and meanings(term):
                found.append(term)
                at += size
                break
        else:
            word = parts[at]
            bare = word.rstrip("0123456789")
            found += _compound(word) if not meanings(word) else [word]
            if bare and bare != word and found and found[-1] == word and len(bare) > 2:
                found[-1:] = [bare, word[len(bare) :]]
            at += 1
    return found


@lru_cache(maxsize=10_000)
def _compound_of(word: str) -> tuple[str, ...]:
    for cut in range(len(word) - 3, 2, -1):
        head, tail = word[:cut], word[cut:]
        if len(head) >= 3 and meanings(head) and (meanings(tail) or (len(tail) >= 4 and meanings(tail.lstrip("s")))):
            return (head, tail if meanings(tail) else tail.lstrip("s"))
    return (word,)


def _compound(word: str) -> Iterable[str]:
    return _compound_of(word) if len(word) >= 7 else (word,)


def _aligned(old: list[str], new: list[str]) -> tuple[list[tuple[float, str]], list[str], list[str]]:
    found = sorted(
        (
            (likeness, -abs(i - j), i, j)
            for i, a in enumerate(old)
            for j, b in enumerate(new)
            if (likeness := word_likeness(a, b)) > 0
        ),
        reverse=True,
    )
    took_old: set[int] = set()
    took_new: set[int] = set()
    pairs = []
    for likeness, _, i, j in found:
        if i not in took_old and j not in took_new:
            took_old.add(i)
            took_new.add(j)
            pairs.append((likeness, old[i]))
    return (
        pairs,
        [w for i, w in enumerate(old) if i not in took_old],
        [w for j, w in enumerate(new) if j not in took_new],
    )


@lru_cache(maxsize=10_000)
def word_likeness(a: str, b: str) -> float:
    """How likely two words stand for the same: 1 the same, 0 nothing in common."""
    if a == b:
        return 1.0
    if a.isdigit() or b.isdigit():
        return 0.0
    if a.rstrip("s") == b.rstrip("s") and min(len(a), len(b)) > 2:
        return 0.97
    if same_meaning(a, b):
        return 0.92
    if a in QUALIFIERS and QUALIFIERS[a] == QUALIFIERS.get(b):
        return 0.85
    if _names_rows(a) and _names_rows(b):
        return 0.8
    if QUALIFIERS.get(a) != QUALIFIERS.get(b) and (a in QUALIFIERS or b in QUALIFIERS) and not _shortens(a, b):
        return 0.0
    if _slip(a, b):
        return 0.9
    if _shortens(a, b):
        return 0.85
    start = len(_common_start(a, b))
    if start >= 4 and min(len(a), len(b)) >= 5 and Indel.normalized_similarity(a, b) >= 0.66:
        return 0.72  # words of one root in two languages: pressure and pression
    return 0.0


def _names_rows(word: str) -> bool:
    """Whether a word or a term says that a column tells rows apart."""
    return word.rpartition("_")[2] in ("id", "key", "code", "number", "no", "nr", "ref", "identifier")


def _slip(a: str, b: str) -> bool:
    """Whether one is the other with a slip of the keyboard; short words differ by a letter on purpose."""
    short = min(len(a), len(b))
    if short < 5 or any(letter.isdigit() for letter in a + b):
        return False
    distance = OSA.distance(a, b, score_cutoff=2)
    return distance == 1 or (distance == 2 and short >= 9)


def _shortens(a: str, b: str) -> bool:
    """Whether the shorter word abbreviates the longer: its start, or its first letter and some after in order."""
    short, long = sorted((a, b), key=len)
    if len(short) == len(long) or len(short) < 2 or short[0] != long[0]:
        return False
    if short == long[0] + "".join(letter for letter in long[1:] if letter not in "aeiou"):
        return True
    if long.startswith(short):
        return len(short) >= 3 or len(long) <= 4
    letters = iter(long)
    if not all(letter in letters for letter in short) or len(short) < 3:
        return False
    # `arr` is no abbreviation of `carrier`: what is left out are vowels, or a tail.
    kept = [letter for letter in short[1:] if letter not in "aeiou"]
    return len(kept) >= 2 or len(short) >= 0.6 * len(long)


def _common_start(a: str, b: str) -> str:
    size = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        size += 1
    return a[:size]


def _qualifier(word: str) -> str | None:
    if word in QUALIFIERS:
        return QUALIFIERS[word]
    # planned, quoted, invoiced, approved: a state of the thing, not the thing
    return word if len(word) > 5 and word.endswith("ed") and not meanings(word) else None


def _differs(old: list[str], new: list[str]) -> bool:
    mine, theirs = ({kind for word in side if (kind := _qualifier(word))} for side in (old, new))
    if (mine - theirs) and (theirs - mine):
        return True
    return bool((mine ^ theirs) - {"first", "final", "rate"})


def _weighty(left: list[str]) -> list[str]:
    return [word for word in left if word not in GLUE and word not in BESIDE and word not in UNITS]


def _claims(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    before, after = ({word: UNITS[word] for word in side if word in UNITS} for side in (old, new))
    if any(family == "currency" for family in after.values()):
        return True
    # One unit in the place of another of its kind: the number cannot have stayed the same.
    return any(family in after.values() and not set(before) & set(after) for family in before.values())
