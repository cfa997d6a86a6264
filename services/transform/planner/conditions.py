"""Conditions on rows: what is said of a column, of a value that names its column, of things with or without something."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from contracts.data import LogicalType
from services.transform.planner import dates
from services.transform.planner.lexicon import MEASURES
from services.transform.planner.linking import Cell, truth
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, listed, number, quoted, slot, text
from services.transform.planner.slots import in_unit_of
from services.transform.planner.view import ask
from services.transform.planner.words import key, ordinal, parts


@dataclass(frozen=True)
class Cond:
    """A condition: its expression, and its column and values where it says that one equals one of the others."""

    sql: str
    columns: tuple[str, ...]
    equals: tuple[str, ...] = ()  # written values of columns[0]
    negated: bool = False


def negate(condition: Cond) -> Cond:
    """The rows that do not satisfy it; nulls satisfy neither."""
    return Cond(f"NOT ({condition.sql})", condition.columns)


def both(conditions: list[Cond], word: str = "AND") -> Cond:
    """Several conditions in one."""
    if len(conditions) == 1:
        return conditions[0]
    seen = tuple(dict.fromkeys(name for one in conditions for name in one.columns))
    return Cond(f" {word} ".join(f"({one.sql})" for one in conditions), seen)


def one_of(column: str, values: list[str] | tuple[str, ...], written: bool = False) -> Cond:
    """A column equals one of some values."""
    literals = tuple(values) if written else tuple(text(value) for value in values)
    name = quoted(column)
    sql = f"{name} = {literals[0]}" if len(literals) == 1 else f"{name} IN ({', '.join(literals)})"
    return Cond(sql, (column,), literals)


def none_of(found: Cond) -> Cond:
    """Its opposite, for a list of values."""
    name = quoted(found.columns[0])
    values = found.equals
    sql = f"{name} <> {values[0]}" if len(values) == 1 else f"{name} NOT IN ({', '.join(values)})"
    return Cond(sql, found.columns, values, negated=True)


# -- what can be said of a column


def predicates(reader: Reader, at: int, column: str, *, bare: bool = True) -> Iterator[Result]:
    """What is said of a column from here on; `bare` allows a value without a verb."""
    type_ = reader.column(column).type
    name = quoted(column)
    for end, _, cost in reader.match("@isblank", at):
        if (
            reader.low(at) in ("unknown", "none", "na", "missing")
            and reader.index.value_of(column, [reader.tokens[at]])[0]
        ):
            continue
        yield end, Cond(f"{name} IS NULL", (column,)), cost
    for end, _, cost in reader.match("@notblank", at):
        yield end, Cond(f"{name} IS NOT NULL", (column,)), cost
    if type_ in NUMERIC:
        yield from _of_numbers(reader, at, column)
    if type_ in TEMPORAL:
        yield from _of_moments(reader, at, column)
    if type_ is LogicalType.STRING:
        yield from _of_texts(reader, at, column)
    yield from _of_truths(reader, at, column)
    yield from _of_values(reader, at, column, bare)
    yield from _of_columns(reader, at, column)


_OPERATORS = (("@gt", ">"), ("@ge", ">="), ("@lt", "<"), ("@le", "<="))
_BE = "[is|are|was|were|be|being|has|of|have|that is|which is|with|a|of a|value|values|value of] "


def _of_numbers(reader: Reader, at: int, column: str) -> Iterator[Result]:
    name = quoted(column)

    def said(end: int, env: dict[str, object], operator: str, cost: float, slot_: str = "n") -> Iterator[Result]:
        value, unit = env[slot_]  # type: ignore[misc]
        wanted = _in_unit(reader, end, value, unit, column)
        if wanted is not None:
            yield end, Cond(f"{name} {operator} {number(wanted)}", (column,)), cost

    for words, operator in _OPERATORS:
        for end, env, cost in reader.match(f"{_BE} [not] {words} [or equal to] <n:Amount>", at):
            low = [reader.low(step) for step in range(at, end)]
            swap = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
            real = operator
            if "equal" in low and "or" in low and operator in (">", "<"):
                real = operator + "="
            if "not" in low and not reader.match_any(f"{_BE} {words}", at):
                real = swap[real]
            yield from said(end, env, real, cost)
    for words, operator in (("@andup", ">="), ("@anddown", "<=")):
        for end, env, cost in reader.match(f"{_BE} <n:Amount> {words} [in @columns]", at):
            yield from said(end, env, operator, cost)
    for end, env, cost in reader.match(
        f"{_BE} [not] [anywhere|somewhere] (between|from|in range|in range of|in range from|ranging from|within|ranges from|lies between|falls between|lie between|in between|inside range|within range|in interval|inside) <a:Amount> (and|to|-|–|until|up to|through|up to and including|,) <b:Amount> [,] [LP] [@incl] [RP]",
        at,
    ):
        low, high = _pair(reader, end, env, column)
        if low is not None and high is not None:
            if low > high:
                reader.note(
                    end, ask("contradictory", f"No number lies between {low} and {high}; which limits are meant?"), 4.0
                )
                continue
            negated = "NOT " if any(reader.low(step) == "not" for step in range(at, at + 4)) else ""
            yield end, Cond(f"{name} {negated}BETWEEN {number(low)} AND {number(high)}", (column,)), cost
    for end, env, cost in reader.match(
        f"{_BE} (between|from) <a:Amount> (and|to|-|until) <b:Amount> [,] [LP] @excl [RP]|{_BE} strictly between <a:Amount> and <b:Amount>",
        at,
    ):
        low, high = _pair(reader, end, env, column)
        if low is not None and high is not None:
            yield end, Cond(f"{name} > {number(low)} AND {name} < {number(high)}", (column,)), cost
    for end, env, cost in reader.match(
        f"{_BE} from <a:Amount> (to|up to|until) (below|under|less than|but not including|not including) <b:Amount>|{_BE} from <a:Amount> (to|up to) but (not including|excluding) <b:Amount>|{_BE} from <a:Amount> up [to] but not including <b:Amount>|{_BE} @ge <a:Amount> (and|but) @lt <b:Amount>",
        at,
    ):
        low, high = _pair(reader, end, env, column)
        if low is not None and high is not None:
            yield end, Cond(f"{name} >= {number(low)} AND {name} < {number(high)}", (column,)), cost
    for end, env, cost in reader.match(
        "[@be] <n:Amount> [(and|or|,) <m:Amount>] [(and|or|, or) <o:Amount>] [exactly]", at
    ):
        values = []
        for one in ("n", "m", "o"):
            if one in env:
                wanted = _in_unit(reader, end, env[one][0], env[one][1], column)
                if wanted is not None:
                    values.append(number(wanted))
        plain = "m" not in env or reader.low(at) not in ("between",)
        if values and plain:
            yield end, one_of(column, values, written=True), cost + (0.1 if end - at == 1 else 0.0)
    for end, env, cost in reader.match("@benot <n:Amount> [(and|or|nor|,) <m:Amount>]", at):
        wanted = [number(env[one][0]) for one in ("n", "m") if one in env]
        yield end, none_of(one_of(column, wanted, written=True)), cost
    for phrase, sql in (
        ("[is|are|was] (positive|greater than zero|above zero|more than zero|over zero)", f"{name} > 0"),
        ("[is|are|was] (negative|below zero|less than zero|under zero|minus|in red|at loss)", f"{name} < 0"),
        ("[is|are] not negative|[is|are] non - negative|[is|are] nonnegative", f"{name} >= 0"),
        ("[is|are] not zero|[is|are] (nonzero|non - zero|non zero)", f"{name} <> 0"),
        ("[is|are] even [number|numbers]", f"{name} % 2 = 0"),
        ("[is|are] odd [number|numbers]", f"{name} % 2 <> 0"),
        ("[is|are] [a] whole [number|numbers]", f"{name} = FLOOR({name})"),
        ("[is|are] (divisible by|multiple of) 10", f"{name} % 10 = 0"),
        ("[is|are] (divisible by|multiple of) 5", f"{name} % 5 = 0"),
        ("[is|are] (divisible by|multiple of) 100", f"{name} % 100 = 0"),
    ):
        end_ = reader.first(phrase, at)
        if end_ is not None:
            yield end_, Cond(sql, (column,)), 0.0


def _pair(
    reader: Reader, end: int, env: dict[str, object], column: str
) -> tuple[float | int | None, float | int | None]:
    (low, unit_low), (high, unit_high) = env["a"], env["b"]  # type: ignore[misc]
    return (
        _in_unit(reader, end, low, unit_low or unit_high, column),
        _in_unit(reader, end, high, unit_high or unit_low, column),
    )


def _in_unit(reader: Reader, end: int, value: float | int, unit: str | None, column: str) -> float | int | None:
    if unit == "%":
        greatest = reader.column(column).greatest
        if greatest is not None and greatest <= 1.0 and value > 1:
            shown = value / 100
            return int(shown) if shown.is_integer() else round(shown, 12)
        return value
    wanted = in_unit_of(value, unit, column)
    if wanted is None:
        reader.note(end, ask("ambiguous", f"'{column}' is not in {unit}. Which value of '{column}' is meant?"), 3.0)
    return wanted


def _of_moments(reader: Reader, at: int, column: str) -> Iterator[Result]:
    type_ = reader.column(column).type
    be = "[is|are|was|were|falls|fall|dated|lies|be|that is|happened|occurred] "
    for words, operator in (
        ("@after", ">"),
        ("@since", ">="),
        ("@before", "<"),
        ("@until", "<="),
        ("@gt", ">"),
        ("@lt", "<"),
    ):
        for end, env, cost in reader.match(f"{be} {words} <d:Span> [LP] [@incl] [RP]", at):
            yield end, Cond(dates.compare(column, type_, operator, env["d"]), (column,)), cost
    for end, env, cost in reader.match(
        f"{be} (from|since|starting) <d:Span> (on|onwards|onward|on wards|and later|and on|or later|forward|and after)|{be} <d:Span> (or later|and later|onwards|or after|and after)",
        at,
    ):
        yield end, Cond(dates.compare(column, type_, ">=", env["d"]), (column,)), cost
    for end, env, cost in reader.match(f"{be} <d:Span> (or earlier|and earlier|or before|and before)", at):
        yield end, Cond(dates.compare(column, type_, "<=", env["d"]), (column,)), cost
    for end, env, cost in reader.match(
        f"{be} [not] (between|from|in range|in period|in period from|within|ranging from) <a:Span> (and|to|until|till|through|up to|-|–|up to and including) <b:Span> [,] [LP] [@incl] [RP]",
        at,
    ):
        if env["a"].first > env["b"].last:
            reader.note(end, ask("contradictory", "The period ends before it begins; which dates are meant?"), 4.0)
            continue
        inside = f"{dates.compare(column, type_, '>=', env['a'])} AND {dates.compare(column, type_, '<=', env['b'])}"
        negated = any(reader.low(step) == "not" for step in range(at, at + 3))
        yield end, Cond(f"NOT ({inside})" if negated else inside, (column,)), cost
    for end, env, cost in reader.match("[@on] <d:Span> [(and|or|,) <e:Span>] [only]", at):
        spans = [env[one] for one in ("d", "e") if one in env]
        found = [Cond(dates.compare(column, type_, "=", one), (column,)) for one in spans]
        yield end, both(found, "OR"), cost + 0.05
    for end, env, cost in reader.match("[@benot] [@on] <d:Span>", at):
        if any(reader.low(step) == "not" for step in range(at, end)):
            yield end, Cond(dates.compare(column, type_, "<>", env["d"]), (column,)), cost
    yield from _calendar(reader, at, column)


def _calendar(reader: Reader, at: int, column: str) -> Iterator[Result]:
    """Months and days of the week, whatever the year."""
    name = quoted(column)
    for end, env, cost in reader.match("[@on] [month|months] [of] <m:MonthsNamed>", at):
        yield end, Cond(f"DATE_PART('month', {name}) IN ({', '.join(map(str, env['m']))})", (column,)), cost + 0.1
    for end, env, cost in reader.match("[@on] <m:DaysNamed>", at):
        yield end, Cond(f"DATE_PART('isodow', {name}) IN ({', '.join(map(str, env['m']))})", (column,)), cost + 0.1
    end_ = reader.first("[@on] (weekend|weekends|weekend days)", at)
    if end_ is not None:
        yield end_, Cond(f"DATE_PART('isodow', {name}) IN (6, 7)", (column,)), 0.1
    end_ = reader.first("[@on] (weekday|weekdays|workdays|working days|week days)", at)
    if end_ is not None:
        yield end_, Cond(f"DATE_PART('isodow', {name}) <= 5", (column,)), 0.1


@slot("MonthsNamed")
def months_named(reader: Reader, at: int) -> Iterator[Result]:
    """Some months by name."""
    yield from _named(reader, at, dates.month_number)


@slot("DaysNamed")
def days_named(reader: Reader, at: int) -> Iterator[Result]:
    """Some days of the week by name."""
    yield from _named(reader, at, dates.weekday_number)


def _named(reader: Reader, at: int, numbered: object) -> Iterator[Result]:
    found: list[int] = []
    step = at
    while step < len(reader.tokens):
        value = numbered(reader.low(step))  # type: ignore[operator]
        if value is None or reader.tokens[step].kind != "word":
            return
        if reader.low(step) in ("may", "mar", "sat", "sun", "march") and reader.tokens[step].text[0].islower():
            return
        found.append(value)
        step += 1
        yield step, tuple(found), 0.0
        if reader.low(step) in (",", "and", "or", "&"):
            step += 1 + (reader.low(step + 1) in ("and", "or"))
        elif reader.low(step) in ("to", "through", "-") and step + 1 < len(reader.tokens):
            last = numbered(reader.low(step + 1))  # type: ignore[operator]
            if last is not None and last > value:
                yield step + 2, (*found, *range(value + 1, last + 1)), 0.0
            return
        else:
            return


def _of_texts(reader: Reader, at: int, column: str) -> Iterator[Result]:
    name = quoted(column)
    for words, shape in (
        ("@contains", "contains"),
        ("@containsnot", "not contains"),
        ("@starts", "starts"),
        ("@startsnot", "not starts"),
        ("@ends", "ends"),
        ("@endsnot", "not ends"),
    ):
        for end, env, cost in reader.match(
            f"{words} [either] <m:Mark> [(or|, or|and|,) <o:Mark>] [in it|in them|somewhere in it|anywhere|in name|somewhere]",
            at,
        ):
            if (
                reader.low(at) in ("has", "have", "with", "having", "includes", "like", "including", "holds")
                and not (reader.tokens[at + 1 if at + 1 < len(reader.tokens) else at].kind == "quoted" or end - at > 2)
                and words == "@contains"
            ):
                cost += 0.6
            marks = [env[one] for one in ("m", "o") if one in env]
            found = [_part(reader, column, shape.replace("not ", ""), one) for one in marks]
            whole = both(found, "OR")
            yield end, (negate(whole) if shape.startswith("not") else whole), cost + 0.1
    for end, env, cost in reader.match(
        "[is|are|has|have|of] (more than|over|longer than) <n:Count> (characters|letters|chars|characters long|letters long|digits)",
        at,
    ):
        yield end, Cond(f"LENGTH({name}) > {env['n']}", (column,)), cost
    for end, env, cost in reader.match(
        "[is|are|has|have|of] (fewer than|less than|under|shorter than) <n:Count> (characters|letters|chars|characters long|letters long|digits)",
        at,
    ):
        yield end, Cond(f"LENGTH({name}) < {env['n']}", (column,)), cost
    for end, env, cost in reader.match(
        "[is|are|has|have|of] [exactly] <n:Count> (characters|letters|chars|digits) [long]", at
    ):
        yield end, Cond(f"LENGTH({name}) = {env['n']}", (column,)), cost


def _part(reader: Reader, column: str, shape: str, part: str) -> Cond:
    """A text holds a part; in any case of letters where none is written as it was asked."""
    view = reader.column(column)
    tests = {
        "contains": lambda value, one: one in value,
        "starts": lambda value, one: value.startswith(one),
        "ends": lambda value, one: value.endswith(one),
    }
    function = {"contains": "CONTAINS", "starts": "STARTS_WITH", "ends": "ENDS_WITH"}[shape]
    name = quoted(column)
    exact = not view.values or any(tests[shape](value, part) for value in view.values)
    if exact:
        return Cond(f"{function}({name}, {text(part)})", (column,))
    return Cond(f"{function}(LOWER({name}), {text(part.lower())})", (column,))


def _of_truths(reader: Reader, at: int, column: str) -> Iterator[Result]:
    view = reader.column(column)
    said = truth(view)
    if said is None:
        return
    for phrase, value in (
        ("[is|are|was|were|=|==|equals|be] (true|yes|y|1|on|set)", said[0]),
        ("[is|are|was|were|=|==|equals|be] (false|no|n|0|off|not true|not set)|[is|are] not (true|yes)", said[1]),
    ):
        end = reader.first(phrase, at)
        if end is not None:
            yield end, _truth_is(reader, column, value), 0.05


def _truth_is(reader: Reader, column: str, value: str) -> Cond:
    type_ = reader.column(column).type
    if type_ is LogicalType.BOOLEAN:
        return one_of(column, [value.upper()], written=True)
    return one_of(column, [value], written=type_ in NUMERIC)


def _of_values(reader: Reader, at: int, column: str, bare: bool) -> Iterator[Result]:
    type_ = reader.column(column).type
    if type_ in NUMERIC or type_ in TEMPORAL:
        return
    for end, _, cost in reader.match("[@be]" if bare else "@be", at):
        for stop, values, more in values_of(reader, end, column):
            yield stop, one_of(column, values), cost + more + (0.05 if end == at else 0.0)
    for end, _, cost in reader.match("@benot", at):
        for stop, values, more in values_of(reader, end, column):
            yield stop, none_of(one_of(column, values)), cost + more


def values_of(reader: Reader, at: int, column: str) -> Iterator[tuple[int, tuple[str, ...], float]]:
    """Some values of a column, joined by commas, `and`, `or`."""
    view = reader.column(column)
    for end, values, cost in _one_value(reader, at, column):
        yield end, values, cost
        follow = end
        if reader.low(follow) == ",":
            follow += 1
        if reader.low(follow) in ("and", "or", "nor", "&", "/"):
            follow += 1
        if follow > end:
            for stop, more, extra in values_of(reader, follow, column):
                yield stop, (*values, *(one for one in more if one not in values)), cost + extra
    if at < len(reader.tokens) and view.complete:
        token = reader.tokens[at]
        if token.kind == "quoted" and not reader.index.value_of(column, [token])[0]:
            reader.note(
                at + 1,
                ask("unknown_value", f"'{column}' has no value '{token.text}'. Which value is meant?", view.values[:8]),
                2.5,
            )


def _one_value(reader: Reader, at: int, column: str) -> Iterator[tuple[int, tuple[str, ...], float]]:
    start = at + (reader.low(at) in ("value", "either", "both"))
    view = reader.column(column)
    for end in range(min(len(reader.tokens), start + 8), start, -1):
        span = reader.tokens[start:end]
        if any(token.kind == "break" for token in span) or span[-1].low in (",", ".", ";"):
            continue
        raw = reader.raw(start, end)
        if raw in view.values:
            yield end, (raw,), 0.0
            continue
        values, cost = reader.index.value_of(column, span)
        if values and len({key(value) for value in values}) == 1:
            yield end, tuple(values), cost
        elif not values and not view.complete and (span[0].kind == "quoted" and len(span) == 1):
            yield end, (span[0].text,), 0.5


def _of_columns(reader: Reader, at: int, column: str) -> Iterator[Result]:
    name = quoted(column)
    be = "[is|are|was|were|has] "
    for words, operator in (
        *_OPERATORS,
        ("(= |==|equals|equal to|same as|as|matches)", "="),
        ("(different from|differs from|not equal to|not same as|<>|!=|not)", "<>"),
        ("@after", ">"),
        ("@before", "<"),
    ):
        for end, env, cost in reader.match(f"{be} {words} <c:Col>", at):
            if env["c"] != column:
                yield end, Cond(f"{name} {operator} {quoted(env['c'])}", (column, env["c"])), cost + 0.2
    for words, operator in _OPERATORS:
        for end, env, cost in reader.match(f"{be} {words} <n:Num> (%|percent|per cent) of [its|the|their] <c:Col>", at):
            if env["c"] != column and reader.column(env["c"]).type in NUMERIC:
                yield (
                    end,
                    Cond(
                        f"{name} {operator} {quoted(env['c'])} * {number(round(env['n'] / 100, 12))}",
                        (column, env["c"]),
                    ),
                    cost,
                )
        for end, env, cost in reader.match(
            f"{be} {words} <n:Amount> (above|higher than|more than|greater than|over|larger than|longer than|bigger than) <c:Col>",
            at,
        ):
            if env["c"] != column and reader.column(env["c"]).type in NUMERIC:
                yield (
                    end,
                    Cond(f"{name} - {quoted(env['c'])} {operator} {number(env['n'][0])}", (column, env["c"])),
                    cost,
                )
        for end, env, cost in reader.match(
            f"{be} {words} <n:Amount> (below|lower than|less than|under|smaller than|shorter than) <c:Col>", at
        ):
            if env["c"] != column and reader.column(env["c"]).type in NUMERIC:
                yield (
                    end,
                    Cond(f"{quoted(env['c'])} - {name} {operator} {number(env['n'][0])}", (column, env["c"])),
                    cost,
                )
        for end, env, cost in reader.match(
            f"{be} {words} (twice|double|two times|half|three times) [its|the|their] <c:Col>", at
        ):
            times = {"twice": "2", "double": "2", "two": "2", "half": "0.5", "three": "3"}
            factor = next(times[reader.low(step)] for step in range(at, end) if reader.low(step) in times)
            if env["c"] != column and reader.column(env["c"]).type in NUMERIC:
                yield end, Cond(f"{name} {operator} {quoted(env['c'])} * {factor}", (column, env["c"])), cost
    for words, operator in _OPERATORS[0:1] + _OPERATORS[2:3]:
        for figure in ("average|mean|avg", "median"):
            end_ = reader.first(
                f"{be} {words} [overall|its] ({figure}) [value|of column|of that column|for column|of all rows]", at
            )
            if end_ is not None:
                for stop, env, cost in [
                    (end_, {}, 0.0),
                    *reader.match(f"{be} {words} [overall|its] ({figure}) [of] <c:Col>", at),
                ]:
                    if env.get("c", column) == column:
                        yield stop, Cond(f"@{figure.split('|')[0]}@{operator}", (column,)), cost + 0.1


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


def fold(chain: list[tuple[str, Cond]]) -> Cond:
    """Conditions and what joins each to the next: `and` before `or`."""
    groups: list[list[Cond]] = [[]]
    for at, (_, found) in enumerate(chain):
        joint = chain[at - 1][0] if at else "and"
        if joint == "or":
            groups.append([found])
            continue
        groups[-1].append(found)
    return both([both(group) for group in groups], "OR")
