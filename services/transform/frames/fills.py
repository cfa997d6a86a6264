"""Frames about nulls that take a value: a constant, a figure, a neighbour's value, another column's."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Cast,
    Derivation,
    Derive,
    Drop,
    FillNull,
    Step,
    Window,
    WindowColumn,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, quoted, slot
from services.transform.planner.view import ask

frames = Frames("fills")
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
                    WindowColumn(name=name, function=method, column=column)
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
        return [FillNull(columns=columns, method=method, by=by)]
    flags = tuple(fresh(reader, f"{column}_was_blank") for column in columns)
    return [
        Derive(
            columns=tuple(
                Derivation(column=flag, expression=f"{quoted(column)} IS NULL")
                for flag, column in zip(flags, columns, strict=True)
            )
        ),
        FillNull(columns=columns, method=method, by=by),
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
    return act(FillNull(columns=columns, method=method, by=env.get("k0", ())), touched=columns)


_COUNTING = frozenset("treat treating count counting consider regard assume assuming taking".split())


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
    if reader.memory.last == "derive" and set(columns) & set(reader.memory.used) and reader.low(start) in _COUNTING:
        raise ask(
            "ambiguous", f"Are the gaps in {', '.join(columns)} to be filled before the calculation, or in it only?"
        )
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
