"""Readers of columns at a place of an instruction."""

from collections.abc import Iterator, Sequence

from contracts.data import LogicalType
from services.transform.planner.kindred import kindred
from services.transform.planner.linking import MAX_WORDS
from services.transform.planner.reading import NUMERIC, Reader, Result, listed, slot
from services.transform.planner.view import Doubt, ask
from services.transform.planner.words import Token, key

_BEFORE = frozenset(
    "column columns field fields col variable variables attribute feature their its his her our each every all both my your".split()
)


_OF = frozenset(
    "values value contents content entries data text texts strings cells names dates numbers amounts figures".split()
)


_AFTER = frozenset("column columns col cols field fields values value 's data entries figures variable figure".split())


# In brackets behind a column these say what to do with it; other words are its unit or a gloss.
_SAYING = frozenset(
    "rows row columns column across down ascending descending asc desc sum average mean count total required optional text number".split()
)


_LOOSE_AFTER = frozenset(
    "share percentage pct rate rates level levels amount score scores reading readings measurement measurements total price time status state group type class category kind condition number figure".split()
)


_NOT_NAMES = frozenset(
    """
    and or then with by per for each from to in of on at is are be where which that if when it them this those these
    rounded sorted using instead please thanks column columns called named name rows row so but as into not no only
    just keep drop remove sort add rename call round show count all every first last after before between than over
    under above below without also leave give make lower upper snake title camel case underscores underscore spaces
    can should must stays stay itself new
    out saying showing holding giving containing made built being based whether while because own separate its their
    text number numbers numeric integer integers string strings float floats boolean booleans date dates whole decimal decimals
    """.split()
)


# -- columns
@slot("Col")
def column(reader: Reader, at: int) -> Iterator[Result]:
    """One column of the table."""
    for start in _heads(reader, at):
        yield from _column_at(reader, start)
    if reader.low(at) == "number" and reader.low(at + 1) == "of":
        for end, name, cost in _column_at(reader, at + 2):  # the average number of rooms
            if reader.column(name).type in NUMERIC:
                yield end, name, cost + 0.5
    yield from _glossed(reader, at)
    yield from _pronoun(reader, at)
    for end, env, cost in reader.match("<p:Place> @column", at):
        if 0 < env["p"] <= len(reader.view.names) or env["p"] == -1:
            yield end, reader.view.names[env["p"] - 1 if env["p"] > 0 else -1], cost + 0.2


def _glossed(reader: Reader, at: int) -> Iterator[Result]:
    """Home runs (HR): the name stands in brackets behind what it means."""
    for words in (1, 2, 3):
        span = reader.tokens[at : at + words]
        if len(span) < words or any(token.kind != "word" or token.low in _NOT_NAMES for token in span):
            return
        inner = reader.tokens[at + words + 1 : at + words + 2]
        if reader.low(at + words) == "(" and reader.low(at + words + 2) == ")" and inner:
            link = reader.index.column(inner)
            if link is not None and link.sure and link.cost <= 0.1:
                yield at + words + 3, link.columns[0], 0.3


def _heads(reader: Reader, at: int) -> Iterator[int]:
    yield at
    start = at
    while (
        reader.low(start) in _BEFORE
        and start - at < 3
        and not (reader.low(start) in ("column", "columns", "field") and reader.low(start + 1) in ("name", "names"))
    ):
        start += 1
        yield start
    owner = reader.tokens[start : start + 1]
    if reader.low(start + 1) == "'s" and owner[0].kind == "word" and reader.index.column(owner) is None:
        yield start + 2  # the company's sales
    if start > at and reader.low(start) in ("named", "called"):
        yield start + 1
        start += 1
    if reader.low(start) in _OF and reader.low(start + 1) in ("of", "in", "from"):
        yield start + 2
        if reader.low(start + 2) in _BEFORE:
            yield start + 3


_CALCULATING = frozenset("* + / - – = < > ^ ** == <= >= <> != -> =>".split())


def _column_at(reader: Reader, start: int) -> Iterator[Result]:
    for end in range(min(len(reader.tokens), start + MAX_WORDS), start, -1):
        span = reader.tokens[start:end]
        if any(token.kind == "break" for token in span) or span[0].kind == "date":
            continue
        signs = any(token.kind == "sign" for token in span)
        dotted = span[-1].low == "." and key(reader.raw(start, end)) in reader.index.keys and _bears_dot(reader, span)
        if (span[-1].low in (",", ".", ";", ":") and not dotted) or span[0].low in (",", ".", ";", "(", ")"):
            continue
        link = reader.index.column(span, reader.raw(start, end))
        if link is None or (signs and link.cost > 0.1):
            continue
        if (
            span[-1].kind == "sign"
            and span[-1].text in _CALCULATING
            and not all(name.endswith(span[-1].text) for name in link.columns)
        ):
            continue  # the sign behind a name calculates with it
        if not link.sure:
            reader.note(end, which_column(reader.raw(start, end), link.columns), 2.0 if link.cost < 1.2 else 1.2)
            continue
        name = link.columns[0]
        yield end, name, link.cost
        if reader.low(end) in _LOOSE_AFTER and reader.index.column(reader.tokens[start : end + 1]) is None:
            yield end + 1, name, link.cost + 0.4
        if (
            reader.low(end) in ("name", "names", "code", "codes", "label", "labels", "entries")
            and reader.column(name).type is LogicalType.STRING
            and reader.index.column(reader.tokens[start : end + 1]) is None
            and reader.index.column([reader.tokens[end]]) is None
        ):
            yield end + 1, name, link.cost + 0.4
        if reader.low(end) in _AFTER:
            yield end + 1, name, max(0.0, link.cost - 0.05)
            if reader.low(end) == "'s" and reader.low(end + 1) in _AFTER:
                yield end + 2, name, link.cost
        if (
            link.cost <= 0.1
            and reader.low(end) == "("
            and reader.low(end + 2) == ")"
            and reader.low(end + 1) not in _SAYING
        ):
            yield end + 3, name, link.cost + 0.3  # a unit or gloss in brackets


_PRONOUNS = (
    "it|this|that|result|new column|that column|this column|resulting column|new one|that one|"
    "same column|count|average|total|sum|mean|median|figure|value|number"
).split("|")


def _pronoun(reader: Reader, at: int) -> Iterator[Result]:
    made = reader.memory.made or reader.memory.touched
    if len(made) != 1 or reader.view.column(made[0]) is None:
        return
    for said in _PRONOUNS:
        words = tuple(said.split())
        if words[0] in _NOUNS and (not reader.memory.made or reader.low(at - 1) in ("only", "just")):
            continue  # `I want only the number` speaks of what the values hold
        if tuple(reader.low(at + step) for step in range(len(words))) == words:
            yield at + len(words), made[0], 0.9 if len(words) == 1 and words[0] not in ("it", "that", "this") else 0.5


_NOUNS = frozenset("count average total sum mean median figure value number result".split())


def which_column(words: str, columns: tuple[str, ...]) -> Doubt:
    """The question that follows when words fit several columns."""
    return ask("ambiguous", f"'{words}' could be {listed(columns)}. Which column is meant?", columns)


@slot("Cols")
def columns(reader: Reader, at: int) -> Iterator[Result]:
    """Some columns by their names, joined by commas and `and`."""
    start = at
    if reader.low(start) in ("both", "either", "these", "columns", "fields", "following", "cols"):
        start += 1
        if reader.low(start) in ("columns", "fields"):
            start += 1
        if reader.low(start) == ":":
            start += 1
    for begin in {at, start}:
        yield from _more(reader, begin, (), 0.0)
    if reader.low(at) in ("both", "two") and start <= at + 1 < len(reader.tokens):
        link = reader.index.column([reader.tokens[at + 1]])
        if link is not None and len(link.columns) == 2:  # both teams, where there are a home and an away one
            yield at + 2, link.columns, link.cost
    yield from kindred(reader, at)
    yield from _anaphora(reader, at)


def _more(reader: Reader, at: int, found: tuple[str, ...], cost: float) -> Iterator[Result]:
    for end, name, more in _one_of_many(reader, at):
        if name in found:
            continue
        names = (*found, name)
        yield end, names, cost + more
        follow = _joint(reader, end)
        if follow is not None and len(names) < 40:
            yield from _more(reader, follow, names, cost + more)
        elif follow is None and more == 0.0 and _is_name(reader, end - 1) and _is_name(reader, end):  # x y z
            yield from _more(reader, end, names, cost + 0.6)


def _bears_dot(reader: Reader, span: Sequence[Token]) -> bool:
    """Whether a name ends with a dot, as `Phone No.` does, and was written with it."""
    said = key("".join(token.text for token in span))
    glued = span[-1].start == span[-2].end if len(span) > 1 else False
    return glued and any(name.endswith(".") and key(name) == said for name in reader.view.names)


def _is_name(reader: Reader, at: int) -> bool:
    """Whether a name of a column stands here exactly as it is."""
    return at < len(reader.tokens) and reader.tokens[at].text in reader.view.names


def _one_of_many(reader: Reader, at: int) -> list[Result]:
    best: dict[int, Result] = {}
    for end, name, cost in reader.slot("Col", at):
        if end not in best or cost < best[end][2]:
            best[end] = (end, name, cost)
    if not best:  # `dep and arr delay`: the last word belongs to both
        joint = _joint(reader, at + 1)
        if joint is not None:
            for end, other, cost in reader.slot("Col", joint):
                if end - joint >= 2:
                    link = reader.index.column([reader.tokens[at], reader.tokens[end - 1]], "")
                    if link is not None and link.sure and link.columns[0] != other:
                        best[at + 1] = (at + 1, link.columns[0], link.cost + cost)
    # Longest first, and no more than two ways of ending: lists branch otherwise.
    return sorted(best.values(), key=lambda one: one[2] - 0.2 * one[0])[:3]


# The longest first.
_JOINTS = tuple(
    sorted(
        (
            (",", "and"),
            (",", "&"),
            ("as", "well", "as"),
            (",", "plus"),
            ("and", "also"),
            ("and",),
            (",",),
            ("&",),
            ("+",),
            ("/",),
            ("plus",),
            ("or",),
            ("nor",),
            (",", "or"),
            ("then",),
            (",", "then"),
            ("and", "then"),
            ("along", "with"),
            (";",),
            ("->",),
            ("followed", "by"),
            (",", "followed", "by"),
            (",", "as", "well", "as"),
            ("-",),
        ),
        key=len,
        reverse=True,
    )
)


def _joint(reader: Reader, at: int) -> int | None:
    for words in _JOINTS:
        if tuple(reader.low(at + step) for step in range(len(words))) == words:
            end = at + len(words)
            return end
    return None


def _anaphora(reader: Reader, at: int) -> Iterator[Result]:
    memory = reader.memory
    there = tuple(name for name in memory.used if reader.view.column(name) is not None)
    for phrase in (
        "originals|original columns|source columns|original ones|old columns|old ones|those three|those two|those columns|those"
        "|these columns|original column|source column|old column|original|two originals|three originals|original three|original two"
        "|both originals|original fields|sources|parts|these three|these two|original one|old one|those 3|those 2|source|two original columns|three original columns|component columns|separate columns|individual columns|input columns|them|three|two",
        "(two|three|both|these|those|old) [old|original|source|former|separate|individual|single] (ones|columns|fields|originals|parts|pieces)",
        "it",
    ):
        end = reader.first(phrase, at)
        if end is not None and there and (phrase != "it" or _sources_meant(reader, at)):
            yield end, there, 0.3


def _sources_meant(reader: Reader, at: int) -> bool:
    """Whether `it` is what a new column was made of: `the average of it` is not, `and drop it` is."""
    return len(reader.memory.made) != 1 or reader.low(at - 1) in ("drop", "remove", "delete")


@slot("Pick")
def pick(reader: Reader, at: int) -> Iterator[Result]:
    """Columns by names, by what they have in common, or by both."""
    named, alike = list(reader.slot("Cols", at)), list(reader.slot("Alike", at))
    yield from named
    yield from alike
    for firsts, kind in ((named, "Alike"), (alike, "Cols")):
        for end, names, cost in firsts[:12]:
            follow = _joint(reader, end)
            if follow is not None:
                for stop, more, extra in reader.slot(kind, follow):
                    whole = (*names, *(name for name in more if name not in names))
                    yield stop, whole, cost + extra + 0.1


@slot("Mark")
def mark(reader: Reader, at: int) -> Iterator[Result]:
    """A piece of a name or value: quoted, or one word as it was typed."""
    for end, _, cost in reader.match(
        "[word|words|text|string|letters|letter|phrase|prefix|suffix|characters|substring|number|digits|digit|code]", at
    ):
        if end < len(reader.tokens):
            token = reader.tokens[end]
            if token.kind == "quoted":
                yield end + 1, token.text, cost
            elif token.text in "([" and end + 2 < len(reader.tokens) and reader.tokens[end + 2].text in ")]":
                inner, close = reader.tokens[end + 1], reader.tokens[end + 2]
                if token.end == inner.start and inner.end == close.start:
                    yield end + 3, reader.raw(end, end + 3), cost  # ends with (sw)
            elif end == at and token.low in ("word", "words", "text", "string", "phrase", "prefix", "suffix"):
                continue  # `the word`: which one was not said
            elif (
                token.kind in ("word", "number")
                or (token.kind == "sign" and token.text in "_@#$%/-+*&")
                or (
                    token.text == "." and reader.tokens[end + 1 : end + 2] and reader.tokens[end + 1].start == token.end
                )
            ):
                last = _glued_end(reader, end)
                yield last, reader.raw(end, last), cost + 0.1


def _glued_end(reader: Reader, at: int) -> int:
    """The end of what was typed in one piece."""
    end = at + 1
    while end < len(reader.tokens) and reader.tokens[end].start == reader.tokens[end - 1].end:
        token = reader.tokens[end]
        if (
            token.kind in ("word", "number")
            or (
                token.low in "_-./@#%&+"
                and end + 1 < len(reader.tokens)
                and reader.tokens[end + 1].start == token.end
                and reader.tokens[end + 1].kind in ("word", "number")
            )
            or token.low in "_"
        ):
            end += 1
            continue
        break
    return end
