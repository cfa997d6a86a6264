"""What can be said of a column: of its nulls, its numbers, its dates, of other columns beside it."""

from collections.abc import Iterator
from typing import Any

from contracts.data import LogicalType
from services.transform.planner import dates
from services.transform.planner.conditions import Against, Cond, both, compared, none_of, one_of
from services.transform.planner.lexicon import MEASURES, OWN_KIND
from services.transform.planner.pieces import in_unit_of
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, number, quoted, slot
from services.transform.planner.view import ask
from services.transform.planner.worded import _of_texts, _of_truths, _of_values
from services.transform.planner.words import parts


# -- what can be said of a column
def predicates(reader: Reader, at: int, column: str, *, bare: bool = True) -> Iterator[Result]:
    """What is said of a column from here on; `bare` allows a value without a verb."""
    type_ = reader.column(column).type
    name = quoted(column)
    for end, _, cost in reader.match("@isblank", at):
        last = reader.tokens[end - 1]
        if last.low in ("unknown", "none", "na", "missing") and reader.index.value_of(column, [last])[0]:
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

    def said(end: int, env: dict[str, Any], operator: str, cost: float) -> Iterator[Result]:
        value, unit = env["n"]
        wanted = _in_unit(reader, end, value, unit, column)
        if wanted is not None:
            bears = reader.view.column(reader.tokens[end - 1].text) is not None  # 2019 may be a column
            yield end, Cond(f"{name} {operator} {number(wanted)}", (column,)), cost + 0.8 * bears

    for words, operator in _OPERATORS:
        for end, env, cost in reader.match(f"{_BE} [not] {words} [or equal to] <n:Amount>", at):
            words_said = [reader.low(step) for step in range(at, end)]
            if _another_year(reader, at, column, [number(env["n"][0])]):
                continue
            if any(_of_another(reader, word, column) for word in words_said):
                continue
            swap = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
            real = operator
            if "equal" in words_said and "or" in words_said and operator in (">", "<"):
                real = operator + "="
            if "not" in words_said and not reader.match_any(f"{_BE} {words}", at):
                real = swap[real]
            yield from said(end, env, real, cost)
    if _holds_years(reader, column):
        for words, operator in (("@after", ">"), ("@since", ">="), ("@before", "<"), ("@until", "<=")):
            for end, env, cost in reader.match(f"[is|are|was|were] {words} <n:Num>", at):
                if operator == ">=" and reader.low(at) == "from":
                    continue  # cars from 1975 are those of that year
                yield end, Cond(f"{name} {operator} {number(env['n'])}", (column,)), cost + 0.1
        for end, env, cost in reader.match("[is|are|was|were] (in|from) <n:Num>", at):
            yield end, one_of(column, [number(env["n"])], written=True), cost + 0.2
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
        "[@be|of|with] <n:Amount> [(and|or|,) <m:Amount>] [(and|or|, or) <o:Amount>] [exactly]", at
    ):
        values = []
        for one in ("n", "m", "o"):
            if one in env:
                wanted = _in_unit(reader, end, env[one][0], env[one][1], column)
                if wanted is not None:
                    values.append(number(wanted))
        plain = "m" not in env or reader.low(at) not in ("between",)
        counted = reader.low(end) in ("row", "rows", "column", "columns", "record", "records", "line", "lines")
        if values and plain and not counted and not _another_year(reader, at, column, values):
            yield (
                end,
                one_of(column, values, written=True),
                cost + (0.1 if end - at == 1 else 0.5 if reader.low(at) in ("of", "with") else 0.0),
            )
    for end, env, cost in reader.match("@benot <n:Amount> [(and|or|nor|,) <m:Amount>]", at):
        others = [number(env[one][0]) for one in ("n", "m") if one in env]
        yield end, none_of(one_of(column, others, written=True)), cost
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
        if end_ is None or (reader.low(end_ - 1) == "minus" and next(reader.slot("Col", end_), None) is not None):
            continue
        yield end_, Cond(sql, (column,)), 0.0


def _holds_years(reader: Reader, column: str) -> bool:
    """Whether all of its numbers may be years: they have a before and an after."""
    view = reader.column(column)
    least, greatest = view.least, view.greatest
    return (
        view.type is LogicalType.INTEGER
        and least is not None
        and greatest is not None
        and least >= 1000
        and greatest <= 2200
    )


def _of_another(reader: Reader, word: str, column: str) -> bool:
    """Whether a comparative is of a kind of its own, and not of this column's: days are not hotter than 90."""
    if word not in OWN_KIND:
        return False
    wanted = set(MEASURES[word][0])
    fitting = [name for name in reader.view.names if wanted & set(parts(name))]
    return column not in fitting and (bool(fitting) or "temperature" in wanted)


def _another_year(reader: Reader, at: int, column: str, values: list[str]) -> bool:
    """Whether `votes of 2018` speaks of the column of years, and not of 2018 votes."""
    if reader.low(at) not in ("of", "in", "from", "for") or len(values) != 1:
        return False
    return values[0] not in reader.column(column).values and dates.year_held(reader, values[0], column)


def _pair(reader: Reader, end: int, env: dict[str, Any], column: str) -> tuple[float | int | None, float | int | None]:
    (low, unit_low), (high, unit_high) = env["a"], env["b"]
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
            if operator == ">=" and reader.low(at) == "from" and env["d"].first != env["d"].last:
                continue  # orders from March are those of that month
            yield end, Cond(dates.compare(column, type_, operator, env["d"]), (column,)), cost
    for end, env, cost in reader.match(
        f"{be} (from|since|starting) <d:Span> (on|onwards|onward|on wards|and later|and on|or later|forward|and after)|{be} [in|from|on] <d:Span> (or later|and later|onwards|or after|and after)",
        at,
    ):
        yield end, Cond(dates.compare(column, type_, ">=", env["d"]), (column,)), cost
    for end, env, cost in reader.match(f"{be} [in|from|on] <d:Span> (or earlier|and earlier|or before|and before)", at):
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
        for end, env, cost in reader.match(f"{be} {words} [they|it|he|she|their|its] <c:Col>", at):
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
    yield from _of_figures(reader, at, column)


_TIMES = {"twice": "2", "double": "2", "triple": "3", "thrice": "3", "half": "0.5"}


def _of_figures(reader: Reader, at: int, column: str) -> Iterator[Result]:
    """Above the average, of the column or of the group that the row belongs to."""
    if reader.column(column).type not in NUMERIC:
        return
    own = "[its|their|the|his|her|that|this|each|same|respective] [own|respective|same]"
    times = "[twice|double|triple|thrice|half|<t:Num> times]"
    figure = "[overall|general|total|column] [-] (<f:AverageWords>)"
    for words, operator in _OPERATORS:
        for end, env, cost in reader.match(
            f"{_BE} {words} {times} {own} {figure} [value] [of|for] [column|that column|this column] [<c:Col>] [overall|of all [@rows|<e:Entity>]|across all [@rows|<e:Entity>]]"
            f"|{_BE} {words} {times} {own} <k:Col> ['s] [own] {figure} [of|for] [<c:Col>]"
            f"|{_BE} {words} {times} {own} {figure} [<c:Col>|of <c:Col>] (in|of|for|within|on|at|per|by|from) (its|their|the|that|own|each|same|respective|his|her|the same|the respective|<w:Owner>) [own|same|respective] <k:Col>",
            at,
        ):
            keys = (env["k"],) if "k" in env else ()
            if env.get("c", column) != column or column in keys:
                continue
            said = next((_TIMES[reader.low(step)] for step in range(at, end) if reader.low(step) in _TIMES), "1")
            factor = number(env["t"]) if "t" in env else said
            yield end, compared(column, Against(operator, env["f"], column, keys, factor)), cost + 0.1


@slot("AverageWords")
def average_words(reader: Reader, at: int) -> Iterator[Result]:
    """A figure that rows can be compared with."""
    end = reader.first("average|mean|avg|average value|mean value", at)
    if end is not None:
        yield end, "mean", 0.0
