"""Frames about gaps that are filled, said in any order: which gaps, with what, within what, with how many decimals."""

from typing import Any

from contracts.recipe import Derivation, Derive, FillNull
from services.transform.frames.base import Answer, Frames, act
from services.transform.frames.fills import _filled, fill_from_column, fill_value
from services.transform.planner.arithmetic import Formula
from services.transform.planner.reading import NUMERIC, Reader, quoted, slot
from services.transform.planner.roles import bag
from services.transform.planner.view import ask
from services.transform.planner.words import Token

frames = Frames("filled")
frame = frames.frame

_GAPS = "[any|@all|each|every] (gap|gaps|hole|holes|@blanks|@blank (value|values|cell|cells|entry|entries|figure|figures|data|ones|field|fields|number|numbers))"
_VERB = "(@fill|impute|backfill|back fill|back - fill|forward fill|forward - fill|ffill|bfill|carry forward|plug|close|patch)"
_WITH = "(with|by|to|use|using|take|takes|be|become|becomes|should be|should become|should take|should get|should have|must be|is to be|put|put in|set it to|set them to|set to|fill in|fill it with|fill with|fill it in with|write|write in|insert|enter|gets|get|from|as|=|is|assume|assuming|take|make it|give it|replace it with|replace it by|replace them with)"
_WHOSE = "[the|that|its|their|his|her|each|every|own|same|respective|this|such] [same|own] [person|row|<e8:Entity>|<w8:Owner>] ['s] [own|same]"


@slot("Owner")
def owner(reader: Reader, at: int) -> Any:
    """Whose: that person's, the customer's."""
    if reader.low(at + 1) == "'s" and reader.tokens[at].kind == "word":
        yield at + 1, reader.low(at), 0.1


@slot("FillFigure")
def fill_figure_words(reader: Reader, at: int) -> Any:
    """A figure to fill with."""
    for words, method in (
        ("@avg", "mean"),
        ("@median", "median"),
        ("mode|most common|most frequent|commonest|modal", "mode"),
        ("maximum|max|highest|largest", "max"),
        ("minimum|min|lowest|smallest", "min"),
    ):
        for end, _, cost in reader.match(f"[overall] ({words}) [value|values|one]", at):
            yield end, method, cost


@slot("FillRoles")
def fill_roles(reader: Reader, at: int) -> Any:
    """Which gaps, with what, within what."""
    roles = {
        "gaps": f"(where|when|if|in case) <c:Cols> @isblank [:|,|->|=>]|(no|without) <c:Cols> [given|known|recorded|available|there|listed|entered] [:|,|->|=>|→]|[{_VERB}] {_GAPS} (in|of|for|from|under|within) [@column] <c:Cols>|[{_VERB}] [any|@all|each|every] @blank <c:Cols> [values|value|cells|entries|figures|ones]|[{_VERB}] <c:Cols> {_GAPS}|{_VERB} [@column] <c:Cols>|(where|when|if|wherever|whenever|in case|for @rows where|for <e0:Entity> whose) <c:Cols> [value] @isblank|(where|when|if|wherever|whenever) there is (no|@blank) [value for] <c:Cols> [value]|(for|give|in) [@all|any|every|each] (<e1:Entity>|@rows|everyone|anyone|anybody|everybody|those|everything) (without|with no|with @blank|lacking|that lack|that have no|missing|whose) [@blank|value for|value in] <c:Cols> [value] [@isblank]",
        "subject": f"[in] [@column] <cs:Cols> [:|,] [{_VERB}] [the] {_GAPS}",
        "figure": f"{_WITH} {_WHOSE} <f:FillFigure> [of|for] [<c2:Col>]|{_WITH} {_WHOSE} <k1:Cols> ['s] [own] <f:FillFigure> [of] [<c2:Col>]|{_WITH} {_WHOSE} <c2:Col> <f:FillFigure>|<c2:Col> <f:FillFigure>|<f:FillFigure> [of|for] <c2:Col>",
        "neighbour": f"{_WITH} [the|last|previous|next] (previous|last|preceding|prior|last known|most recent|row above|value above|one above|previous known|next|following|next known|subsequent|row below|value below|one below|first known) [known|valid|non - @blank|existing|available|present] [value|values|row|one|reading|entry|cell] [from|of|in|that] [has|is|the] [one|there|known|row|above|below|given|value|present|before|after] [one|it] [before|after|above|below] [it]",
        "value": f"{_WITH} [value|text|word|@all] <v:Filling> [there|in|instead|in its place]|{_WITH} [a|an] <c3:Col> of <v:Filling>|[a] <c3:Col> of <v:Filling>",
        "column": f"{_WITH} [the] [value|values] [of|from|in] <d:Col> [instead|value]",
        "formula": f"{_WITH} [the|its|their] [result|value] [of] <x:Formula>",
        "per": f"(per|by|within|within each|for each|for|of|in|from|among|across|over|with|separately per|separately for each|group by) [@all|the|other|known|those] [@rows|<e2:Entity>] [of|in|from|with|sharing|having|that share|belonging to] {_WHOSE} <k:Cols> [group|separately]",
        "round": "<r:Rounding>|(to|with) <r:Digits>",
        "when": "(where|when|if|wherever|whenever) (it|they|that|this|value|one) (is|are) @blank|(where|when|if) @blank",
    }
    for needed in ("figure", "neighbour", "value", "column", "formula"):
        for target in ("gaps", "subject"):
            wanted = {
                name: pattern
                for name, pattern in roles.items()
                if name in (needed, target, "when") or (name in ("per", "round") and needed in ("figure", "neighbour"))
            }
            yield from bag(reader, at, wanted, frozenset({needed, target}))


_FILLING = frozenset(
    "fill filled impute imputed plug patch populate complete backfill bfill ffill forward carry close".split()
)
_MISSING = frozenset(
    """
    gap gaps hole holes blank blanks empty missing null nulls nan nans na nas none unknown unfilled absent void without
    no not lacking lack lacks lacked unspecified unavailable undefined nil unrecorded empties missings unknowns nothing
    """.split()
)


def _token(word: str) -> Token:
    return Token(word, word, "word", 0, len(word))


@frame("fill in roles", cost=0.35)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nulls take a figure, a neighbour's value, a fixed one or another column's."""
    found = env["b"]
    said = {reader.low(step) for step in range(start, end)}
    if not said & _MISSING and not said & _FILLING:
        return None  # `change x to y` speaks of all values, and not of those that are missing
    columns: tuple[str, ...] = found["gaps"]["c"] if "gaps" in found else found["subject"]["cs"]
    per = tuple(found["per"]["k"]) if "per" in found else ()
    if set(per) & set(columns):
        return None
    if "value" in found:
        if found["value"].get("c3", columns[0]) != columns[0]:
            return None
        return fill_value(reader, {"c": columns, "v": found["value"]["v"]}, start, end)
    if "formula" in found:
        return _calculated(reader, columns, found["formula"]["x"])
    if "column" in found:
        if len(columns) != 1:
            return None
        return fill_from_column(reader, {"c": columns[0], "d": found["column"]["d"]}, start, end)
    if "neighbour" in found:
        low = {reader.low(step) for step in range(start, end)}
        back = bool(low & {"next", "following", "subsequent", "below", "backfill", "bfill"})
        if back and low & {"previous", "preceding", "prior", "above", "ffill", "forward"}:
            return None
        return act(FillNull(columns=columns, method="backward" if back else "forward", by=per), touched=columns)
    figure = found["figure"]
    owner_of = reader.index.column([_token(figure["w8"])]) if "w8" in figure else None
    if owner_of is not None:  # the station's mean: that of the same station
        if not owner_of.sure or owner_of.columns[0] in columns:
            return None
        per = (*per, owner_of.columns[0])
    per = (*per, *(name for name in figure.get("k1", ()) if name not in per))
    if figure.get("c2", columns[0]) != columns[0] or (len(columns) > 1 and "c2" in figure) or set(per) & set(columns):
        return None
    wrong = [name for name in columns if reader.column(name).type not in NUMERIC and figure["f"] != "mode"]
    if wrong:
        raise ask("contradictory", f"'{wrong[0]}' holds no numbers. What is to stand there?", ["a fixed value"])
    digits = found["round"]["r"] if "round" in found else None
    return act(*_filled(reader, columns, figure["f"], per, digits), touched=columns)


def _calculated(reader: Reader, columns: tuple[str, ...], formula: Formula) -> Answer:
    """Gaps take what is calculated from other columns of the row."""
    simple = formula.simple or not formula.columns or formula.sql.startswith("@")
    if len(columns) != 1 or simple or reader.column(columns[0]).type not in NUMERIC:
        return None
    if any(reader.column(name).type not in NUMERIC for name in formula.columns):
        return None
    sql = f"COALESCE({quoted(columns[0])}, {formula.sql})"
    return act(Derive(columns=(Derivation(column=columns[0], expression=sql),)), touched=columns)
