"""Frames about texts that are split, said in any order: which text, at which sign, into what, and what stays."""

from typing import Any

from contracts.recipe import Drop, Extract
from services.transform.frames.base import Answer, Frames, act
from services.transform.frames.deriving import checked_name
from services.transform.frames.joining import split
from services.transform.frames.letters import _TEXT
from services.transform.planner.reading import Reader, slot
from services.transform.planner.roles import bag

frames = Frames("parted")
frame = frames.frame


@slot("SplitRoles")
def split_roles(reader: Reader, at: int) -> Any:
    """Which text, at which sign, into what, and whether the source stays."""
    parts = "(parts|part|pieces|columns|new columns|two columns|three columns|results|halves|two parts|three parts)"
    roles = {
        "what": "(split|separate|divide|break|split up|break up|divide up|cut) [@all] [@values of|@values in|up] <c:Col> [@values] [up]",
        "sign": "(at|on|by|using|with|where|along|after) [the|each|its] [first|every] <s:Sep>|[at|on] (its|the|their) [first] <s:Sep>",
        "names": f"(into|to|giving|as|in) [two|three|2|3|new|separate] [{parts}] [called|named|:] <n:Names>|(@call|and call) [the|them|these|it] [new|two|three] [{parts}] [them] <n:Names>|LP {parts} [called|named|:] <n:Names> RP|{parts} [called|named|:] <n:Names>|[:|,] <a:NewName> (is|=|for|gets|being|takes|holds) [what comes|what is|everything|part|the part|text] (before|in front of) [it|the sign|that|first one] [,|and|;|, and] <b:Name> (is|=|for|gets|being|takes|holds) [what comes|what is|everything|part|the part|rest|text] [after|behind] [it|the sign|that|first one]",
        "stays": "<r:KeepOrDrop>",
    }
    for needed in (frozenset({"what", "sign", "names"}),):
        yield from bag(reader, at, roles, needed)


@frame("split in roles", cost=0.35)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A text split into columns."""
    found = env["b"]
    names = found["names"].get("n") or (found["names"]["a"], found["names"]["b"])
    given: dict[str, Any] = {"c": found["what"]["c"], "s": found["sign"]["s"], "n": names}
    if "stays" in found:
        given["r"] = found["stays"]["r"]
    return split(reader, given, start, end)


@frame("split into parts that are described", cost=0.1)
def described(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Two columns of a text, each told by what it holds."""
    column, names = env["c"], (env["a"], env["b"])
    if reader.column(column).type is not _TEXT or env["a"] == env["b"] or column in names:
        return None
    taken = zip((checked_name(reader, name) for name in names), (env["p"], env["q"]), strict=True)
    steps = [Extract(column=column, pattern=pattern, into=(name,)) for name, pattern in taken]
    gone = (Drop(columns=(column,)),) if env.get("r") == "drop" else ()
    return act(*steps, *gone, made=names, used=(column,))
