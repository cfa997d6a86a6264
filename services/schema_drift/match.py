"""Which added column a missing one may have become: ranked candidates, with the numbers behind each."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from contracts.data import Column
from services.schema_drift.types import type_fit

# Comparing every missing with every added column is quadratic; beyond this many pairs only names that differ
# in case and style alone are matched.
MAX_PAIRS = 20_000
# A name longer than this is compared by its beginning.
MAX_NAME = 200
# Words beyond these count as one.
MAX_WORDS = 8

NAME_WEIGHT = 0.75
TYPE_WEIGHT = 0.25
LEAST_NAME = 0.65
LEAST_SCORE = 0.70
# Two spellings of the same words: nearly certain, but still a person's decision.
SAME_WORDS = 0.99

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Candidate:
    """A missing column, the added one it may have become, and why: every number lies between 0 and 1."""

    missing: Column
    added: Column
    name: float
    type: float
    score: float

    @property
    def evidence(self) -> dict[str, float]:
        """The numbers by name, as a report shows them."""
        return {"name": round(self.name, 2), "type": round(self.type, 2), "score": round(self.score, 2)}


def words(name: str) -> tuple[str, ...]:
    """A column name as words, whatever its case and style: `depDelay`, `DEP_DELAY` and `dep-delay` are the same."""
    plain = unicodedata.normalize("NFKD", name[:MAX_NAME])
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    parts = _SEPARATORS.split(_CAMEL.sub(" ", plain))
    found = [part.casefold() for part in parts if part] or [name[:MAX_NAME].casefold()]
    return (*found[: MAX_WORDS - 1], "".join(found[MAX_WORDS - 1 :])) if len(found) > MAX_WORDS else tuple(found)


def _word_likeness(left: str, right: str) -> float:
    if left == right:
        return 1.0
    short, long = sorted((left, right), key=len)
    # `dep` for `departure`, `num` for `number`: people shorten words from the end, or drop letters inside.
    if len(short) >= 2 and short[0] == long[0] and _is_within(short, long):
        return 0.6 + 0.4 * len(short) / len(long)
    return Indel.normalized_similarity(left, right)


def _is_within(short: str, long: str) -> bool:
    rest = iter(long)
    return all(letter in rest for letter in short)


def name_likeness(left: str, right: str) -> float:
    """How alike two names are: 1.0 for the same words, whatever their case, style or separators."""
    return _likeness(words(left), words(right))


def _likeness(left: tuple[str, ...], right: tuple[str, ...]) -> float:
    joined_left, joined_right = "".join(left), "".join(right)
    if joined_left == joined_right:
        return 1.0
    few, many = sorted((left, right), key=len)
    pairs = sorted(
        ((_word_likeness(a, b), -i, -j) for i, a in enumerate(few) for j, b in enumerate(many)),
        reverse=True,
    )
    used_few: set[int] = set()
    used_many: set[int] = set()
    total = 0.0
    for likeness, i, j in pairs:
        if i not in used_few and j not in used_many:
            used_few.add(i)
            used_many.add(j)
            total += likeness
    # Words without a partner count as unlike.
    by_words = total / len(many)
    return min(0.98, max(by_words, Indel.normalized_similarity(joined_left, joined_right)))


def candidates(missing: Sequence[Column], added: Sequence[Column]) -> list[Candidate]:
    """All pairs that are worth showing, best first; one column may stand in several of them.

    Equal scores keep the order of the columns, so that the same input gives the same list.
    """
    if len(missing) * len(added) > MAX_PAIRS:
        found = _same_words_only(missing, added)
    else:
        others = [(column, words(column.name)) for column in added]
        found = [
            pair
            for left in missing
            for left_words in (words(left.name),)
            for right, right_words in others
            if (pair := _compare(left, left_words, right, right_words)) is not None
        ]
    place_missing = {column.name: place for place, column in enumerate(missing)}
    place_added = {column.name: place for place, column in enumerate(added)}
    return sorted(found, key=lambda pair: (-pair.score, place_missing[pair.missing.name], place_added[pair.added.name]))


def assign(ranked: Sequence[Candidate]) -> list[Candidate]:
    """The best candidates such that no column stands in two of them."""
    taken_missing: set[str] = set()
    taken_added: set[str] = set()
    chosen = []
    for pair in ranked:
        if pair.missing.name not in taken_missing and pair.added.name not in taken_added:
            taken_missing.add(pair.missing.name)
            taken_added.add(pair.added.name)
            chosen.append(pair)
    return chosen


def _compare(
    missing: Column, missing_words: tuple[str, ...], added: Column, added_words: tuple[str, ...]
) -> Candidate | None:
    name = _likeness(missing_words, added_words)
    if name < LEAST_NAME:
        return None
    fit = type_fit(missing.type, added.type)
    score = SAME_WORDS if name == 1.0 and fit == 1.0 else NAME_WEIGHT * name + TYPE_WEIGHT * fit
    return Candidate(missing, added, name, fit, score) if score >= LEAST_SCORE else None


def _same_words_only(missing: Sequence[Column], added: Sequence[Column]) -> list[Candidate]:
    by_words: dict[str, list[tuple[Column, tuple[str, ...]]]] = {}
    for column in added:
        parts = words(column.name)
        by_words.setdefault("".join(parts), []).append((column, parts))
    return [
        pair
        for left in missing
        for left_words in (words(left.name),)
        for right, right_words in by_words.get("".join(left_words), ())
        if (pair := _compare(left, left_words, right, right_words)) is not None
    ]
