"""Frames about figures over some rows up to each one, said in words: the mean of this row and the two before it."""

from typing import Any

from contracts.recipe import Derivation, Derive, Drop, Round, Step, Window, WindowColumn
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import checked_name
from services.transform.frames.windowed import SHARED, _keys, _order
from services.transform.planner.reading import NUMERIC, Reader, quoted, slot
from services.transform.planner.roles import bag
from services.transform.planner.view import ask

frames = Frames("moving")
frame = frames.frame

_FIGURES = (
    ("@avg|mean of|average of", "moving_mean"),
    ("sum|total|sum of|total of", "moving_sum"),
    ("maximum|max|highest|largest|maximum of|highest value of", "moving_max"),
    ("minimum|min|lowest|smallest|minimum of|lowest value of", "moving_min"),
)
_ROW = "(row|value|one|month|day|year|week|quarter|record|entry|period|line|<e1:Entity>)"
_ROWS = "[rows|values|ones|months|days|years|weeks|quarters|records|entries|periods|lines|row|value|month|day|year|<e2:Entity>]"
_THIS = f"[the|this|each|current|its own|that] (row itself|value itself|itself|current|this|current {_ROW}|this {_ROW}|each {_ROW}|own {_ROW}|{_ROW}|same {_ROW}|{_ROW} itself)"
_AND = "(and|plus|with|as well as|together with|, and|,|&|+)"


@slot("RowSpan")
def row_span(reader: Reader, at: int) -> Any:
    """How many rows the figure goes over, this one included."""
    for end, env, cost in reader.match(
        f"{_THIS} {_AND} [the] <k:Count> {_ROWS} [right|directly|just|immediately] (before|above|preceding|earlier|previous) [it|that|this]"
        f"|{_THIS} {_AND} [the|its] (previous|preceding|prior|last) <k:Count> {_ROWS}"
        f"|[the|its] (previous|preceding|prior|last) <k:Count> {_ROWS} {_AND} {_THIS}"
        f"|[the] <k:Count> {_ROWS} [right|directly|just|immediately] (before|above|preceding) [it] {_AND} {_THIS}"
        f"|[the] <k:Count> {_ROWS} (before|above|preceding) {_THIS} {_AND} {_THIS}"
        f"|[the] <k:Count> (previous|preceding|prior) {_ROWS} {_AND} {_THIS}"
        f"|{_THIS} {_AND} [the] <k:Count> (previous|preceding|prior) {_ROWS}",
        at,
    ):
        yield end, env["k"] + 1, cost
    for end, _, cost in reader.match(
        f"{_THIS} {_AND} [the] {_ROW} [right|directly|just] (before|above) [it|that]|{_THIS} {_AND} [the|its] (previous|preceding|prior) {_ROW}|[the|its] (previous|preceding) {_ROW} {_AND} {_THIS}",
        at,
    ):
        yield end, 2, cost + 0.05
    up_to = f"[,|LP] (including|incl|up to and including|ending with|ending at|up to|counting|ending in|ending on|with) {_THIS} [included] [RP]"
    for end, env, cost in reader.match(
        f"[the|its] (last|latest|past|most recent) <k:Count> {_ROWS} [{up_to}]|[a] [moving|rolling|sliding|trailing] [window of] <k:Count> {_ROWS} {up_to}|[a] (moving|rolling|sliding|trailing) window of <k:Count> {_ROWS}|[the] <k:Count> {_ROWS} {up_to}",
        at,
    ):
        yield end, env["k"], cost + 0.05


@slot("MovingFigure")
def moving_figure(reader: Reader, at: int) -> Any:
    """Which figure."""
    for words, function in _FIGURES:
        for end, _, cost in reader.match(f"[moving|rolling|sliding|trailing] ({words})", at):
            yield end, function, cost


@slot("MovingRoles")
def moving_roles(reader: Reader, at: int) -> Any:
    """A figure over some rows: of what, over which, under which name."""
    roles = {
        "what": "[@lead|@add|with|holding] [the|a] <f:MovingFigure> [of|for|in] [the] <c:Col> [@values] [taken|calculated|computed] (over|of|across|from|in|for|using|on|on the basis of) <s:RowSpan>|[@lead|@add] [the|a] <f:MovingFigure> (over|of|across|from|in|for) <s:RowSpan> (of|for|in) [the] <c:Col>",
        **SHARED,
        "order": "[sorted|ordered|in order|in the order|going|arranged] (by|of|along|on|over) <oc:Col> [order]|<o:RowOrder>",
    }
    yield from bag(reader, at, roles, frozenset({"what", "name"}))


@frame("moving figure in words", cost=0.3)
def moving(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A figure over this row and so many before it; nothing where there are not so many, if that is said."""
    found = env["b"]
    what = found["what"]
    column, size = what["c"], what["s"]
    if reader.column(column).type not in NUMERIC:
        return None
    if size < 2:
        raise ask("ambiguous", "Over how many rows is the figure to go?", ["3", "7"])
    keys = _keys(found, what)
    order = _order(reader, found, keys)
    if order is None or column in keys:
        return None
    name = checked_name(reader, found["name"]["n"])
    made = WindowColumn(name=name, function=what["f"], column=column, size=size)
    place = fresh(reader, "row_in_group")
    whole = "blank" in found
    columns = (made, WindowColumn(name=place, function="row_number")) if whole else (made,)
    steps: list[Step] = [Window(partition_by=keys, order_by=order, columns=columns)]
    if whole:
        only = f"CASE WHEN {quoted(place)} >= {size} THEN {quoted(name)} END"
        steps += [Derive(columns=(Derivation(column=name, expression=only),)), Drop(columns=(place,))]
    if "round" in found:
        steps.append(Round(columns=(name,), digits=found["round"]["d"]))
    return act(*steps, made=(name,), used=(column,))
