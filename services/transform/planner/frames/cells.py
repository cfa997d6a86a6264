"""Frames about values where they stand: nulls filled, values replaced, types changed."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Case,
    Cast,
    Conditional,
    Derivation,
    Derive,
    Drop,
    FillNull,
    Replace,
    Replacement,
    ReplaceText,
    Round,
    Step,
    Window,
    WindowColumn,
)
from services.transform.planner.conditions import Cond
from services.transform.planner.frames.base import Answer, Frames, act, fresh
from services.transform.planner.linking import truth
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, number, quoted, slot, text
from services.transform.planner.view import ask

frames = Frames("cells")
frame = frames.frame

# -- fill

_FILLABLE = "[any|@all] [@blanks|@blank [value|values|cell|cells|entry|entries|data|ones|field|fields]]"


@slot("Figure")
def figure(reader: Reader, at: int) -> Any:
    """A figure of a column: its mean, its most common value, the value before."""
    of = "[value] [of|for|in] [that|its|their|this|same|respective] [column|field|whole column|entire column|values|own] [itself|concerned|in question] [overall] [value|values]"
    for words, method in (
        ("@avg", "mean"),
        ("@median", "median"),
        (
            "mode|most common|most frequent|most frequently occurring|commonest|most usual|most frequent one|modal|most often seen|most popular|most commonly occurring",
            "mode",
        ),
        ("maximum|max|highest|largest|greatest|biggest", "max"),
        ("minimum|min|lowest|smallest|least", "min"),
    ):
        for end, _, cost in reader.match(
            f"[column|column's|columns|its|own|their|overall|respective|global] ['s] ({words}) {of} [known|non - blank|non blank|present|existing|other|of non - @blank|remaining] [values|value|entries|entry|ones] [in (it|that column|column)]",
            at,
        ):
            yield end, (method, None), cost
        for end, env, cost in reader.match(
            f"[overall] ({words}) [value|values] [of|for|in] <c:Col> [value] [of|for|among|across|over] [@all] [of] [@rows|<e:Entity>|other <e:Entity>|known ones|rest|others|other rows|all]",
            at,
        ):
            yield end, (method, env["c"]), cost




@slot("Rounding")
def rounding(reader: Reader, at: int) -> Any:
    """rounded to one decimal."""
    for end, env, cost in reader.match(
        "(rounded|round it|rounding|round|rounded off|and round it) [it] [down|off] [to] <d:Digits>", at
    ):
        yield end, env["d"], cost


@frame("fill with a figure")
def fill_figure(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nulls take a figure of their column."""
    method, of = env["f"]
    of = env.get("c2", of)
    columns = env.get("c")
    if columns is None:
        columns = tuple(c.name for c in reader.view.columns if c.nulls) if of is None else (of,)
        if method in ("mean", "median", "max", "min"):
            columns = tuple(name for name in columns if reader.column(name).type in NUMERIC)
        if not columns:
            return None
    low = {reader.low(step) for step in range(start, end)}
    if "numeric" in low or (len(columns) == len(reader.view.names) and method in ("mean", "median")):
        columns = tuple(name for name in columns if reader.column(name).type in NUMERIC)
    if of is not None and tuple(columns) != (of,):
        return None
    wrong = [name for name in columns if reader.column(name).type not in NUMERIC and method != "mode"]
    if wrong:
        raise ask(
            "contradictory",
            f"'{wrong[0]}' holds no numbers, so it has no {method}. What is to stand there?",
            ["a fixed value", "the most common value"],
        )
    by = env.get("k", ())
    return act(*_filled(reader, columns, method, by, env.get("d")), touched=columns)


def _filled(
    reader: Reader, columns: tuple[str, ...], method: str, by: tuple[str, ...], digits: int | None
) -> list[Step]:
    """Steps that fill; a mean of whole numbers, a rounded one or an extreme goes by way of a column of its own."""
    if method in ("max", "min", "mean"):
        steps: list[Step] = []
        names = tuple(fresh(reader, f"{method}_of_{column}") for column in columns)
        steps.append(
            Window(
                partition_by=by,
                columns=tuple(
                    WindowColumn(name=name, function=method, column=column)  # type: ignore[arg-type]
                    for name, column in zip(names, columns, strict=True)
                ),
            )
        )
        steps.append(
            Derive(
                columns=tuple(
                    Derivation(
                        column=column,
                        expression=f"COALESCE({quoted(column)}, {_round(quoted(name), digits)})",
                    )
                    for name, column in zip(names, columns, strict=True)
                )
            )
        )
        return [*steps, Drop(columns=names)]
    if digits is None:
        whole = tuple(name for name in columns if reader.column(name).type is LogicalType.INTEGER)
        if method == "median" and whole:
            return [
                Cast(columns=dict.fromkeys(whole, LogicalType.FLOAT)),
                FillNull(columns=columns, method="median", by=by),
            ]
        return [FillNull(columns=columns, method=method, by=by)]  # type: ignore[arg-type]
    flags = tuple(fresh(reader, f"{column}_was_blank") for column in columns)
    return [
        Derive(
            columns=tuple(
                Derivation(column=flag, expression=f"{quoted(column)} IS NULL")
                for flag, column in zip(flags, columns, strict=True)
            )
        ),
        FillNull(columns=columns, method=method, by=by),  # type: ignore[arg-type]
        Derive(
            columns=tuple(
                Derivation(
                    column=column,
                    expression=f"CASE WHEN {quoted(flag)} THEN {_round(quoted(column), digits)} ELSE {quoted(column)} END",
                )
                for flag, column in zip(flags, columns, strict=True)
            )
        ),
        Drop(columns=flags),
    ]


def _round(sql: str, digits: int | None) -> str:
    return sql if digits is None else f"ROUND({sql}, {digits})" if digits > 0 else f"ROUND({sql})"




@slot("PerColumns")
def per_columns(reader: Reader, at: int) -> Any:
    """Within each of some columns."""
    for end, env, cost in reader.match(
        "[,|-] (per|within each|for each|of same|within|by|inside each|for every|within same|in each|of that|from same|separately for each|separately per|of each|but @only within same|but only within each|within the same|but never across|, never across|, @only within same|within every|for same|, separately for each|@only within same|, within each|in same|of the same|group by group for|but not across) <k:Cols>",
        at,
    ):
        yield end, env["k"], cost


@frame("fill from neighbours")
def fill_forward(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nulls take the value before them."""
    return _neighbour(reader, env, "forward")


@frame("fill from what follows")
def fill_backward(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nulls take the value after them."""
    return _neighbour(reader, env, "backward")


def _neighbour(reader: Reader, env: dict[str, Any], method: str) -> Answer:
    columns = env.get("c") or env.get("c1")
    if columns is None:
        lacking = [c.name for c in reader.view.columns if c.nulls]
        if len(lacking) == 1:
            columns = tuple(lacking)
        else:
            raise ask("ambiguous", "The gaps of which column?", lacking or list(reader.view.names))
    columns = tuple(name for name in columns if name not in env.get("k0", ()))
    return act(FillNull(columns=columns, method=method, by=env.get("k0", ())), touched=columns)  # type: ignore[arg-type]




@frame("fill with a value")
def fill_value(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nulls take a fixed value."""
    columns = env.get("c")
    value = env["v"]
    if "c2" in env and env.get("c") != (env["c2"],):
        return None
    if columns is None:
        columns = tuple(c.name for c in reader.view.columns if c.nulls)
    low = {reader.low(step) for step in range(start, end)}
    many = columns is not None and (env.get("c") is None or {"all", "every", "numeric"} & low)
    if isinstance(value, int | float) and not isinstance(value, bool) and many:
        columns = tuple(name for name in columns if reader.column(name).type in NUMERIC)
    elif isinstance(value, str) and many:
        columns = tuple(name for name in columns if reader.column(name).type is LogicalType.STRING)
    if not columns:
        return act()
    steps: list[Step] = []
    for name in columns:
        type_ = reader.column(name).type
        if type_ in NUMERIC and isinstance(value, str):
            raise ask(
                "contradictory",
                f"'{name}' holds numbers, and '{value}' is none. Is '{name}' to become text?",
                ["make it text", "another value"],
            )
        if type_ is LogicalType.INTEGER and isinstance(value, float) and not value.is_integer():
            steps.append(Cast(columns={name: LogicalType.FLOAT}))
        if type_ in TEMPORAL and not isinstance(value, str):
            return None
    if all(reader.column(name).type is LogicalType.STRING for name in columns) and not isinstance(value, str):
        value = (
            str(value).lower() if isinstance(value, bool) else reader.raw(*env["v_at"]) if "v_at" in env else f"{value}"
        )
    return act(*steps, FillNull(columns=columns, value=value), touched=columns)


@slot("Filling")
def filling(reader: Reader, at: int) -> Any:
    """A value to put where there is none."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        yield at + 1, token.text, 0.0
        return
    for end, value, cost in reader.slot("Num", at):
        yield end, value, cost
    if token.low in ("true", "false"):
        yield at + 1, token.low == "true", 0.0
    if token.kind == "date":
        yield at + 1, token.text, 0.0
    if token.kind == "word":
        for end, value, cost in reader.slot("Text", at):
            if value and reader.index.column(reader.tokens[at:end]) is None:
                yield end, value, cost + 0.1
        cells, cost = reader.index.cells([token])
        if cells and len({cell.value for cell in cells}) == 1:
            yield at + 1, cells[0].value, cost + 0.05


@frame("fill from a column")
def fill_from_column(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nulls take the value of another column."""
    if env["c"] == env["d"]:
        return None
    expression = f"COALESCE({quoted(env['c'])}, {quoted(env['d'])})"
    return act(Derive(columns=(Derivation(column=env["c"], expression=expression),)), touched=(env["c"],), cost=0.2)


@frame("fill with what", cost=0.7)
def fill_how(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """What to fill with has to be said."""
    low = [reader.low(step) for step in range(start, end)]
    if "rid" in low or "clean" in low:
        raise ask(
            "ambiguous",
            "Are the rows with missing values to go, or the values to be filled, and with what?",
            ["drop those rows", "a fixed value", "the mean", "the median", "the previous value"],
        )
    what = f" in {', '.join(env['c'])}" if "c" in env and len(env["c"]) < 4 else ""
    raise ask(
        "ambiguous",
        f"With what are the missing values{what} to be filled?",
        ["a fixed value", "the mean", "the median", "the most common value", "the previous value"],
    )


# -- replace values


@slot("Mapping")
def mapping(reader: Reader, at: int) -> Any:
    """Female to F and Male to M; Mon -> Monday, Tue -> Tuesday; both NYC and NY to New York."""
    yield from _mapping(reader, at, ())


_MAPS_TO = "(to|into|with|by|->|=>|→|=|becomes|become|should be|as|for|should become|is to become|should read|is now|means|is|stands for|is to be|, should be|instead becomes|be)"


def _mapping(reader: Reader, at: int, found: tuple[tuple[str, str], ...]) -> Any:
    for end, env, cost in reader.match(
        f"[@all|any|both] [value|values] <a:OldValues> [@all|both] {_MAPS_TO} [simply|@only|value|text|be] <b:Text>", at
    ):
        pairs = (*found, *((old, env["b"]) for old in env["a"]))
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
    pairs: tuple[tuple[str, str], ...] = env.get("m") or tuple((old, env["t"]) for old in env["o"])
    if "o2" in env:
        pairs = (*pairs, *((old, env["t2"]) for old in env["o2"]))
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
    from services.transform.planner.slots import SEPARATORS

    for end, env, cost in reader.match(
        "<a:OnePiece> (and|or|,|, and|/) [@all] <b:OnePiece> [(and|or|, and|,) <d:OnePiece>]", at
    ):
        yield end, (*env["a"], *env["b"], *env.get("d", ())), cost
    yield from reader.slot("OnePiece", at)
    del SEPARATORS


@slot("OnePiece")
def one_piece(reader: Reader, at: int) -> Any:
    """One piece."""
    from services.transform.planner.slots import SEPARATORS

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
    from services.transform.planner.slots import SEPARATORS

    low = reader.low(at)
    if low in SEPARATORS and low not in ("x", "blank", "at"):
        yield at + 1, SEPARATORS[low], 0.1
        return
    for end, value, cost in reader.slot("Text", at):
        yield end, value, cost


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


@slot("Cond2")
def cond_of_column(reader: Reader, at: int) -> Any:
    """Not used by itself."""
    return
    yield


# -- types

_TO_DATE = "date|dates|proper date|proper dates|real date|real dates|date type|date column|date values|actual dates|date format|real date column"


@frame("to text")
def to_text(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns become text."""
    steps: list[Step] = []
    for name in env["c"]:
        if reader.column(name).type is LogicalType.FLOAT and _all_whole(reader, name):
            steps.append(Cast(columns={name: LogicalType.INTEGER}))
    return act(*steps, Cast(columns=dict.fromkeys(env["c"], LogicalType.STRING)), touched=env["c"])


def _all_whole(reader: Reader, name: str) -> bool:
    view = reader.column(name)
    return (
        False
        if not view.values
        else all(_is_number(value) and float(value).is_integer() for value in view.values) and view.complete
    )


@frame("to text of a width")
def to_padded_text(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Numbers as text, filled up with zeros."""
    low = {reader.low(step) for step in range(start, end)}
    if not {"zeros", "zeroes", "zero", "leading", "pad", "padded", "0"} & low:
        return None
    if not {"zeros", "zeroes", "zero", "0"} & low:
        raise ask("ambiguous", f"With what is '{env['c']}' to be filled up: zeros or spaces?", ["zeros", "spaces"])
    from contracts.recipe import Pad, Text

    steps: list[Step] = []
    column = env["c"]
    if reader.column(column).type is not LogicalType.STRING:
        if reader.column(column).type is LogicalType.FLOAT:
            steps.append(Cast(columns={column: LogicalType.INTEGER}))
        steps.append(Cast(columns={column: LogicalType.STRING}))
    steps.append(Text(columns=(column,), operations=(Pad(kind="pad_start", length=env["n"], fill="0"),)))
    return act(*steps, touched=(column,))


@frame("to whole numbers")
def to_whole(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns become whole numbers: cut, rounded, or as they are where nothing is lost."""
    how = env.get("h")
    verb = reader.low(start)
    if verb in ("truncate", "chop", "cut", "drop", "remove", "strip", "throw", "discard") or (verb == "get"):
        how = how or "down"
    steps: list[Step] = []
    texts = tuple(name for name in env["c"] if reader.column(name).type is LogicalType.STRING)
    if texts:
        if how is not None:
            steps.append(Cast(columns=dict.fromkeys(texts, LogicalType.FLOAT)))
        elif not all(_plain_numbers(reader, name, whole=True) for name in texts):
            return None
    for name in env["c"]:
        view = reader.column(name)
        if how is None and view.type in (LogicalType.FLOAT, LogicalType.DECIMAL) and not _all_whole(reader, name):
            raise ask("ambiguous", f"'{name}' has decimals. Are they to be rounded or cut off?", ["rounded", "cut off"])
    if how is not None:
        steps.append(Round(columns=env["c"], digits=0, mode=how))
    steps.append(Cast(columns=dict.fromkeys(env["c"], LogicalType.INTEGER)))
    return act(*steps, touched=env["c"])


@slot("Cutting")
def cutting(reader: Reader, at: int) -> Any:
    """What becomes of decimals."""
    it = "[it|them|values|each|off|decimals|number|numbers] "
    for words, mode in (
        (
            "(cutting|cut|chopping|chop|dropping|drop|truncating|truncate|removing|remove|throwing away|discarding|throw away|cutting away|losing|stripping|strip|truncated|discard|ignoring|ignore|without rounding|do not round|not rounding|not rounded) [off|away|it|them|any] [decimals|decimal part|decimal places|fraction|fractional part|fractions|anything after decimal point|everything after decimal point|digits after decimal point|decimal digits|toward zero|towards zero|any decimals|everything after point|what comes after point|what is after decimal point] [, do not round|without rounding|, no rounding|, without rounding|, not rounding|, not by rounding|rather than rounding|instead of rounding]",
            "down",
        ),
        (f"(rounding|round|rounded) {it} [to] [nearest] [whole|integer|one|whole number] [number] [value]", "half_up"),
        (f"(rounding|round|rounded) {it} down [to whole number]", "floor"),
        (f"(rounding|round|rounded) {it} up [to whole number]", "ceil"),
    ):
        for end, _, cost in reader.match(words, at):
            yield end, mode, cost


def _plain_numbers(reader: Reader, name: str, whole: bool = False) -> bool:
    view = reader.column(name)
    return bool(view.values) and all(
        _is_number(value) and (not whole or float(value).is_integer()) for value in view.values
    )


@frame("to numbers")
def to_numbers(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns become numbers, as they are written."""
    from services.transform.planner.frames.numbers import parsed_numbers

    steps: list[Step] = []
    plain: dict[str, LogicalType] = {}
    for name in env["c"]:
        type_ = reader.column(name).type
        if type_ is LogicalType.STRING and not _plain_numbers(reader, name):
            steps.append(parsed_numbers(reader, name))
        elif type_ is not LogicalType.FLOAT and type_ is not LogicalType.DECIMAL:
            plain[name] = LogicalType.FLOAT
    if plain:
        steps.append(Cast(columns=plain))
    return act(*steps, touched=env["c"])


@frame("to true and false")
def to_truth(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns become true and false."""
    steps: list[Step] = []
    for name in env["c"]:
        view = reader.column(name)
        said = env.get("m") or truth(view)
        if "y" in env:
            others = [value for value in view.values if value.casefold() != env["y"].casefold()]
            said = (env["y"], env.get("z", others[0] if len(others) == 1 else ""))
        if view.type is LogicalType.BOOLEAN:
            continue
        if said is None:
            raise ask("ambiguous", f"Which values of '{name}' are true, and which are false?", view.values[:8])
        yes, no = said
        if view.complete and view.type is LogicalType.STRING:
            held = {value.casefold() for value in view.values}
            if not held <= {yes.casefold(), no.casefold()}:
                raise ask("ambiguous", f"Which values of '{name}' are true, and which are false?", view.values[:8])
            yes = next((value for value in view.values if value.casefold() == yes.casefold()), yes)
            no = next((value for value in view.values if value.casefold() == no.casefold()), no)
        literal = text if view.type is LogicalType.STRING else str
        steps.append(
            Conditional(
                column=name,
                cases=(
                    Case(when=f"{quoted(name)} = {literal(yes)}", then="TRUE"),
                    Case(when=f"{quoted(name)} = {literal(no)}", then="FALSE"),
                ),
                otherwise="CAST(NULL AS BOOLEAN)",
            )
        )
    return act(*steps, touched=env["c"])


@slot("TruthMeaning")
def truth_meaning(reader: Reader, at: int) -> Any:
    """Yes is true and No is false."""
    means = "(is|=|as|means|for|->|to|becomes|should be|being|→|counts as|meaning)"
    for end, env, cost in reader.match(
        f"[where|with|so] [that] <a:Text> {means} true [and|,|, and|;] <b:Text> {means} false", at
    ):
        yield end, (env["a"], env["b"]), cost
    for end, env, cost in reader.match(
        f"true {means} <a:Text> [and|,|, and] false {means} <b:Text>|[where|with] <a:Text> {means} true", at
    ):
        yield end, (env["a"], env.get("b", "")), cost


@frame("true and false to numbers")
def truth_to_numbers(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns of yes and no become one and zero."""
    steps: list[Step] = []
    for name in env["c"]:
        view = reader.column(name)
        said = env.get("m") or truth(view)
        if said is None:
            raise ask("ambiguous", f"Which value of '{name}' is 1, and which is 0?", view.values[:8])
        yes, no = said
        if view.type is LogicalType.BOOLEAN:
            whens = (f"{quoted(name)} IS TRUE", f"{quoted(name)} IS FALSE")
        elif view.type is LogicalType.STRING:
            whens = (f"{quoted(name)} = {text(yes)}", f"{quoted(name)} = {text(no)}")
        else:
            return None
        steps.append(
            Conditional(
                column=name,
                cases=(Case(when=whens[0], then="1"), Case(when=whens[1], then="0")),
                otherwise="CAST(NULL AS INTEGER)",
            )
        )
    return act(*steps, touched=env["c"])


@frame("true and false in words")
def truth_in_words(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns of true and false, or one and zero, in words."""
    short = "y" in [reader.low(step) for step in range(start, end)]
    typed = reader.tokens[end - 3].text
    words = ("Y", "N") if short else ("Yes", "No") if typed[:1].isupper() else ("yes", "no")
    if short and typed.islower():
        words = ("y", "n")
    steps: list[Step] = []
    for name in env["c"]:
        said = truth(reader.column(name))
        if said is None:
            raise ask("ambiguous", f"Which value of '{name}' is yes, and which is no?", reader.column(name).values[:8])
        literal = text if reader.column(name).type is LogicalType.STRING else str.upper
        steps.append(
            Conditional(
                column=name,
                cases=(
                    Case(when=f"{quoted(name)} = {literal(said[0])}", then=text(words[0])),
                    Case(when=f"{quoted(name)} = {literal(said[1])}", then=text(words[1])),
                ),
            )
        )
    return act(*steps, touched=env["c"])


@slot("OneMeaning")
def one_meaning(reader: Reader, at: int) -> Any:
    """1 for yes, 0 for no."""
    means = "(is|=|for|means|being|->)"
    for end, env, cost in reader.match(
        f"[where|with|so] 1 {means} <a:Text> [and|,|, and] 0 {means} <b:Text>|[with] <a:Text> {means} 1 [and|,] <b:Text> {means} 0",
        at,
    ):
        yield end, (env["a"], env["b"]), cost
