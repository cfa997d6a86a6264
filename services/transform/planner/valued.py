"""Conditions that a value alone says: a value names its column, a flag its own, a date the one there is."""

from collections.abc import Iterator
from functools import cache

from contracts.data import LogicalType
from services.transform.planner import dates
from services.transform.planner.conditions import Cond, held, none_of, one_of
from services.transform.planner.linking import Cell, truth
from services.transform.planner.predicates import _of_moments
from services.transform.planner.reading import Reader, Result, listed, quoted
from services.transform.planner.view import ask
from services.transform.planner.worded import _truth_is, values_of
from services.transform.planner.words import Token, key, ordinal, parts, stem


@cache
def _prepositions() -> dict[str, tuple[str, ...]]:
    leaving = ("origin", "source", "from", "departure", "start", "sender")
    going = ("dest", "destination", "to", "arrival", "end", "target", "receiver")
    return {
        "from": leaving,
        "leaving": leaving,
        "leave": leaving,
        "left": leaving,
        "departing": leaving,
        "out": leaving,
        "to": going,
        "bound": going,
        "going": going,
        "heading": going,
        "headed": going,
        "into": going,
        "arriving": going,
        "flying": going,
        "depart": leaving,
        "departed": leaving,
        "went": going,
        "flew": going,
        "go": going,
        "arrived": going,
    }


def _valued(reader: Reader, at: int) -> Iterator[Result]:
    """A value that only one column holds."""
    for start, said, cost in [
        (at, "", 0.0),
        *(
            (end, reader.low(at), 0.05)
            for end, _, _ in reader.match("[is|are|was|were|did|do|does] [not] (@from|coming|come|came|made|been)", at)
        ),
        *(
            (end, reader.low(at), 0.05)
            for end, _, _ in reader.match(
                "(is|are|was|were|got|gets|have been|has been|been|get|not|be|being|have not been|has not been|did not|do not|does not|is not|are not|was not|were not|non|non -|is a|other than|neither|is neither|are neither|was neither|were neither|outside|outside of|not in|is outside|are outside|not from) [@from]",
                at,
            )
        ),
    ]:
        negated = any(reader.low(step) in ("not", "non", "neither", "outside", "other") for step in range(at, start))
        words = [reader.low(step) for step in range(at, start)]
        preposition = next((word for word in reversed(words) if word in _prepositions()), said)
        if "to" in words[-1:]:
            preposition = "to"
        for end, found, more in _cells(reader, start, preposition):
            yield end, (none_of(found) if negated else found), cost + more
            if reader.low(end) == "'s":
                yield end + 1, (none_of(found) if negated else found), cost + more + 0.1
            # `third class`, `West region`: the column's own name after its value.
            for stop, column, extra in reader.slot("Col", end):
                if column == found.columns[0]:
                    yield stop, (none_of(found) if negated else found), cost + more + min(extra, 0.1) - 0.15
            # `the value West` / `category Toys`
    if at < len(reader.tokens) and ordinal(reader.tokens[at]) is not None:  # first class
        for end, column, cost in reader.slot("Col", at + 1):
            ranked, more = reader.index.value_of(column, [reader.tokens[at]])
            if len(ranked) == 1:
                yield end, held(reader.column(column), ranked), cost + more
    for middle, column, cost in reader.slot("Col", at):
        if cost <= 1.0:
            for end, values, more in values_of(reader, middle, column):
                yield end, held(reader.column(column), values), cost + more + 0.1


def _cells(reader: Reader, at: int, preposition: str) -> Iterator[tuple[int, Cond, float]]:
    start = at + (reader.low(at) in ("either", "both", "value"))
    for end, options, cost in cell_lists(reader, start, preposition):
        columns = {column for column, _ in options}
        if len(columns) == 1:
            column, values = options[0]
            yield end, held(reader.column(column), values), cost
        else:
            hinted = [
                (column, values)
                for column, values in options
                if set(parts(column)) & set(_prepositions().get(preposition, ()))
            ]
            if len(hinted) == 1:
                yield end, held(reader.column(hinted[0][0]), hinted[0][1]), cost + 0.1
            else:
                names = tuple(column for column, _ in options)
                shown = reader.raw(start, end)
                reader.note(
                    end,
                    ask("ambiguous", f"'{shown}' is found in {listed(names, 'and')}. Which column is meant?", names),
                    2.0,
                )


Options = list[tuple[str, tuple[str, ...]]]


def cell_lists(reader: Reader, at: int, preposition: str, depth: int = 0) -> Iterator[tuple[int, Options, float]]:
    for end, options, cost in _cell(reader, at):
        yield end, options, cost
        if depth >= 12:
            continue
        follow = end + (reader.low(end) == ",")
        if reader.low(follow) in ("and", "or", "nor", "&", "/"):
            follow += 1
        if reader.low(follow) in ("from", "in", "of", "to", "at") and follow > end:
            follow += 1
        if follow > end:
            for stop, more, extra in cell_lists(reader, follow, preposition, depth + 1):
                later = dict(more)
                shared = [(column, (*values, *later[column])) for column, values in options if column in later]
                if shared:
                    yield stop, shared, cost + extra


def _cell(reader: Reader, at: int) -> Iterator[tuple[int, Options, float]]:
    for end in range(min(len(reader.tokens), at + 8), at, -1):
        span = reader.tokens[at:end]
        if (
            any(token.kind == "break" for token in span)
            or span[-1].low in (",", ".", ";", ":")
            or span[0].kind in ("number", "date")
        ):
            continue
        if span[0].low in (",", "(", ")"):
            continue
        cells, cost = reader.index.cells(span)
        if len(span) == 1 and names_rows(reader, span[0]):
            continue
        if (
            not cells
            and all(token.kind == "word" for token in span)
            and len(span) <= 3
            and not _inside(reader, at, end)
            and not any(_numbered(reader, token) for token in span)
        ):
            part = reader.index.parts_of_values(span)
            if part and len({cell.column for cell in part}) == 1 and len({cell.value for cell in part}) == 1:
                cells, cost = part, 1.5
        if cells:
            yield end, _grouped(cells), cost


def _inside(reader: Reader, at: int, end: int) -> bool:
    """Whether words stand inside of something written in one piece: of an address, `evil` is no value."""
    tokens = reader.tokens
    before = at > 0 and tokens[at - 1].end == tokens[at].start and tokens[at - 1].text in "/:.@\\#?=&"
    after = (
        end + 1 < len(tokens)
        and tokens[end].start == tokens[end - 1].end
        and tokens[end + 1].start == tokens[end].end
        and tokens[end].text in "/:.@\\#?=&"
    )
    return before or after


def names_rows(reader: Reader, token: Token) -> bool:
    """Bookings are the rows where a column is the number of the booking, though a value is called `Booking` too."""
    cells, cost = reader.index.cells([token])
    if stem(token.low) == token.low or (cells and cost < 0.4):
        return False
    names = [parts(name) for name in reader.view.names]
    borne = [one[-1] for one in names if len(one) > 1 and one[0] == stem(token.low)]
    return bool(_NUMBERING & set(borne)) and (bool(cells) or len(borne) < 2 or {"name", "title"} & set(borne) != set())


def _numbered(reader: Reader, token: Token) -> bool:
    """Whether a column holds the number of each such thing: a loan is a row, though a status is `on loan`."""
    names = [parts(name) for name in reader.view.names]
    return any(len(one) > 1 and one[0] == stem(token.low) and one[-1] in _NUMBERING for one in names)


_NUMBERING = frozenset("id no number ref reference key code name nr".split())


def _grouped(cells: list[Cell]) -> Options:
    found: dict[str, tuple[str, ...]] = {}
    for cell in cells:
        if cell.value not in found.get(cell.column, ()):
            found[cell.column] = (*found.get(cell.column, ()), cell.value)
    return list(found.items())


def _flagged(reader: Reader, at: int) -> Iterator[Result]:
    """A column of yes and no, by itself: smokers, non-smokers, who survived, active ones."""
    for start, negated in (
        (at, False),
        *(
            (end, True)
            for end in [
                reader.first(
                    "not|did not|do not|does not|do not work|does not work|not working|is not|are not|were not|was not|have not|has not|non -|non|never|who did not|that did not|no",
                    at,
                )
            ]
            if end is not None
        ),
        *(
            (end, False)
            for end in [
                reader.first(
                    "is|are|was|were|have been|has been|had been|being|got|be|do|did|does|has|have|work|works|working|worked|live|lives|living|eaten by|made by|had by|paid by|by|marked|marked as|flagged|flagged as",
                    at,
                )
            ]
            if end is not None
        ),
    ):
        for end in (start + 4, start + 3, start + 2, start + 1):
            if end > len(reader.tokens):
                continue
            span = reader.tokens[start:end]
            for name in _flags(reader, tuple(token.low for token in span)):
                said = truth(reader.column(name))
                if said is not None and not (negated and reader.low(start - 1) == "no" and False):
                    yield end, _truth_is(reader, name, said[1] if negated else said[0]), 0.5


def _flags(reader: Reader, words: tuple[str, ...]) -> list[str]:
    joined = key("".join(words))
    if len(joined) < 4:
        return []
    found = []
    for column in reader.view.columns:
        if truth(column) is None:
            continue
        own = [part for part in parts(column.name) if part not in ("is", "has", "was", "are", "flag")]
        bare = "".join(own)
        if len(bare) < 4:
            continue
        same = joined in (bare, bare + "s", bare + "d", bare + "ed") or bare in (
            joined + "s",
            joined + "d",
            joined + "ed",
        )
        root = bare[:-2] if bare.endswith("ed") else bare[:-2] if bare.endswith("er") else bare
        kin = len(root) >= 5 and joined.startswith(root) and len(joined) - len(root) <= 4
        if same or kin:
            found.append(column.name)
    return found if len(found) == 1 else []


def _dated(reader: Reader, at: int) -> Iterator[Result]:
    """A date, where only one column holds dates; a year, where only one column holds years."""
    token = reader.tokens[at] if at < len(reader.tokens) else None
    if token is None:
        return
    column = dates.only_moment(reader)
    years = [
        one.name
        for one in reader.view.columns
        if one.type is LogicalType.INTEGER and ({"year", "yr", "years"} & set(parts(one.name)))
    ]
    if column is not None and not years:
        for end, found, cost in _of_moments(reader, at, column):
            yield end, found, cost + 0.4
    elif column is not None:
        for end, found, cost in _of_moments(reader, at, column):
            if not any(
                one.kind == "number" and isinstance(one.number, int) and 1500 <= one.number <= 2200
                for one in reader.tokens[at:end]
            ) or any(one.kind == "date" for one in reader.tokens[at:end]):
                yield end, found, cost + 0.4
    if len(years) == 1:
        for words, operator in (("@after", ">"), ("@since", ">="), ("@before", "<"), ("@until", "<=")):
            for end, env, cost in reader.match(
                f"[made|built|from|taken|year|years|dated] {words} <d:Span> [onwards|on|onward|and later]", at
            ):
                if operator == ">=" and "from" in (reader.low(at), reader.low(at + 1)) and not _goes_on(reader, end):
                    continue
                if env["d"].year_only is not None:
                    yield end, Cond(f"{quoted(years[0])} {operator} {env['d'].year_only}", tuple(years)), cost + 0.4
        for end, env, cost in reader.match(
            "[year|years|made|built] (between|from) <a:Span> (and|to|until|through|-) <b:Span> [,] [@incl]", at
        ):
            if env["a"].year_only is not None and env["b"].year_only is not None:
                yield (
                    end,
                    Cond(f"{quoted(years[0])} BETWEEN {env['a'].year_only} AND {env['b'].year_only}", tuple(years)),
                    cost + 0.4,
                )
        for end, env, cost in reader.match("[@on|built in|built] [year] <d:Span> [(and|or) <e:Span>]", at):
            wanted = [env[one].year_only for one in ("d", "e") if one in env]
            if all(one is not None for one in wanted):
                yield end, one_of(years[0], [str(one) for one in wanted], written=True), cost + 0.4
    elif column is None and len(years) > 1:
        for end, env, _ in reader.match("[@on] <d:Span>", at):
            if env["d"].year_only is not None:
                reader.note(
                    end,
                    ask(
                        "ambiguous",
                        f"The year {env['d'].year_only} could be in {listed(years)}. Which column is meant?",
                        years,
                    ),
                    1.5,
                )


def _goes_on(reader: Reader, end: int) -> bool:
    """Whether `from 1975` was followed by words that say: and later."""
    return reader.low(end - 1) in ("onwards", "on", "onward", "later")


def _called_off(reader: Reader, at: int) -> Iterator[Result]:
    """Cancelled: what has a time of departure, and this one has none."""
    if reader.low(at) in ("cancelled", "canceled") and not reader.index.cells([reader.tokens[at]])[0]:
        found = [
            name
            for name in reader.view.names
            if key(name) in ("deptime", "departuretime", "departedat", "actualdeparture")
        ]
        if len(found) == 1 and reader.column(found[0]).nulls:
            yield at + 1, Cond(f"{quoted(found[0])} IS NULL", (found[0],)), 0.6
