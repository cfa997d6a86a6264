"""Frames about columns that are calculated, said in any order: of what, under which name, with how many decimals."""

from typing import Any

from contracts.recipe import Case, Conditional
from services.transform.frames.base import Answer, Frames, act
from services.transform.frames.deriving import calculation, checked_name
from services.transform.frames.numbers import units
from services.transform.frames.windowed import SHARED
from services.transform.planner.reading import Reader, slot, text
from services.transform.planner.roles import bag
from services.transform.planner.words import parts

frames = Frames("calculated")
frame = frames.frame


@slot("CalculatedRoles")
def calculated_roles(reader: Reader, at: int) -> Any:
    """A formula, its name, its decimals."""
    roles = {
        "label": "<l:Name> (=|:|is)",
        "what": "[@lead|@add|calculate] [@column] [with|of|holding] [the] <x:Formula>",
        "name": SHARED["name"],
        "round": SHARED["round"],
        "percent": "<pc:InPercent>",
    }
    yield from bag(reader, at, roles, frozenset({"what", "name"}))


@frame("calculated in roles", cost=0.6)
def calculated(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column of a calculation."""
    found = env["b"]
    formula = found["what"]["x"]
    if "label" in found and not set(parts(found["label"]["l"])) <= set(parts(found["name"]["n"])):
        return None  # two names that have nothing to do with one another
    bare = formula.sql.removeprefix("ROUND(").startswith('"') and not set("*/+(") & set(
        formula.sql.removeprefix("ROUND(")
    )
    if len(formula.columns) < 2 and bare and " - " not in formula.sql:
        return None  # nothing is calculated
    given = {"n": found["name"]["n"], "x": formula}
    if "round" in found:
        given["d"] = found["round"]["d"]
    if "percent" in found:
        given["pc"] = True
    return calculation(reader, given, start, end)


_ANSWERS = {"yes": ("'yes'", "'no'"), "true": ("TRUE", "FALSE"), "1": ("1", "0"), "y": ("'Y'", "'N'")}


@slot("Answers")
def answers(reader: Reader, at: int) -> Any:
    """How yes and no are to be written."""
    for end, env, cost in reader.match("<y:Sample> (/|or|and) <n:Sample>", at):
        found = _ANSWERS.get(str(env["y"]).casefold())
        no = str(env["n"]).casefold()
        if found is not None and no in ("no", "false", "0", "n"):
            written = (text(env["y"]), text(env["n"])) if found[0].startswith("'") else found
            yield end, written, cost
    if reader.low(at) == "1" and reader.low(at + 1) in ("/", "or") and reader.low(at + 2) == "0":
        yield at + 3, ("1", "0"), 0.0


@slot("FlaggedRoles")
def flagged_roles(reader: Reader, at: int) -> Any:
    """What is marked, in which column, how."""
    mark = "(flag|mark|tag|indicate|tell|show|say|@add)"
    roles = {
        "what": f"(flag|mark|tag) [@all|each|every|the] [@rows|<e0:Entity>|<v0:Word> <e1:Entity>] (LP|where|whose|with|that have|when|if|for which|: |that are|who|that) <w:Cond> [RP]|(flag|mark|tag) [@all|the] <w:Who>|{mark} [@column] (whether|if) [a|the|each|@rows|<e2:Entity>|it|they] [is|are|was|were|has|have] <w:Cond>",
        "name": SHARED["name"],
        "how": "(with|as|using|by|of|saying|LP|:|,) [the values|values|the words|a|either] <a:Answers> [@column|flag|values] [RP]|<a:Answers> [@column|flag]",
    }
    yield from bag(reader, at, roles, frozenset({"what", "name", "how"}))
    yield from bag(reader, at, {name: roles[name] for name in ("what", "name")}, frozenset({"what", "name"}))


@frame("flagged in roles", cost=0.6)
def flagged(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column that says of each row whether something holds."""
    found = env["b"]
    condition = found["what"]["w"]
    if condition.sql.startswith("@"):
        return None
    yes, no = found["how"]["a"] if "how" in found else ("TRUE", "FALSE")
    name = checked_name(reader, found["name"]["n"])
    return act(
        Conditional(column=name, cases=(Case(when=condition.sql, then=yes),), otherwise=no),
        made=(name,),
        used=condition.columns,
    )


@frame("blank where a source is blank", cost=0.3)
def blank_with_source(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A calculation with nothing in it gives nothing anyway: said, and done already."""
    done = reader.memory.last == "derive" and env.get("n", "") in ("", *reader.memory.made)
    return (
        act(made=reader.memory.made, used=reader.memory.used)
        if done and set(env["c"]) <= set(reader.memory.used)
        else None
    )


@slot("MeasuredRoles")
def measured_roles(reader: Reader, at: int) -> Any:
    """What is to be in another unit, which one, and under which name."""
    roles = {
        "what": "[@lead|@add|convert|express|put] [the] <c:Col> [@values] [converted|expressed|given|measured|shown] (in|to|into|as) <u:Unit>|[@lead|@add] [the|a] <u:Unit> (version|equivalent|value|values|copy) of <c:Col>",
        "name": SHARED["name"],
        "round": SHARED["round"],
    }
    yield from bag(reader, at, roles, frozenset({"what", "name"}))


@frame("units in roles", cost=0.5)
def measured(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column in another unit, beside the one that there is."""
    found = env["b"]
    given = {"c": (found["what"]["c"],), "b": found["what"]["u"], "n": found["name"]["n"]}
    if "round" in found:
        given["d"] = found["round"]["d"]
    return units(reader, given, start, end)
