"""What can be said of a column of texts, of yes and no, of the values it holds."""

from collections.abc import Callable, Iterator

from contracts.data import LogicalType
from services.transform.planner.conditions import Cond, both, held, negate, none_of, one_of
from services.transform.planner.linking import truth
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, quoted, text
from services.transform.planner.view import ask
from services.transform.planner.words import key


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
            if _is_figure(reader, end, words):
                continue
            marks = [env[one] for one in ("m", "o") if one in env]
            held = reader.column(column).values
            if reader.low(at) in ("without", "lacking") and held and all(marks[0] in value for value in held):
                continue  # `weight without the kg` selects nothing
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


_FIGURES = frozenset("average mean median total sum count number most least more less highest lowest max min".split())


def _is_figure(reader: Reader, end: int, words: str) -> bool:
    """`With an average quantity above 12` is not said of a piece of text."""
    return words == "@contains" and reader.tokens[end - 1].kind == "word" and reader.low(end - 1) in _FIGURES


def _part(reader: Reader, column: str, shape: str, part: str) -> Cond:
    """A text holds a part; in any case of letters where none is written as it was asked."""
    view = reader.column(column)
    tests: dict[str, Callable[[str, str], bool]] = {
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
            yield stop, held(reader.column(column), values), cost + more + (0.05 if end == at else 0.0)
    for end, _, cost in reader.match("@benot", at):
        for stop, values, more in values_of(reader, end, column):
            yield stop, none_of(held(reader.column(column), values)), cost + more


def values_of(reader: Reader, at: int, column: str) -> Iterator[tuple[int, tuple[str, ...], float]]:
    """Some values of a column, joined by commas, `and`, `or`."""
    view = reader.column(column)
    for end, values, cost in _one_value(reader, at, column):
        yield end, values, cost
        for stop, span in _span(reader, end, column, values):
            yield stop, span, cost + 0.1
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


def _span(reader: Reader, at: int, column: str, first: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """D to F, where the values are letters."""
    view = reader.column(column)
    if reader.low(at) not in ("to", "through", "-", "–", "until") or len(first) != 1 or not view.complete:
        return
    if any(len(value) != 1 or not value.isalpha() for value in view.values):
        return
    for end, last, _ in _one_value(reader, at + 1, column):
        if len(last) == 1 and first[0] < last[0]:
            yield end, tuple(value for value in sorted(view.values) if first[0] <= value <= last[0])


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
