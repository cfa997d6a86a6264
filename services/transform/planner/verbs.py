"""What the rows did, or was done to them: `hired before 2019`, `rated above 7`, `who earn more than 50k`."""

from collections.abc import Iterator

from services.transform.planner.conditions import Cond, negate, none_of
from services.transform.planner.predicates import predicates
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, slot
from services.transform.planner.slots import which_column
from services.transform.planner.words import parts

# Verbs whose columns bear other words.
_ABOUT: dict[str, frozenset[str]] = {
    verb: frozenset(columns.split())
    for verbs, columns in (
        ("earn earns earning earned paid makes", "salary wage wages pay income earnings compensation"),
        ("weigh weighs weighing weighed", "weight mass wt kg lbs"),
        ("cost costs costing", "price cost fare fee rent"),
        ("last lasts lasting lasted run runs running", "duration runtime length minutes"),
        ("sold selling", "sold sales quantity"),
        ("scored scoring scores", "score scores points goals"),
        ("joined joining", "join joined hire hired start"),
        ("employed", "hire hired employment"),
        ("travelled traveled flown", "distance"),
        ("born", "birth dob birthdate born"),
    )
    for verb in verbs.split()
}
_ENDINGS = ("ings", "ing", "ed", "es", "er", "or", "ion", "s", "d", "e")


def _root(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def did(reader: Reader, at: int) -> Iterator[Result]:
    """A verb that is kin to a column's name, and what is said after it."""
    start = at
    negated = False
    while start - at < 4 and reader.low(start) in (
        "that who which was were is are been being got have has had did do does not never".split()
    ):
        negated = negated or reader.low(start) in ("not", "never")
        start += 1
    if start >= len(reader.tokens) or reader.tokens[start].kind != "word":
        return
    verb = reader.low(start)
    columns = about(reader, verb)
    if not columns:
        return
    best: dict[int, list[tuple[str, Cond, float]]] = {}
    for name in columns:
        for middle, by in ((start + 1, False), (start + 2, True)):
            if by and reader.low(start + 1) not in ("by", "in", "at", "on", "from", "to", "as", "for"):
                continue
            for end, found, cost in predicates(reader, middle, name, bare=by or reader.column(name).type in TEMPORAL):
                if end > middle and not (by and found.sql.endswith("IS NULL")):
                    best.setdefault(end, []).append((name, found, cost))
    for end, options in best.items():
        names = tuple(dict.fromkeys(name for name, _, _ in options))
        if len(names) > 1:
            reader.note(end, which_column(verb, names), 2.0)
            continue
        _, found, cost = min(options, key=lambda one: one[2])
        if negated:
            found = none_of(found) if found.equals and not found.negated else negate(found)
        yield end, found, cost + 0.6


@slot("Kin")
def kin(reader: Reader, at: int) -> Iterator[Result]:
    """An adjective made of the name of a column of numbers: prestigious, of prestige."""
    word = reader.low(at)
    if len(word) < 7 or word in _OTHERWISE or not word.isalpha():
        return
    found = [
        one.name
        for one in reader.view.columns
        if one.type in NUMERIC and any(_is_kin(word, part) for part in parts(one.name))
    ]
    if len(found) == 1:
        yield at + 1, found[0], 0.3


_OTHERWISE = frozenset("popular common general special recent important successful interesting".split())
_OF_NOUNS = ("ous", "ious", "ed", "able", "ful", "ive", "al", "ic", "ary", "y")


def _is_kin(word: str, part: str) -> bool:
    """Whether an adjective and a noun begin alike for all but their endings."""
    shared = 0
    while shared < min(len(word), len(part)) and word[shared] == part[shared]:
        shared += 1
    return word.endswith(_OF_NOUNS) and shared >= 5 and len(part) - shared <= 2 and len(word) - shared <= 5


def about(reader: Reader, verb: str) -> tuple[str, ...]:
    """The columns that a verb may be about."""
    about = _ABOUT.get(verb)
    if about is not None:
        return tuple(
            name
            for name in reader.view.names
            if about & set(parts(name)) and reader.column(name).type in (*NUMERIC, *TEMPORAL)
        )
    if not verb.endswith(("ed", "ing", "en", "own", "old", "aid", "ade", "ent", "ilt", "ought")) or len(verb) < 5:
        return ()
    same = tuple(name for name in reader.view.names if parts(name) == (verb,))
    if same:
        return same
    root = _root(verb)
    found = [name for name in reader.view.names if any(_root(part) == root for part in parts(name))]
    return tuple(name for name in found if not {"id", "no", "number"} & set(parts(name)))
