"""Frames about values that others take the place of."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Case,
    Conditional,
    Derivation,
    Derive,
    Replace,
    Replacement,
    ReplaceText,
    Step,
)
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.conditions import Cond
from services.transform.planner.reading import NUMERIC, Reader, number, quoted, slot, text
from services.transform.planner.view import ask

frames = Frames("values")
frame = frames.frame


# -- replace values
@slot("Mapping")
def mapping(reader: Reader, at: int) -> Any:
    """Female to F and Male to M; Mon -> Monday, Tue -> Tuesday; both NYC and NY to New York."""
    yield from _mapping(reader, at, ())


_MAPS_TO = "(to|into|with|by|->|=>|→|=|becomes|become|both become|all become|both count as|should be|as|for|should become|is to become|should read|is now|means|is|stands for|is to be|, should be|instead becomes|be|should both read|should all read|should both be|should all be|should both become|should all become|must be|must become|are|are to become|are to be|should say|to read|all mean|both mean|mean|all stand for|stand for|turns into|turn into|goes to|go to|count as|counts as|is written|is written as|will be|is short for)"


def _mapping(reader: Reader, at: int, found: tuple[tuple[str, str], ...]) -> Any:
    for end, env, cost in reader.match(
        f"[@all|any|both] [value|values] <a:OldValues> [@all|both] {_MAPS_TO} [simply|@only|value|text|be] <b:Text>", at
    ):
        news = [part.strip() for part in env["b"].split("/")]
        if len(news) != len(env["a"]) or len(news) < 2:
            news = [env["b"]] * len(env["a"])
        yield from _more_of_it(reader, end, (*found, *zip(env["a"], news, strict=True)), cost)
    for end, env, cost in reader.match(
        f"[@all|value|values] <a:OldValues> [values] {_MAPS_TO} [simply|@only|value|values] <b:NewValues> [respectively|, respectively]",
        at,
    ):
        if len(env["a"]) == len(env["b"]) > 1:
            yield from _more_of_it(reader, end, (*found, *zip(env["a"], env["b"], strict=True)), cost + 0.1)
    for end, env, cost in reader.match("<b:Text> (for|instead of|in place of|rather than) [both] <a:OldValues>", at):
        if env["b"]:
            yield from _more_of_it(reader, end, (*found, *((old, env["b"]) for old in env["a"])), cost + 0.3)


def _more_of_it(reader: Reader, end: int, pairs: tuple[tuple[str, str], ...], cost: float) -> Any:
    yield end, pairs, cost
    if len(pairs) < 40:
        for follow in {
            stop
            for stop, _, _ in reader.match(
                "(, and|and|,|;|, then|; and|& |and also) [@all] [change|turn|replace|map|set]", end
            )
        }:
            for stop, rest, more in _mapping(reader, follow, pairs):
                yield stop, rest, cost + more


@slot("NewValues")
def new_values(reader: Reader, at: int) -> Any:
    """Some values as they are to be written."""
    for end, one, cost in reader.slot("Text", at):
        if "/" in one and at < len(reader.tokens) and reader.tokens[at].kind != "quoted":
            yield end, tuple(part.strip() for part in one.split("/")), cost
        yield end, (one,), cost
        for follow in {stop for stop, _, _ in reader.match(", and|and|,|/", end)}:
            for stop, rest, more in new_values(reader, follow):
                yield stop, (one, *rest), cost + more


@slot("OldValues")
def old_values(reader: Reader, at: int) -> Any:
    """Some values as they are written now."""
    for end, one, cost in _old(reader, at):
        yield end, (one,), cost
        for follow in {stop for stop, _, _ in reader.match(", and|and|,|or|/|& |, or", end)}:
            for stop, rest, more in old_values(reader, follow):
                yield stop, (one, *rest), cost + more


def _old(reader: Reader, at: int) -> Any:
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        yield at + 1, token.text, 0.0
        return
    for end in range(min(len(reader.tokens), at + 6), at, -1):
        span = reader.tokens[at:end]
        if any(one.kind in ("break", "quoted") for one in span) or span[-1].low in (",", ".", ";", "to", "and"):
            continue
        raw = reader.raw(at, end)
        cells, cost = reader.index.cells(span)
        if any(raw in column.values for column in reader.view.columns):
            yield end, raw, 0.0
        elif cells and len({cell.value.casefold() for cell in cells}) == 1:
            yield end, cells[0].value, cost + 0.1
        elif len(span) == 1 and token.kind == "number":
            yield end, raw, 0.1


@frame("replace values")
def replace_values(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Whole values of a column take others' places."""
    pairs: tuple[tuple[str, str], ...] = env.get("m") or tuple((old, env.get("t", "")) for old in env["o"])
    if "n" in env:
        if len(env["n"]) != len(env["o"]):
            return None
        pairs = tuple(zip(env["o"], env["n"], strict=True))
    if "o2" in env:
        pairs = (*pairs, *((old, env["t2"]) for old in env["o2"]))
    news = env.get("t", "").split("/")
    if len(news) == len(pairs) > 1:
        pairs = tuple((old, new.strip()) for (old, _), new in zip(pairs, news, strict=True))  # yes/no to true/false
    olds = [old for old, _ in pairs]
    column = env.get("c")
    if column is None:
        column = _holder(reader, olds)
    return _replaced(reader, column, pairs)


def _holder(reader: Reader, olds: list[str]) -> str:
    """The one column that holds these values."""
    found = [
        one.name
        for one in reader.view.columns
        if one.type is LogicalType.STRING
        and all(old in one.values or old.casefold() in {v.casefold() for v in one.values} for old in olds)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ask(
            "unknown_value",
            f"No column holds '{olds[0]}'. Which value is meant, and in which column?",
            reader.view.names,
        )
    raise ask("ambiguous", f"'{olds[0]}' is found in several columns. In which is it to be replaced?", found)


def _replaced(reader: Reader, column: str, pairs: tuple[tuple[str, str], ...]) -> Answer:
    view = reader.column(column)
    seen: dict[str, str] = {}
    for old, new in pairs:
        if seen.get(old, new) != new:
            raise ask(
                "contradictory", f"'{old}' cannot become both '{seen[old]}' and '{new}'. Which one?", [seen[old], new]
            )
        seen[old] = new
    if view.type is not LogicalType.STRING:
        return _replaced_numbers(reader, column, seen)
    values: list[Replacement] = []
    missing: list[str] = []
    for old, new in seen.items():
        held = [value for value in view.values if value == old]
        if not held:
            held = [value for value in view.values if value.casefold() == old.casefold()]
        if not held and view.complete:
            missing.append(old)
        values += [Replacement(old=value, new=new) for value in (held or [old])]
    if missing and len(missing) == len(seen):
        inside = [value for value in view.values if any(one in value for one in missing)]
        if inside:
            steps = tuple(
                ReplaceText(columns=(column,), pattern=old, replacement=new, literal=True) for old, new in seen.items()
            )
            return act(*steps, touched=(column,), cost=0.2)
        raise ask("unknown_value", f"'{column}' has no value '{missing[0]}'. Which value is meant?", view.values[:8])
    if missing:
        raise ask("unknown_value", f"'{column}' has no value '{missing[0]}'. Which value is meant?", view.values[:8])
    if any(one.new == "" for one in values):
        values = [Replacement(old=one.old, new=None if one.new == "" else one.new) for one in values]
    return act(Replace(column=column, values=tuple(values)), touched=(column,))


def _replaced_numbers(reader: Reader, column: str, seen: dict[str, str]) -> Answer:
    """Numbers or truths that become other values; text, where one of the new values is none."""
    view = reader.column(column)
    news = list(seen.values())
    name = quoted(column)
    numeric = all(_is_number(new) for new in news)
    truths = {new.casefold() for new in news} <= {"true", "false"}
    said = news if numeric else [new.upper() for new in news] if truths else [text(new) for new in news]
    if view.type is LogicalType.BOOLEAN:
        olds = [f"{name} IS {old.upper()}" if old.casefold() in ("true", "false") else "" for old in seen]
    elif view.type in NUMERIC:
        olds = [f"{name} = {old}" if _is_number(old) else "" for old in seen]
    else:
        return None
    if not all(olds):
        return None
    cases = tuple(Case(when=old, then=new) for old, new in zip(olds, said, strict=True))
    full = len(seen) >= view.distinct and view.complete
    otherwise = (
        None
        if full
        else name
        if numeric and view.type in NUMERIC
        else f"CAST({name} AS STRING)"
        if not numeric and not truths
        else None
    )
    if not full and otherwise is None:
        return None
    return act(Conditional(column=column, cases=cases, otherwise=otherwise), touched=(column,))


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


@frame("replace text")
def replace_text(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A piece of a text replaced wherever it stands."""
    low = [reader.low(step) for step in range(start, end)]
    if any(reader.column(name).type is not LogicalType.STRING for name in env["c"]):
        return None
    new = env.get("b", "")
    pieces: tuple[str, ...] = env["a"]
    at_start = {"prefix", "leading", "start", "beginning"} & set(low)
    at_end = {"suffix", "trailing", "end"} & set(low)
    steps: list[Step] = []
    for piece in pieces:
        held = any(piece in value for name in env["c"] for value in reader.column(name).values)
        plain = all(reader.column(name).complete for name in env["c"])
        if not held and plain:
            raise ask(
                "unknown_value",
                f"No value of {env['c'][0]!r} holds '{piece}'. What is to be replaced?",
                reader.column(env["c"][0]).values[:6],
            )
        if (at_start or at_end) and not new:
            import re as _re

            steps.append(
                ReplaceText(
                    columns=env["c"],
                    pattern=f"^{_re.escape(piece)}" if at_start else f"{_re.escape(piece)}$",
                    replacement="",
                )
            )
        else:
            steps.append(ReplaceText(columns=env["c"], pattern=piece, replacement=new, literal=True))
    return act(*steps, touched=env["c"])


@slot("Piece")
def piece(reader: Reader, at: int) -> Any:
    """A piece of text as it stands in values: quoted, a sign, one word."""
    from services.transform.planner.lexicon import SEPARATORS

    for end, env, cost in reader.match(
        "<a:OnePiece> (and|or|,|, and|/) [@all] <b:OnePiece> [(and|or|, and|,) <d:OnePiece>]", at
    ):
        yield end, (*env["a"], *env["b"], *env.get("d", ())), cost
    yield from reader.slot("OnePiece", at)
    del SEPARATORS


@slot("OnePiece")
def one_piece(reader: Reader, at: int) -> Any:
    """One piece."""
    from services.transform.planner.lexicon import SEPARATORS

    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        yield at + 1, (token.text,), 0.0
        return
    low = token.low
    if low in SEPARATORS and low not in ("x", "at", "blank", "point", "plus"):
        yield at + 1, (SEPARATORS[low],), 0.1
    if low == "dollar" or low == "dollars":
        yield at + 1, ("$",), 0.1
    if low == "euro":
        yield at + 1, ("€",), 0.1
    if low in ("brackets", "parentheses"):
        yield at + 1, ("(", ")"), 0.1
    if token.kind == "sign" and token.text not in ("(", ")", ".", ","):
        yield at + 1, (token.text,), 0.1
    if token.kind in ("word", "number") and low not in (
        "spaces",
        "rows",
        "columns",
        "values",
        "duplicates",
        "blanks",
        "whitespace",
        "punctuation",
        "digits",
        "letters",
        "numbers",
        "vowels",
    ):
        from services.transform.planner.slots import _glued_end

        end = _glued_end(reader, at)
        raw = reader.raw(at, end)
        if any(
            raw in value
            for column in reader.view.columns
            if column.type is LogicalType.STRING
            for value in column.values[:300]
        ):
            yield end, (raw,), 0.3


@slot("PieceNew")
def piece_new(reader: Reader, at: int) -> Any:
    """What stands in a piece's place."""
    from services.transform.planner.lexicon import SEPARATORS

    low = reader.low(at)
    if low in SEPARATORS and low not in ("x", "blank", "at"):
        yield at + 1, SEPARATORS[low], 0.1
        return
    yield from reader.slot("Text", at)


@frame("set values where")
def set_where(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column takes a value in some rows."""
    condition: Cond = env["w"]
    if condition.sql.startswith("@"):
        return None
    column = env["c"]
    name = quoted(column)
    type_ = reader.column(column).type
    if "v" not in env:
        said = f"NULLIF({name}, {name})"
        return act(
            Derive(
                columns=(
                    Derivation(column=column, expression=f"CASE WHEN {condition.sql} THEN {said} ELSE {name} END"),
                )
            ),
            touched=(column,),
        )
    value = env["v"]
    if type_ in NUMERIC and isinstance(value, str):
        raise ask("contradictory", f"'{column}' holds numbers, and '{value}' is none. What is meant?")
    said = (
        text(str(value))
        if type_ is LogicalType.STRING
        else str(value).upper()
        if isinstance(value, bool)
        else number(value)
        if not isinstance(value, str)
        else f"DATE '{value}'"
    )
    return act(
        Conditional(column=column, cases=(Case(when=condition.sql, then=said),), otherwise=name), touched=(column,)
    )


@frame("percent as text")
def percent_text(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Fractions as texts with a percent sign."""
    columns: tuple[str, ...] = env["c"]
    if any(reader.column(name).type not in NUMERIC for name in columns):
        return None
    made: list[Derivation] = []
    for name in columns:
        whole = all(abs(float(value) * 100 - round(float(value) * 100)) < 1e-9 for value in reader.column(name).values)
        digits = env.get("d", 0 if whole else None)
        if digits is None:
            raise ask("ambiguous", f"With how many decimals is '{name}' to be shown in percent?", ["0", "1", "2"])
        rounded = (
            f"ROUND({quoted(name)} * 100, {digits})" if digits else f"CAST(ROUND({quoted(name)} * 100) AS INTEGER)"
        )
        made.append(Derivation(column=name, expression=f"CAST({rounded} AS STRING) || '%'"))
    return act(Derive(columns=tuple(made)), touched=columns)


@frame("blank in some rows")
def blank_where(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """No value in some rows."""
    there = [name for name in (reader.memory.made or reader.memory.touched) if reader.view.column(name) is not None]
    column = env.get("c") or (there[0] if len(there) == 1 else None)
    condition: Cond = env["w"]
    if column is None or condition.sql.startswith("@"):
        return None
    expression = f"CASE WHEN ({condition.sql}) IS NOT TRUE THEN {quoted(column)} END"
    return act(Derive(columns=(Derivation(column=column, expression=expression),)), touched=(column,))
