"""Conditions that count and measure: at least 4 cylinders, heavier than 5 kg, older than 30."""

from collections.abc import Iterator

from contracts.data import LogicalType
from services.transform.planner.conditions import Against, Cond, compared
from services.transform.planner.lexicon import MEASURES
from services.transform.planner.predicates import _OPERATORS, _in_unit
from services.transform.planner.reading import NUMERIC, Reader, Result, number, quoted, slot
from services.transform.planner.words import key, parts, stem


def _counted(reader: Reader, at: int) -> Iterator[Result]:
    """At least 4 cylinders; 8-cylinder; parties of at least 4."""
    for words, operator in (*_OPERATORS, ("[exactly|with|have|has|having|of|that have|which have]", "=")):
        for end, env, cost in reader.match(
            f"[with|have|has|having|that have|which have|who have|had|made|got|of|showing|who made|who had|{_SPENT}] {words} <n:Num> [-] <c:Col>",
            at,
        ):
            if _numbers_them(reader, reader.low(end - 1), env["c"]):
                continue
            if reader.column(env["c"]).type in NUMERIC and _is_head(reader.low(end - 1), env["c"]):
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
        for end, env, cost in reader.match(
            f"[with|have|has|having|of] <n:Num> {words} <c:Col>|[with|have|has|having|of] <n:Num> <c:Col> {words}", at
        ):
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


# What people did with what is counted: it says no more than that they had it.
_SPENT = "[who|that|which] (stayed|stay|staying|spent|used|bought|booked|ordered|took|played|worked|sold|needed|lasted|ran|drove) [for|on]"


def _is_head(word: str, column: str) -> bool:
    """Whether a word is what the column counts: `10 units` are not a unit price."""
    own = parts(column)
    return len(own) < 2 or stem(word) != stem(own[0]) or own[-1] in ("id", "no", "count", "number")


def _numbers_them(reader: Reader, word: str, column: str) -> bool:
    """Whether a column holds the number of each thing, not how many there are: `flight` says nothing of 5 flights."""
    view = reader.column(column)
    named = stem(word) != word and key(column) == stem(word)
    return named and view.type is LogicalType.INTEGER and view.distinct > max(20, reader.view.rows / 3)


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
                yield end, compared(env["c"], Against(operator, "mean", env["c"])), cost + 0.2


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
