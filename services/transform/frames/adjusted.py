"""Frames about numbers that are changed in some rows: subtract 360 where it is above 180, raise the salary of Sales by 3 %."""

from typing import Any

from contracts.recipe import Derivation, Derive
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.conditions import Cond
from services.transform.planner.reading import NUMERIC, Reader, number, quoted, slot

frames = Frames("adjusted")
frame = frames.frame

_IT = "(it|that|them|value|number|<c:Col>)"
_WAYS = (
    (f"(subtract|take|deduct|take away) <n:Num> [away|off] (from|off) {_IT}", "{0} - {1}"),
    (f"(add) <n:Num> (to|onto) {_IT}", "{0} + {1}"),
    (f"(multiply) {_IT} (by|with) <n:Num>", "{0} * {1}"),
    (f"(divide) {_IT} by <n:Num>", "{0} / {1}"),
    (f"(increase|raise|bump up|lift) {_IT} by <n:Num>", "{0} + {1}"),
    (f"(decrease|reduce|lower|cut) {_IT} by <n:Num>", "{0} - {1}"),
    (f"(increase|raise|bump up|lift) {_IT} by <n:Num> <pc:Percent>", "{0} * (1 + {1})"),
    (f"(decrease|reduce|lower|cut) {_IT} by <n:Num> <pc:Percent>", "{0} * (1 - {1})"),
    (f"double {_IT}", "{0} * 2"),
    (f"halve {_IT}", "{0} / 2"),
)
_RISING = frozenset("increase raise bump lift".split())


@slot("Adjusting")
def adjusting(reader: Reader, at: int) -> Any:
    """How a number is to be changed: the column if it was named, and the expression."""
    for words, template in _WAYS:
        for end, env, cost in reader.match(words, at):
            value = env.get("n", 1)
            yield (
                end,
                (env.get("c"), template.replace("{1}", number(round(value / 100, 12) if "pc" in env else value))),
                cost,
            )


@frame("numbers changed in some rows", cost=0.2)
def changed(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Some rows have their number changed, the others keep it."""
    condition: Cond = env["w"] if "w" in env else env["q"]
    if "a" in env:
        column, template = env["a"]
    else:
        column, verb = env["c"], reader.low(start)
        template = {"double": "{0} * 2", "halve": "{0} / 2"}.get(verb) or _by(verb, env["n"], percent="pc" in env)
    if column is None and len(set(condition.columns)) == 1:
        column = condition.columns[0]
    if column is None or condition.sql.startswith("@") or reader.column(column).type not in NUMERIC:
        return None
    name = quoted(column)
    sql = f"CASE WHEN {condition.sql} THEN {template.format(name)} ELSE {name} END"
    return act(Derive(columns=(Derivation(column=column, expression=sql),)), touched=(column,))


def _by(verb: str, value: float, *, percent: bool) -> str:
    sign = "+" if verb in _RISING else "-"
    return f"{{0}} * (1 {sign} {number(round(value / 100, 12))})" if percent else f"{{0}} {sign} {number(value)}"
