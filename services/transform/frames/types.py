"""Frames about the types of columns: text, numbers, truth."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Case,
    Cast,
    Conditional,
    Round,
    Step,
)
from services.transform.frames.base import Answer, Frames, act
from services.transform.frames.values import _is_number
from services.transform.planner.linking import truth
from services.transform.planner.reading import Reader, quoted, slot, text
from services.transform.planner.view import ask

frames = Frames("types")
frame = frames.frame


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
    if "z" in env:
        low.add("zeros" if len(env["z"]) == env["n"] else "")  # 1 becomes 01
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


@slot("Zeroed")
def zeroed(reader: Reader, at: int) -> Any:
    """An example of digits with zeros before them: 007."""
    token = reader.tokens[at] if at < len(reader.tokens) else None
    if token is not None and token.text.isdigit() and token.text.startswith("0") and len(token.text) > 1:
        yield at + 1, token.text, 0.0


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
        ("(nearest|to nearest|nearest one|nearest whole|closest|to closest) [number|whole number|integer]", "half_up"),
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
    from services.transform.planner.spellings import number_steps

    steps: list[Step] = []
    plain: dict[str, LogicalType] = {}
    for name in env["c"]:
        type_ = reader.column(name).type
        if type_ is LogicalType.STRING and not _plain_numbers(reader, name):
            steps += number_steps(reader, name)
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
