"""Frames about one row for each of something, said in any order: for each of what, and which row of them stays."""

from typing import Any

from contracts.recipe import Deduplicate, SortKey
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner import dates
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, slot
from services.transform.planner.roles import bag
from services.transform.planner.view import ask
from services.transform.planner.words import parts, stem

frames = Frames("kept")
frame = frames.frame

_ROW = "[one|row|rows|record|entry|occurrence|line|copy|version|<e5:Entity>|<w5:Word>]"
_WHERE = "[wins|stays|remains|survives|is kept|counts|that|which|of them|of each|listed|seen|found|appears|appearing|in file|in table|in the list|in order|there is|available] [appears|is listed|comes|in file]"


@slot("KeptRoles")
def kept_roles(reader: Reader, at: int) -> Any:
    """For each of what one row stays, and which."""
    keep = "(@keep|keeping|retaining|leaving|leave|and keep|taking|preferring|with|use|using|only)"
    roles = {
        "keys": "[@keep|there should be|i want|leaving] [@only] (one|single|a single|exactly one|1) [@rows|<e0:Entity>] (per|for each|for every|by|of each|from each|for) [distinct|unique|combination of] <k:Cols> [combination|pair]|(deduplicate|dedupe|dedup|de - duplicate) [@table|@rows|<e1:Entity>] (by|on|based on|using|per|for) [@columns] <k:Cols>|@remove [@all] (duplicates|duplicate|repeats|dupes|doubles|copies) [@rows|<e2:Entity>] (by|on|based on|of|in|for|per|with respect to|with same|with the same|going by|judged by) [@columns|same] <k:Cols>|@remove [@all] (@rows|<e3:Entity>) (with|that have|having|that share) [the|a] (same|repeated|duplicate|duplicated|identical|repeating) <k:Cols>|(for|of|in|within|per) (each|every) [distinct|unique|combination of] <k:Cols>|(per|for each|for every) <k:Cols>|@remove [@all] (repeated|duplicate|duplicated|repeating|double) <k:Cols> (pairs|pair|combinations|combination|values)",
        "first": f"[{keep}] [@only] [the] (first|earliest listed|topmost) {_ROW} {_WHERE}",
        "last": f"[{keep}] [@only] [the] (last|final|bottom) {_ROW} {_WHERE}",
        "bare": "[the|with|by|using] [the] (latest|most recent|newest|earliest|oldest|highest|largest|lowest|smallest|biggest|greatest|maximum|minimum) <oc:Col>|[the|namely] (one|row|record|entry|that) (with|having|that has|which has) (latest|most recent|newest|earliest|oldest|highest|largest|lowest|smallest|biggest|greatest|maximum|minimum) <oc:Col>",
        "latest": f"{keep} [@only] [the] (latest|most recent|newest) {_ROW} [(by|according to|going by|judged by|based on|in terms of|by its|by their) <oc:Col>]",
        "earliest": f"{keep} [@only] [the] (earliest|oldest) {_ROW} [(by|according to|going by|judged by|based on|in terms of) <oc:Col>]",
        "extreme": f"{keep} [@only] [the] {_ROW} (with|that has|having|whose|where) [the] (<x:Extreme>) <oc:Col> [is highest|is largest]|{keep} [@only] [the] (row|record|entry|one) (with) [the] <oc:Col> (<x:Extreme>)|{keep} [@only] [the] (<x:Extreme>|<x:Superlative>) {_ROW} (by|according to|going by|judged by|based on|in terms of) <oc:Col>",
    }
    for which in ("first", "last", "latest", "earliest", "extreme", "bare"):
        wanted = {name: pattern for name, pattern in roles.items() if name in ("keys", which)}
        yield from bag(reader, at, wanted, frozenset(wanted))


@frame("row kept in roles", cost=0.35)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """One row for each key."""
    found = env["b"]
    keys = tuple(found["keys"]["k"])
    if "first" in found or "last" in found:
        return act(Deduplicate(keys=keys, keep="first" if "first" in found else "last"), touched=keys)
    which = next(name for name in ("latest", "earliest", "extreme", "bare") if name in found)
    said = found[which]
    low = {reader.low(step) for step in range(start, end)}
    if which == "bare" and not low & {"one", "single", "1"}:
        return None  # without `one row` these are figures
    column = said.get("oc") or _moment_of(reader, said, which)
    if column in keys or reader.column(column).type not in (*NUMERIC, *TEMPORAL):
        return None
    if which == "bare" and low & {"latest", "newest", "earliest", "recent"} and column not in dates.moments(reader):
        return None  # the latest price is not the highest one
    descending = bool(said["x"]) if which == "extreme" else which == "latest"
    if which == "bare":
        descending = not low & {"earliest", "oldest", "lowest", "smallest", "minimum"}
    order = (SortKey(column=column, descending=descending),)
    cost = -0.6 if which == "bare" else 0.0
    return act(Deduplicate(keys=keys, keep="first", order_by=order), touched=keys, cost=cost)


def _moment_of(reader: Reader, said: dict[str, Any], which: str) -> str:
    """The column of dates that is meant: the only one, or the one that bears the name of the rows."""
    moments = dates.moments(reader)
    thing = stem(str(said.get("e5") or said.get("w5") or ""))
    own = [name for name in moments if thing in map(stem, parts(name))]
    if len(moments) == 1 or len(own) == 1:
        return moments[0] if len(moments) == 1 else own[0]
    raise ask("ambiguous", f"{which.capitalize()} by which column?", moments or list(reader.view.names))
