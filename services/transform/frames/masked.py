"""Frames about texts of which a part stays to be seen, said in any order: of what, which part, what stands for the rest."""

from typing import Any

from contracts.data import LogicalType
from contracts.recipe import Derivation, Derive, Mask
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.reading import Reader, quoted, slot, text
from services.transform.planner.roles import bag

frames = Frames("masked")
frame = frames.frame

_HIDE = "(mask|hide|obscure|censor|star out|blank out|anonymise|anonymize|redact|@replace|cover|cover up|mask out|black out|obfuscate|x out|cross out|scramble)"
_UNIT = "(letter|letters|character|characters|digit|digits|number|numbers|char|chars|signs|symbols|initial)"
_END = "[the|its|their|each] (first|last|final|leading|trailing|initial) [<n:Count>]"
_STAYS = "[are|is|be|remain|remains|stay|stays|left|to] [left|shown|visible|kept|readable|seen|be seen|still visible|in clear|unmasked|untouched|as they are|as is]"
_BUT = "(but|but for|except|except for|all but|everything but|everything except|all except|apart from|other than|save|besides|so that|so|so only|keep|keeping|and keep|leave|leaving|and leave|show|showing|and show|but keep|but leave|but show|to|with|and|display|reveal|:|-)"
_SIGNS = "(brackets|bracket|parentheses|space|spaces|dash|dashes|hyphen|hyphens|dots|dot|signs|separators|punctuation|characters|plus sign|plus|slash|slashes|symbols)"
_PART = f"{_END} {_UNIT}"


@slot("MaskedRoles")
def masked_roles(reader: Reader, at: int) -> Any:
    """Of what, which part stays or goes, and what stands for what is hidden."""
    column = "[the|each|every|@all] [@values of|@values in] <c:Col> [@values]"
    roles = {
        "what": f"{_HIDE} {column}|(in|of|for|from) {column}|{column}",
        "stays": f"[{_HIDE}] [,] {_BUT} [@only|just] [for] {_PART} {_STAYS} [of it|of each]|[@keep|show|leave|display] @only {_PART} {_STAYS}|{_HIDE} [@all|everything] [of|{_UNIT}] [in] [of] [<c2:Col>] [,] (but|except|except for|but for|apart from) [for] {_PART}|(@keep|show|leave|display) [@only] {_PART} {_STAYS}|[{_HIDE}] [,] (every|each|all) {_UNIT} (but|except|but for|except for|apart from) {_END} [{_UNIT}]",
        "goes": f"{_HIDE} [@only|just] {_PART}",
        "every": f"{_HIDE} (every|all|each|@all|) {_UNIT}",
        "stars": "[,|and|then] [(@replace|mask|hide|show|put|write|change|star out|turn)] [the] [others|rest|everything else|rest of it|remaining ones|other <w:Word>|remaining <w2:Word>] [shown|replaced|hidden|masked] [as|with|by|into|using|to|use|put|followed by|then|plus|replaced by|replaced with|is|are|becomes|become|turns into|is to be|should be] [an|a|each] (<ch:MaskSign>|<t:Text>) [each|per letter|instead|for rest|for each|per character|for rest of it|for each letter|for each hidden <w3:Word>]",
        "whole": "(mask|hide|star out|replace) [the] (others|rest|everything else|rest of it|remaining ones|other <w4:Word>)",
        "others": f"[,|;|and] [the|all] [other] {_SIGNS} [(,|and|, and|&) {_SIGNS}] [(,|and|, and|&) {_SIGNS}] [(,|and|, and|&) {_SIGNS}] (stay|stays|remain|remains|are kept|are left|untouched|are untouched) [as they are|alone|untouched|where they are|as is]|[,|;|and] (leave|keep) [the|all] [other] {_SIGNS} [(,|and|, and|&) {_SIGNS}] [(,|and|, and|&) {_SIGNS}] [as they are|alone|untouched|where they are|as is]",
    }
    for needed in ("stays", "goes", "every"):
        wanted = {name: one for name, one in roles.items() if name in (needed, "what", "stars", "whole", "others")}
        yield from bag(reader, at, wanted, frozenset({needed, "what"}))


@frame("part hidden in roles", cost=0.6)
def in_roles(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A part of each text is hidden."""
    found = env["b"]
    low = {reader.low(step) for step in range(start, end)}
    part = found.get("stays", found.get("goes"))
    column = found["what"]["c"]
    view = reader.column(column)
    if not low & _HIDING or view.type is not LogicalType.STRING or (part or {}).get("c2", column) != column:
        return None
    said = found.get("stars", {})
    sign = said.get("ch")
    fixed = said.get("t")
    if fixed is not None and len(fixed) == 1:
        sign, fixed = fixed, None
    if fixed is None and sign is None:
        sign = "*"
    if part is None:
        return _every(reader, column, low, sign) if sign is not None else None
    size, first = part.get("n", 1), bool(low & {"first", "leading", "initial"})
    if bool(low & {"last", "final", "trailing"}) == first or not 0 < size < 100:
        return None
    digits = bool(low & {"digit", "digits", "numbers", "number"})
    if "stays" in found and not first and fixed is None and sign is not None:
        method = "phone" if digits else "partial"
        return act(Mask(columns=(column,), method=method, keep=size, character=sign), touched=(column,))
    ends = [value[:size] if first else value[-size:] for value in view.values]
    if digits and not all(one.isdigit() for one in ends):
        return None  # the last digits are not the last characters
    return _derived(column, size, first=first, seen="stays" in found, sign=sign, fixed=fixed)


_HIDING = frozenset(
    "mask hide obscure censor star redact anonymise anonymize cover black obfuscate blank x cross scramble * *** replace replaced".split()
)


def _derived(column: str, size: int, *, first: bool, seen: bool, sign: str | None, fixed: str | None) -> Answer:
    name = quoted(column)
    one, other = f"LEFT({name}, {size})", f"SUBSTRING({name}, {size + 1})"
    if not first:
        one, other = f"RIGHT({name}, {size})", f"LEFT({name}, GREATEST(LENGTH({name}) - {size}, 0))"
    if seen:
        one, other = other, one  # now `one` is what is hidden
    hidden = (
        f"REGEXP_REPLACE({one}, '.', {text(sign)}, 'g')" if fixed is None and sign is not None else text(fixed or "")
    )
    pieces = (hidden, other) if seen != first else (other, hidden)
    written = f"CASE WHEN {name} IS NOT NULL THEN {' || '.join(pieces)} END"
    return act(Derive(columns=(Derivation(column=column, expression=written),)), touched=(column,))


def _every(reader: Reader, column: str, low: set[str], sign: str) -> Answer:
    """All digits or letters are hidden, one sign for each."""
    if low & {"first", "last"}:
        return None
    kind = (
        "[0-9]" if low & {"digit", "digits", "number", "numbers"} else r"\p{L}" if low & {"letter", "letters"} else "."
    )
    made = Derivation(column=column, expression=f"REGEXP_REPLACE({quoted(column)}, '{kind}', {text(sign)}, 'g')")
    return act(Derive(columns=(made,)), touched=(column,))
