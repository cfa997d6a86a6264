"""Conditions without a column before them, and conditions joined by `and` and `or`."""

from collections.abc import Iterator
from functools import cache

from contracts.data import LogicalType
from services.transform.planner import dates
from services.transform.planner.conditions import Cond, both, fold, none_of, one_of
from services.transform.planner.lexicon import MEASURES
from services.transform.planner.linking import Cell, truth
from services.transform.planner.predicates import _OPERATORS, _in_unit, _of_moments, _truth_is, predicates, values_of
from services.transform.planner.reading import NUMERIC, Reader, Result, listed, number, quoted, slot
from services.transform.planner.view import ask
from services.transform.planner.words import key, ordinal, parts


# -- conditions without a column before them
@slot("Atom")
def atom(reader: Reader, at: int) -> Iterator[Result]:
    """One condition."""
    for start in _subjects(reader, at):
        for middle, column, cost in reader.slot("Col", start):
            for end, found, more in predicates(reader, middle, column):
                yield end, found, cost + more
    yield from _of_several(reader, at)
    yield from _owned(reader, at)
    yield from _counted(reader, at)
    yield from _aged(reader, at)
    yield from _measured(reader, at)
    yield from _valued(reader, at)
    yield from _flagged(reader, at)
    yield from _dated(reader, at)
    yield from _bracketed(reader, at)
    yield from _called_off(reader, at)


def _of_several(reader: Reader, at: int) -> Iterator[Result]:
    """Both of two columns, or either of them, satisfy the same."""
    for words, joint in (
        ("both|both of|all of|each of|all", "AND"),
        ("either|either of|any of|one of|at least one of", "OR"),
    ):
        for middle, env, cost in reader.match(f"({words}) <c:Cols>", at):
            columns: tuple[str, ...] = env["c"]
            if len(columns) < 2:
                continue
            ways = [
                {end: (found, more) for end, found, more in predicates(reader, middle, name, bare=False)}
                for name in columns
            ]
            for end in set.intersection(*(set(way) for way in ways)):
                found = [way[end][0] for way in ways]
                if not any(one.sql.startswith("@") for one in found):
                    yield end, both(found, joint), cost + ways[0][end][1]


def _subjects(reader: Reader, at: int) -> list[int]:
    found = [at]
    end = reader.first(
        "[for] [which|whom] (its|their|his|her|of which)|there is|there are|value of|value in|values of|values in|any|column|with|whose|of|has|have|having|had|in terms of",
        at,
    )
    if end is not None:
        found.append(end)
    return found


def _owned(reader: Reader, at: int) -> Iterator[Result]:
    """With or without something in a column."""
    none = "[with|has|have|had|having|that have|which have|who have|there is|there are|showing|show|shows|where there is|where there are] (no|@blank|without|lacking|lack|lacks) [@blank|known|recorded|given|valid|any|value for|value in|values for|values in|value of|entry for|entry in|data for|data in] "
    for end, env, cost in reader.match(
        f"{none} <c:Cols>|without <c:Cols>|lacking <c:Cols>|that lack <c:Cols>|(do|does|did) not have [value for|value in|any] <c:Cols>|[with|that have|have|has] [@blank] (nothing|no value|no values|no data|no entry|blanks|blank|nulls|null|missing values|missing value|missing data|empty cells|gaps) (in|for|under) <c:Cols>|whose <c:Cols> (is|are) @blank|@blank (in|for) <c:Cols>|not having <c:Cols>",
        at,
    ):
        names = env["c"]
        joint = "AND"
        found = [Cond(f"{quoted(name)} IS NULL", (name,)) for name in names]
        span = [reader.low(step) for step in range(at, end)]
        if len(names) > 1 and "or" in span:
            joint = "OR"
        if len(names) > 1 and "no" in span and "or" in span:
            joint = "AND"  # no X or Y: neither
        yield end, both(found, joint), cost + 0.05
    for end, env, cost in reader.match(
        "(with|has|have|having|had) neither <a:Col> nor <b:Col>|neither <a:Col> nor <b:Col> (is|are) (known|given|filled in|present|there|set)|[with|have|has|that have] both <a:Col> and <b:Col> @blank|both <a:Col> and <b:Col> are @blank",
        at,
    ):
        found = [Cond(f"{quoted(env[one])} IS NULL", (env[one],)) for one in ("a", "b")]
        yield end, both(found), cost
    for end, env, cost in reader.match(
        "(with|have|has|having|that have|which have|who have) [known|valid|recorded|given|actual|real|non - blank|value for|value in|value of|any|some|non blank|non - empty|non - null|non null|filled in|complete] <c:Cols>|[with|have|has] value (for|in) <c:Cols>|(do|does) have <c:Cols>|(with|have|has) <c:Cols> (given|recorded|filled in|present|known|set|available)",
        at,
    ):
        found = [Cond(f"{quoted(name)} IS NOT NULL", (name,)) for name in env["c"]]
        yield end, both(found), cost + 1.2


def _counted(reader: Reader, at: int) -> Iterator[Result]:
    """At least 4 cylinders; 8-cylinder; parties of at least 4."""
    for words, operator in (*_OPERATORS, ("[exactly|with|have|has|having|of|that have|which have]", "=")):
        for end, env, cost in reader.match(
            f"[with|have|has|having|that have|which have|who have|had|made|got|of|showing|who made|who had] {words} <n:Num> [-] <c:Col>",
            at,
        ):
            if reader.column(env["c"]).type in NUMERIC:
                yield end, Cond(f"{quoted(env['c'])} {operator} {number(env['n'])}", (env["c"],)), cost + 0.15
    for (low_words, low_sign), (high_words, high_sign) in (
        (low, high) for low in _OPERATORS[:2] for high in _OPERATORS[2:]
    ):
        for end, env, cost in reader.match(
            f"[with|have|has|having|of] {low_words} <a:Num> [<c0:Col>] (and|but|, but) {high_words} <b:Num> <c:Col>", at
        ):
            if reader.column(env["c"]).type in NUMERIC and env.get("c0", env["c"]) == env["c"]:
                name = quoted(env["c"])
                yield (
                    end,
                    Cond(
                        f"{name} {low_sign} {number(env['a'])} AND {name} {high_sign} {number(env['b'])}", (env["c"],)
                    ),
                    cost + 0.1,
                )
    for words, operator in (("@andup", ">="), ("@anddown", "<=")):
        for end, env, cost in reader.match(f"[with|have|has|having|of] <n:Num> {words} <c:Col>", at):
            if reader.column(env["c"]).type in NUMERIC:
                yield end, Cond(f"{quoted(env['c'])} {operator} {number(env['n'])}", (env["c"],)), cost + 0.15
    for words, operator in _OPERATORS:
        for end, env, cost in reader.match(
            f"(parties|party|groups|group|tables|families|households) of {words} <n:Num> [people|persons|guests|diners]|[with] {words} <n:Num> (people|guests|diners|persons) [at table|in party]",
            at,
        ):
            yield from _by_size(reader, end, operator, env["n"], cost)
    for end, env, cost in reader.match(
        "(parties|party|groups|tables|families) of <n:Num> [people|guests] [@andup]", at
    ):
        operator = (
            ">="
            if reader.first("(parties|party|groups|tables|families) of <n:Num> [people|guests] @andup", at) == end
            else "="
        )
        yield from _by_size(reader, end, operator, env["n"], cost)
    for words, operator in _OPERATORS:
        for end, env, cost in reader.match(
            f"(<v:Verb>) [by] {words} <n:Amount> (late|delayed|behind schedule|behind)|(<v:Verb>) {words} <n:Amount> (late|delayed)|(<v:Verb>) [by] {words} <n:Amount> (of delay|delay)",
            at,
        ):
            link = reader.index.column([_word(env["v"]), _word("delay")])
            if link is not None and link.sure:
                name = link.columns[0]
                yield end, Cond(f"{quoted(name)} {operator} {number(env['n'][0])}", (name,)), cost + 0.4
            elif link is not None:
                from services.transform.planner.slots import which_column

                reader.note(end, which_column(f"{env['v']} … late", link.columns), 2.0)
        for end, env, cost in reader.match(
            f"[aged|who are|that are|people|those|is|are] {words} <n:Num> [years old|years|years of age]|age {words} <n:Num>",
            at,
        ):
            ages = [name for name in reader.view.names if "age" in parts(name)]
            said = [reader.low(step) for step in range(at, end)]
            if (
                len(ages) == 1
                and ("years" in said or "aged" in said or key(ages[0]) == "age")
                and reader.column(ages[0]).type in NUMERIC
            ):
                yield (
                    end,
                    Cond(f"{quoted(ages[0])} {operator} {number(env['n'])}", (ages[0],)),
                    cost + (0.3 if "years" in said or "aged" in said else 1.4),
                )


@slot("Verb")
def verb(reader: Reader, at: int) -> Iterator[Result]:
    """A verb that a column of delays may be about."""
    if reader.low(at) in (
        "arrived",
        "arriving",
        "arrive",
        "arrives",
        "departed",
        "departing",
        "depart",
        "departs",
        "left",
        "leaving",
        "leave",
        "landed",
        "took",
    ):
        word = {"left": "departed", "leaving": "departed", "leave": "departed", "landed": "arrived"}.get(
            reader.low(at), reader.low(at)
        )
        yield at + 1, word, 0.0
        if reader.low(at + 1) == "off":
            yield at + 2, "departed", 0.0


def _word(word: str):  # type: ignore[no-untyped-def]
    from services.transform.planner.words import Token

    return Token(word, word, "word", 0, len(word))


def _by_size(reader: Reader, end: int, operator: str, value: float, cost: float) -> Iterator[Result]:
    sizes = [
        name
        for name in reader.view.names
        if {"size", "party", "people", "guests", "persons", "members", "household"} & set(parts(name))
        and reader.column(name).type in NUMERIC
    ]
    if len(sizes) == 1:
        yield end, Cond(f"{quoted(sizes[0])} {operator} {number(value)}", (sizes[0],)), cost + 0.4


def _aged(reader: Reader, at: int) -> Iterator[Result]:
    """Between 20 and 30 years old; aged 40; above-average price."""
    ages = measuring(reader, "older")
    if len(ages) == 1:
        name = quoted(ages[0])
        for end, env, cost in reader.match(
            "[aged|age] (between|from) <a:Num> (and|to|-) <b:Num> [years|yrs] [old|of age]|(aged|age) <a:Num> (to|-) <b:Num>",
            at,
        ):
            said = {reader.low(step) for step in range(at, end)}
            if said & {"old", "aged", "age", "years"}:
                yield end, Cond(f"{name} BETWEEN {number(env['a'])} AND {number(env['b'])}", tuple(ages)), cost + 0.2
        for words, operator in (*_OPERATORS, ("[exactly]", "=")):
            for end, env, cost in reader.match(
                f"(aged|age|of age) {words} <n:Num>|{words} <n:Num> (years old|years of age|yrs old|year old)", at
            ):
                yield end, Cond(f"{name} {operator} {number(env['n'])}", tuple(ages)), cost + 0.2
        for words, operator in (("@andup", ">="), ("@anddown", "<=")):
            for end, env, cost in reader.match(f"[aged] <n:Num> [years] [old] ({words})", at):
                if reader.low(at) == "aged" or "years" in [reader.low(step) for step in range(at, end)]:
                    yield end, Cond(f"{name} {operator} {number(env['n'])}", tuple(ages)), cost + 0.2
    for words, operator in (
        ("above|over|higher than|better than|greater than|more than", ">"),
        ("below|under|lower than|less than", "<"),
    ):
        for end, env, cost in reader.match(f"[with|of|an|has|have|having] ({words}) [-] (average|mean) <c:Col>", at):
            if reader.column(env["c"]).type in NUMERIC:
                yield end, Cond(f"@average@{operator}", (env["c"],)), cost + 0.2


def _measured(reader: Reader, at: int) -> Iterator[Result]:
    """Heavier than 5000 g: the comparative says what is measured."""
    start = at
    while reader.low(start) in ("is", "are", "was", "were", "that", "which", "who") and start - at < 2:
        start += 1
    found = MEASURES.get(reader.low(start))
    if found is None:
        return
    for end, env, cost in reader.match("than <n:Amount>", start + 1):
        columns = measuring(reader, reader.low(start))
        if len(columns) == 1:
            value = _in_unit(reader, end, env["n"][0], env["n"][1], columns[0])
            if value is not None:
                sign = ">" if found[1] else "<"
                yield end, Cond(f"{quoted(columns[0])} {sign} {number(value)}", (columns[0],)), cost + 0.4
        elif columns:
            from services.transform.planner.slots import which_column

            reader.note(end, which_column(reader.low(start), columns), 2.0)


def measuring(reader: Reader, word: str) -> tuple[str, ...]:
    """The columns of numbers that a comparative or superlative may be about."""
    found = MEASURES.get(word)
    if found is None:
        return ()
    wanted = set(found[0])
    return tuple(
        name
        for name in reader.view.names
        if (wanted & set(parts(name)) or key(name) in wanted) and reader.column(name).type in NUMERIC
    )


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
                "(is|are|was|were|not|be|being|did not|do not|does not|is not|are not|was not|were not|non|non -|is a|other than|neither|is neither|are neither|was neither|were neither) [@from]",
                at,
            )
        ),
    ]:
        negated = any(
            reader.low(step) in ("not", "non", "neither") or (reader.low(step) == "other") for step in range(at, start)
        )
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
            values, more = reader.index.value_of(column, [reader.tokens[at]])
            if len(values) == 1:
                yield end, one_of(column, values), cost + more
    for middle, column, cost in reader.slot("Col", at):
        if cost <= 1.0:
            for end, values, more in values_of(reader, middle, column):
                yield end, one_of(column, values), cost + more + 0.1


def _cells(reader: Reader, at: int, preposition: str) -> Iterator[tuple[int, Cond, float]]:
    start = at + (reader.low(at) in ("either", "both", "value"))
    for end, options, cost in _cell_lists(reader, start, preposition):
        columns = {column for column, _ in options}
        if len(columns) == 1:
            column, values = options[0]
            yield end, one_of(column, values), cost
        else:
            hinted = [
                (column, values)
                for column, values in options
                if set(parts(column)) & set(_prepositions().get(preposition, ()))
            ]
            if len(hinted) == 1:
                yield end, one_of(*hinted[0]), cost + 0.1
            else:
                names = tuple(column for column, _ in options)
                shown = reader.raw(start, end)
                reader.note(
                    end,
                    ask("ambiguous", f"'{shown}' is found in {listed(names, 'and')}. Which column is meant?", names),
                    2.0,
                )


Options = list[tuple[str, tuple[str, ...]]]


def _cell_lists(reader: Reader, at: int, preposition: str, depth: int = 0) -> Iterator[tuple[int, Options, float]]:
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
            for stop, more, extra in _cell_lists(reader, follow, preposition, depth + 1):
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
        if not cells and all(token.kind == "word" for token in span) and len(span) <= 3:
            part = reader.index.parts_of_values(span)
            if part and len({cell.column for cell in part}) == 1 and len({cell.value for cell in part}) == 1:
                cells, cost = part, 1.5
        if cells:
            yield end, _grouped(cells), cost


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
                    "not|did not|do not|does not|is not|are not|were not|was not|have not|has not|non -|non|never|who did not|that did not|no",
                    at,
                )
            ]
            if end is not None
        ),
        *(
            (end, False)
            for end in [
                reader.first(
                    "is|are|was|were|do|did|does|has|have|eaten by|made by|had by|paid by|by|marked|marked as|flagged|flagged as",
                    at,
                )
            ]
            if end is not None
        ),
    ):
        for end in (start + 2, start + 1):
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


def _bracketed(reader: Reader, at: int) -> Iterator[Result]:
    for end, env, cost in reader.match("LP <c:Cond> RP", at):
        yield end, env["c"], cost


# -- conditions joined
@slot("Cond")
def condition(reader: Reader, at: int) -> Iterator[Result]:
    """Conditions joined by `and` and `or`."""
    yield from _joined(reader, at, [], 0)


def _joined(reader: Reader, at: int, before: list[tuple[str, Cond]], depth: int) -> Iterator[Result]:
    joint = before[-1][0] if before else ""
    options: list[Result] = list(reader.slot("Atom", at))
    if before and len(before[-1][1].columns) == 1 and joint:
        column = before[-1][1].columns[0]
        for start in {at, at + (reader.low(at) in ("it", "they", "is", "are"))}:
            for end, found, cost in predicates(reader, start, column, bare=False):
                options.append((end, found, cost + 0.1))
    for end, found, cost in options[:40]:
        chain = [*before[:-1], (before[-1][0], before[-1][1])] if before else []
        whole = [*chain, ("", found)]
        yield end, fold(whole), cost
        if depth >= 6:
            continue
        for words, joined in (
            ("@orword", "or"),
            (
                "and|, and|,|but|& |and also|while|and at same time|, but|&&|and that|and whose|and with|and where|and which|, and also|yet|and who|and only where|and only if|that are also|, that are|that also|but also|, where|and if|and when|, with|with|, whose|and are|and is",
                "and",
            ),
        ):
            seen = set()
            for follow, _, _ in reader.match(words, end):
                if follow in seen:
                    continue
                seen.add(follow)
                for stop, rest, more in _joined(reader, follow, [*chain, (joined, found)], depth + 1):
                    yield stop, rest, cost + more
