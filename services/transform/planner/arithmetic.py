"""Readers of calculations: signs and words between columns and numbers, and what is said of parts of texts and dates."""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.data import LogicalType
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, number, quoted, slot, text
from services.transform.steps.date_parts import DAY_NAMES, MONTH_NAMES


@dataclass(frozen=True)
class Formula:
    """An expression, the columns in it, and whether it is more than one column or number."""

    sql: str
    columns: tuple[str, ...]
    simple: bool = False


def _whole(*parts: Formula) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in part.columns))


def _in(part: Formula) -> str:
    return part.sql if part.simple else f"({part.sql})"


@slot("Operand")
def operand(reader: Reader, at: int) -> Iterator[Result]:
    """A column, a number, something in brackets: what stands before the words of a calculation."""
    for end, name, cost in reader.slot("Col", at):
        yield end, Formula(quoted(name), (name,), True), cost
    for end, value, cost in reader.slot("Num", at):
        yield end, Formula(number(value), (), True), cost + (reader.view.column(reader.tokens[at].text) is not None)
    for end, env, cost in reader.match("LP <x:Expr> RP", at):
        yield end, Formula(f"({env['x'].sql})", env["x"].columns, True), cost


@slot("Term")
def term(reader: Reader, at: int) -> Iterator[Result]:
    """A column, a number, something in brackets, or something said in words."""
    for end, name, cost in reader.slot("Col", at):
        yield end, Formula(quoted(name), (name,), True), cost
    for end, value, cost in reader.slot("Num", at):
        if reader.view.column(reader.tokens[at].text) is not None:
            cost += 1.0  # 2019 is a column here
        if reader.low(end) in ("%", "percent"):
            yield end + 1, Formula(number(round(value / 100, 12)), (), True), cost
            for stop, env, more in reader.match("of <t:Term>", end + 1):
                part = env["t"]
                yield stop, Formula(f"{number(round(value / 100, 12))} * {_in(part)}", part.columns), cost + more
        else:
            yield end, Formula(number(value), (), True), cost
    for end, env, cost in reader.match("LP <x:Expr> RP", at):
        yield end, Formula(f"({env['x'].sql})", env["x"].columns, True), cost
    yield from _said(reader, at)


def _said(reader: Reader, at: int) -> Iterator[Result]:
    for words, operator in (("[@all] (sum|total) of", "+"), ("product of", "*")):
        for end, env, cost in reader.match(f"{words} <c:Cols>", at):
            if len(env["c"]) > 1:
                yield end, Formula(f" {operator} ".join(map(quoted, env["c"])), env["c"]), cost
    for end, env, cost in reader.match("(average|mean|avg) of <c:Cols>", at):
        if len(env["c"]) > 1:
            total = " + ".join(map(quoted, env["c"]))
            yield end, Formula(f"({total}) / {len(env['c'])}", env["c"]), cost
    for words, function in (
        ("(larger|greater|bigger|maximum|max|higher|largest|greatest|highest|later) [value|one|number] of", "GREATEST"),
        ("(smaller|lesser|minimum|min|lower|smallest|lowest|earlier) [value|one|number] of", "LEAST"),
    ):
        for end, env, cost in reader.match(f"{words} <c:Cols>", at):
            if len(env["c"]) > 1:
                yield end, Formula(f"{function}({', '.join(map(quoted, env['c']))})", env["c"]), cost
    for end, env, cost in reader.match(
        "(difference|gap|spread|range) (between|of) <a:Term> and <b:Term>|difference <a:Term> - <b:Term>", at
    ):
        yield end, Formula(f"{_in(env['a'])} - {_in(env['b'])}", _whole(env["a"], env["b"])), cost
    for end, env, cost in reader.match(
        "(ratio|quotient) (of|between) <a:Term> (to|and|over|by|divided by) <b:Term>|<a:Operand> to <b:Term> ratio|<a:Operand> / <b:Term> ratio",
        at,
    ):
        yield end, Formula(f"{_in(env['a'])} / {_in(env['b'])}", _whole(env["a"], env["b"])), cost
    for end, env, cost in reader.match("<a:Operand> (subtracted from|taken from|taken away from) <b:Term>", at):
        yield end, Formula(f"{_in(env['b'])} - {_in(env['a'])}", _whole(env["a"], env["b"])), cost
    for end, env, cost in reader.match(
        "<c:Cols> (added together|added up|summed|combined|together|summed up|added)", at
    ):
        if len(env["c"]) > 1:
            yield end, Formula(" + ".join(map(quoted, env["c"])), env["c"]), cost
    for end, env, cost in reader.match("<c:Cols> (multiplied together|multiplied)", at):
        if len(env["c"]) > 1:
            yield end, Formula(" * ".join(map(quoted, env["c"])), env["c"]), cost
    for end, env, cost in reader.match("(half|half of|one half of) <t:Term>", at):
        yield end, Formula(f"{_in(env['t'])} / 2", env["t"].columns), cost
    for end, env, cost in reader.match("(twice|double|two times|double of) <t:Term>", at):
        yield end, Formula(f"{_in(env['t'])} * 2", env["t"].columns), cost
    for end, env, cost in reader.match("square root of <t:Term>", at):
        yield end, Formula(f"SQRT({env['t'].sql})", env["t"].columns, True), cost
    for end, env, cost in reader.match(
        "(absolute value of|absolute|abs of|magnitude of|absolute difference between) <t:Expr>", at
    ):
        yield end, Formula(f"ABS({env['t'].sql})", env["t"].columns, True), cost
    for end, env, cost in reader.match("absolute difference (between|of) <a:Term> and <b:Term>", at):
        yield end, Formula(f"ABS({_in(env['a'])} - {_in(env['b'])})", _whole(env["a"], env["b"]), True), cost
    for end, env, cost in reader.match("square of <t:Term>|<t:Operand> squared", at):
        yield end, Formula(f"{_in(env['t'])} * {_in(env['t'])}", env["t"].columns), cost
    for end, env, cost in reader.match("natural (log|logarithm) of <t:Term>|ln of <t:Term>", at):
        yield end, Formula(f"LN({env['t'].sql})", env["t"].columns, True), cost
    for end, env, cost in reader.match(
        "(percentage|percent|pct|%) (change|difference|increase|growth) (from|between) <a:Term> (to|and) <b:Term>", at
    ):
        a, b = env["a"], env["b"]
        yield end, Formula(f"({_in(b)} - {_in(a)}) / {_in(a)} * 100", _whole(a, b)), cost
    for end, env, cost in reader.match(
        "<a:Operand> as [@all] (percentage|percent|%|pct) of <b:Expr>|(percentage|percent) of <b:Term> that <a:Term> (is|makes up)|<a:Operand> in (percent|%|percentage) of <b:Term>",
        at,
    ):
        a, b = env["a"], env["b"]
        yield end, Formula(f"{_in(a)} / {_in(b)} * 100", _whole(a, b)), cost
    for end, env, cost in reader.match(
        "<a:Operand> as [@all] (share|fraction|proportion|part|ratio) of <b:Expr>|(share|fraction|proportion) of <a:Term> in <b:Term>",
        at,
    ):
        a, b = env["a"], env["b"]
        yield end, Formula(f"{_in(a)} / {_in(b)}", _whole(a, b)), cost
    for end, env, cost in reader.match(
        "<a:Operand> (share|percentage|percent|pct|%|fraction|proportion) of <b:Term>", at
    ):
        percent = {"percentage", "percent", "pct", "%"} & {reader.low(step) for step in range(at, end)}
        if env["a"].columns and env["b"].columns and not set(env["a"].columns) & set(env["b"].columns):
            hundred = " * 100" if percent else ""
            yield end, Formula(f"{_in(env['a'])} / {_in(env['b'])}{hundred}", _whole(env["a"], env["b"])), cost + 0.2
    for end, env, cost in reader.match("<c:Col> (in|as) (thousands|millions|billions|hundreds)", at):
        size = {"hundreds": 100, "thousands": 1_000, "millions": 1_000_000, "billions": 1_000_000_000}
        if reader.column(env["c"]).type in NUMERIC:
            yield end, Formula(f"{quoted(env['c'])} / {size[reader.low(end - 1)]}", (env["c"],)), cost
    yield from _of_texts(reader, at)


def as_text(reader: Reader, name: str) -> str:
    """A column as text, in an expression."""
    if reader.column(name).type is LogicalType.STRING:
        return quoted(name)
    return f"CAST({quoted(name)} AS STRING)"


def _of_texts(reader: Reader, at: int) -> Iterator[Result]:
    of = "(of|in|from|out of) [each|every|@all]"
    chars = "(characters|letters|chars|character|letter|digits|digit|char|symbols)"
    for end, env, cost in reader.match(f"[@only] first <n:Count> {chars} {of} <c:Col>", at):
        yield end, Formula(f"LEFT({as_text(reader, env['c'])}, {env['n']})", (env["c"],), True), cost
    for end, env, cost in reader.match(f"[@only] last <n:Count> {chars} {of} <c:Col>", at):
        yield end, Formula(f"RIGHT({as_text(reader, env['c'])}, {env['n']})", (env["c"],), True), cost
    for end, env, cost in reader.match(
        f"[@only] (first|initial) (character|letter|char|letter) {of} <c:Col>|initial {of} <c:Col>|<c:Col> ['s] (first|initial) (letter|character)",
        at,
    ):
        yield end, Formula(f"LEFT({as_text(reader, env['c'])}, 1)", (env["c"],), True), cost
    for end, env, cost in reader.match(f"[@only] last (character|letter|char|digit) {of} <c:Col>", at):
        yield end, Formula(f"RIGHT({as_text(reader, env['c'])}, 1)", (env["c"],), True), cost
    for end, env, cost in reader.match(f"{chars} <a:Count> (to|through|-|–) <b:Count> {of} <c:Col>", at):
        if env["b"] >= env["a"] > 0:
            yield (
                end,
                Formula(
                    f"SUBSTRING({as_text(reader, env['c'])}, {env['a']}, {env['b'] - env['a'] + 1})", (env["c"],), True
                ),
                cost,
            )
    for end, env, cost in reader.match(
        f"(number of|count of|how many) {chars} (in|of) [each|text of] <c:Col> [has|is]|[text|string|character] length of <c:Col> [text|string] [in characters]|<c:Col> ['s] length in characters|how (long|many {chars}) <c:Col> (is|has) [in characters]",
        at,
    ):
        if reader.column(env["c"]).type is LogicalType.STRING:
            yield end, Formula(f"LENGTH({quoted(env['c'])})", (env["c"],), True), cost
    for words, function in (
        ("upper [-] case|uppercase|capitals|capital letters|all caps", "UPPER"),
        ("lower [-] case|lowercase|small letters", "LOWER"),
    ):
        for end, env, cost in reader.match(
            f"<c:Col> in [all] ({words})|({words}) [version|form|copy|spelling] of <c:Col>|({words}) <c:Col>", at
        ):
            if reader.column(env["c"]).type is LogicalType.STRING:
                yield end, Formula(f"{function}({quoted(env['c'])})", (env["c"],), True), cost
    yield from _of_moments(reader, at)


def named_part(part: str, moment: str, names: tuple[str, ...], short: bool = False) -> str:
    """A number of a date as its English name."""
    cases = " ".join(f"WHEN {at} THEN {text(name[:3] if short else name)}" for at, name in enumerate(names, start=1))
    return f"CASE DATE_PART('{part}', {moment}) {cases} END"


_CLOCK = "LPAD(CAST(DATE_PART('{unit}', {{0}}) AS STRING), 2, '0')"
_PARTS = (
    (
        "hour and (minute|minutes)|hours and minutes|clock time|time of day|time [LP] (hh : mm|in hh : mm|as hh : mm) [RP]",
        _CLOCK.format(unit="hour") + " || ':' || " + _CLOCK.format(unit="minute"),
    ),
    (
        "year and month|month and year|year - month|year month",
        "CAST(DATE_PART('year', {0}) AS STRING) || '-' || " + _CLOCK.format(unit="month"),
    ),
    (
        "year|calendar year|4 - digit year|four - digit year|year number|integer year|numeric year|whole year|year as integer|year as number",
        "DATE_PART('year', {0})",
    ),
    ("quarter|quarter number|calendar quarter|quarter of year", "DATE_PART('quarter', {0})"),
    (
        "month|month number|number of month|number of the month|calendar month|month as number|month as a number|numeric month",
        "DATE_PART('month', {0})",
    ),
    ("[iso] week|[iso] week number|calendar week|week of year|iso week of year", "DATE_PART('week', {0})"),
    ("day|day of month|day number|day of the month|day of month number", "DATE_PART('day', {0})"),
    ("day of year|day number of year|day of the year", "DATE_PART('doy', {0})"),
    ("hour|hour of day", "DATE_PART('hour', {0})"),
    ("minute|minutes", "DATE_PART('minute', {0})"),
    ("date|date part|day without time|calendar date", "DATE_TRUNC('day', {0})"),
)
_NAMES = (
    (
        "[full|english|whole|full english] (month name|name of month|month by name|month in words|month as word|month as text|month as name|month's name|month as a word)",
        "month",
        MONTH_NAMES,
        False,
    ),
    (
        "[three letter|3 - letter|three - letter|short|abbreviated|3 letter] (month name|month|month abbreviation|name of month)",
        "month",
        MONTH_NAMES,
        True,
    ),
    (
        "[full|english|whole|full english] (weekday|weekday name|day name|name of weekday|name of day|day of week name|name of day of week|day of week|week day|weekday as word|weekday as text|day of the week) [as name|as text|in words|by name|name]",
        "isodow",
        DAY_NAMES,
        False,
    ),
    (
        "[three letter|3 - letter|three - letter|short|abbreviated|3 letter] (weekday|weekday name|day name|day of week|name of weekday|weekday abbreviation)",
        "isodow",
        DAY_NAMES,
        True,
    ),
)
_EXAMPLE = "[LP|,] [like|as|e . g .|such as|for example|i . e .|as in] [full|in english|english|words|name|full english] [day|month] [name] [in english|like|as in|e . g .] <e:Sample> [RP]"


@slot("Sample")
def sample_word(reader: Reader, at: int) -> Iterator[Result]:
    """An example: one word or quoted text, and more after commas."""
    if at < len(reader.tokens) and reader.tokens[at].kind in ("word", "quoted"):
        yield at + 1, reader.tokens[at].text, 0.0
        end = at + 1
        while (
            reader.low(end) in (",", "/")
            and end + 1 < len(reader.tokens)
            and reader.tokens[end + 1].kind in ("word", "quoted")
        ):
            end += 2
            yield end, reader.tokens[at].text, 0.0


def moment_of(reader: Reader, column: str) -> str | None:
    """A column as a moment, in an expression; None where it is none."""
    type_ = reader.column(column).type
    if type_ in TEMPORAL:
        return quoted(column)
    return None


@slot("DatePart")
def date_part(reader: Reader, at: int) -> Iterator[Result]:
    """A part of a date: a template with the place of the moment, and a name for it."""
    for words, template in _PARTS:
        for end, _, cost in reader.match(f"({words})", at):
            name = (
                reader.low(at)
                if reader.low(at) not in ("calendar", "iso", "number", "numeric", "integer", "whole", "4", "four")
                else words.split("|")[0].split()[-1]
            )
            yield end, (template, name), cost
    for words, part, names, short in _NAMES:
        for end, env, cost in reader.match(f"({words}) [{_EXAMPLE}]", at):
            said = [reader.low(step) for step in range(at, end)]
            if short and not {"three", "3", "short", "abbreviated", "abbreviation"} & set(said):
                example = str(env.get("e", ""))
                if len(example) != 3:
                    continue
            if not short and len(str(env.get("e", ""))) == 3 and "e" in env and str(env["e"]).casefold() != "may":
                continue
            plain = said == ["day", "of", "week"]
            label = "weekday" if part == "isodow" else "month_name"
            yield end, (named_part(part, "{0}", names, short), label), cost + (0.3 if plain else 0.0)


def _of_moments(reader: Reader, at: int) -> Iterator[Result]:
    for end, env, cost in reader.match(
        "<p:DatePart> (of|in|from|out of|for|that|on which) [each|every] <c:Col> [falls on|falls in|is in]|<c:Col> ['s] <p:DatePart>",
        at,
    ):
        moment = moment_of(reader, env["c"])
        if moment is not None:
            yield end, Formula(env["p"][0].format(moment), (env["c"],), True), cost
    for end, env, cost in reader.match(
        "(number of|how many) days (between|from) <a:Col> (and|to|until) <b:Col>|days (between|from) <a:Col> (and|to|until) <b:Col>|<b:Col> (minus|-) <a:Col> in days|days <a:Col> to <b:Col>",
        at,
    ):
        if reader.column(env["a"]).type in TEMPORAL and reader.column(env["b"]).type in TEMPORAL:
            yield end, Formula(f"@days@{env['a']}@{env['b']}", (env["a"], env["b"]), True), cost


def _operators(reader: Reader, at: int, words: str) -> list[int]:
    return sorted({end for end, _, _ in reader.match(words, at)})


@slot("Product")
def product(reader: Reader, at: int) -> Iterator[Result]:
    """Terms multiplied and divided."""
    for end, found, cost in _powers(reader, at):
        yield from _products(reader, end, found, cost, 0)


def _powers(reader: Reader, at: int) -> Iterator[tuple[int, Formula, float]]:
    """Terms, and what they are when raised to a small power."""
    for end, found, cost in reader.slot("Term", at):
        yield end, found, cost
        for stop, env, more in reader.match("(^|* *|to power of) <n:Count>|squared|cubed", end):
            times = int(env.get("n", 2 if reader.low(end) == "squared" else 3))
            if 2 <= times <= 4:
                sql = " * ".join([_in(found)] * times)
                yield stop, Formula(f"({sql})", found.columns, True), cost + more


def _products(reader: Reader, at: int, found: Formula, cost: float, depth: int) -> Iterator[Result]:
    yield at, found, cost
    if depth >= 5:
        return
    for words, sign in (("@times", "*"), ("@over", "/")):
        for follow in _operators(reader, at, words):
            for end, other, more in _powers(reader, follow):
                if reader.low(at) == "per" and not other.columns:
                    continue
                if not found.columns and not other.columns:
                    continue
                joined = Formula(
                    f"{_in(found) if sign == '/' or '+' in found.sql or '-' in found.sql else found.sql} {sign} {_in(other)}",
                    _whole(found, other),
                )
                yield from _products(reader, end, joined, cost + more, depth + 1)


@slot("Expr")
def expression(reader: Reader, at: int) -> Iterator[Result]:
    """A calculation."""
    for end, found, cost in reader.slot("Product", at):
        yield from _sums(reader, end, found, cost, 0)


def _sums(reader: Reader, at: int, found: Formula, cost: float, depth: int) -> Iterator[Result]:
    yield at, found, cost
    if depth >= 8:
        return
    for words, sign in (("+|plus|added to", "+"), ("@minus", "-")):
        for follow in _operators(reader, at, words):
            for end, other, more in reader.slot("Product", follow):
                joined = Formula(f"{found.sql} {sign} {_in(other)}", _whole(found, other))
                yield from _sums(reader, end, joined, cost + more, depth + 1)


NUMBERS_ONLY = NUMERIC
