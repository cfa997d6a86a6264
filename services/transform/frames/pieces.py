"""Frames about parts of texts: taken into columns, kept, removed."""

import re
from typing import Any

from contracts.recipe import (
    Derivation,
    Derive,
    Drop,
    Extract,
    ReplaceText,
    Step,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import checked_name
from services.transform.frames.letters import _TEXT, _texts
from services.transform.planner.reading import Reader, quoted, slot

frames = Frames("pieces")
frame = frames.frame


# -- parts of texts
_BRACKETED = "(in|inside|within|between|enclosed in|is in|is inside|is between|that is in|that is inside|which is in|that stands in|that is between|from|found in|which is inside|contained in|that are in|in between|out of|that appears in|given in|from inside) [the|round|square|a pair of|its] (brackets|parentheses|bracket|parens|round brackets|square brackets)"


_NOISE = "[part|text|bit|piece|word|words|name|code|number|value|portion|string|letters|characters|everything|whatever|what|all|content|section|substring|prefix|suffix|everything that|thing|whatever text|id]"


_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"  # 30.0 is one number, of two runs of digits


def _escaped(sign: str) -> str:
    return re.escape(sign).replace("\\ ", " ")


@slot("Taking")
def taking(reader: Reader, at: int) -> Any:
    """A part of a text: the pattern whose first group it is."""
    yield from reader.slot("KindOfPiece", at)
    for end, _, cost in reader.match(
        "[@only] [first|1st|leading] (run of digits|digits|sequence of digits|group of digits|digit run|series of digits|block of digits|number|run of numbers|numeric part|string of digits|digit sequence|numbers|digit group|whole number|integer|numerals|numeric bit)",
        at,
    ):
        said = [reader.low(step) for step in range(at, end)]
        yield end, _NUMBER if said[-1] == "number" else r"([0-9]+)", cost + (0.4 if said == ["number"] else 0.0)
    for end, _, cost in reader.match(
        "[@only] last (run of digits|digits|sequence of digits|group of digits|number|block of digits)", at
    ):
        yield end, r"([0-9]+)[^0-9]*$", cost
    for end, env, cost in reader.match(
        "[@only] [first] <n:Count> [-] (digit|digits) (number|year|code|run|sequence|group|numbers)", at
    ):
        yield end, rf"(?:^|[^0-9])([0-9]{{{env['n']}}})(?:[^0-9]|$)", cost
    for end, _, cost in reader.match("[@only] [four digit|4 - digit|four - digit|4 digit] year [number]", at):
        yield end, r"(?:^|[^0-9])([12][0-9]{3})(?:[^0-9]|$)", cost + 0.2
    for end, _, cost in reader.match(
        "[@only] [leading|starting|first|initial] (letters|letter prefix|run of letters|alphabetic part|letter part|letters at start|alphabetic prefix|group of letters|alphabetical part)",
        at,
    ):
        low = {reader.low(step) for step in range(at, end)}
        lead = low & {"leading", "starting", "initial", "prefix", "start"}
        yield end, r"^([A-Za-z]+)" if lead else r"([A-Za-z]+)", cost + 0.05
    for end, _, cost in reader.match(
        "[@only] trailing (letters|run of letters)|last (letters|run of letters)|[@only] letters at (end|very end)", at
    ):
        yield end, r"([A-Za-z]+)$", cost
    for end, _, cost in reader.match(
        "[@only] (trailing digits|digits at end|trailing number|number at end|digits at very end|final digits|numeric suffix)",
        at,
    ):
        yield end, rf"{_NUMBER}$" if "number" in [reader.low(step) for step in range(at, end)] else r"([0-9]+)$", cost
    for end, _, cost in reader.match(
        "[@only] (leading digits|digits at start|leading number|number at start|digits at beginning|number at beginning|numeric prefix|starting number)",
        at,
    ):
        yield end, rf"^{_NUMBER}" if "number" in [reader.low(step) for step in range(at, end)] else r"^([0-9]+)", cost
    for end, _, cost in reader.match(
        f"[@only] [<w:Noise>] {_NOISE} {_BRACKETED}|bracketed (text|part|bit|word|words|name)|(parenthesised|parenthesized) (text|part)",
        at,
    ):
        square = "square" in {reader.low(step) for step in range(at, end)}
        yield end, r"\[([^\]]*)\]" if square else r"\(([^)]*)\)", cost
    for end, env, cost in reader.match(
        f"[@only] [<w:Noise>] {_NOISE} [that|which] [is|comes|stands|appears|goes|follows|come|up to] (before|in front of|left of|to left of|preceding|up to|ahead of|until) [the] [first] <s:Sep>",
        at,
    ):
        one_word = "word" in [reader.low(step) for step in range(at, end - 1)]
        yield end, (rf"([^\s{_inside(env['s'])}]+)\s*{_escaped(env['s'])}" if one_word else _before(env["s"])), cost
    for end, env, cost in reader.match(
        f"[@only] [<w:Noise>] {_NOISE} [that|which] [is|comes|stands|appears|goes|come] (before|in front of|left of|to left of|preceding|up to) [the] last <s:Sep>",
        at,
    ):
        yield end, rf"^(.*?)\s*{_escaped(env['s'])}[^{_inside(env['s'])}]*$", cost
    for end, env, cost in reader.match(
        f"[@only] [<w:Noise>] {_NOISE} [that|which] [is|comes|stands|appears|goes|come|follows] [right|directly|just|immediately|straight|everything] (after|behind|right of|to right of|following|follows|past|beyond) [the] [first] <s:Sep>",
        at,
    ):
        one_word = "word" in [reader.low(step) for step in range(at, end - 1)]
        yield end, rf"{_escaped(env['s'])}\s*([^\s]+)" if one_word else rf"{_escaped(env['s'])}\s*(.*)$", cost
    for end, env, cost in reader.match(
        f"[@only] [<w:Noise>] {_NOISE} [that|which] [is|comes|stands|appears|goes|come] [right|directly|just] (after|behind|right of|following) [the] last <s:Sep>",
        at,
    ):
        yield end, rf"{_escaped(env['s'])}\s*([^{_inside(env['s'])}]*)$", cost
    for end, env, cost in reader.match(
        f"[@only] [<w:Noise>] {_NOISE} [that|which] [is|stands|comes] (between|in between) [the] [first] <s:Sep> (and|&) [the] [next|second|a|following] <t:Sep>|[@only] [<w:Noise>] {_NOISE} [that|which] [is|comes] after [the] <s:Sep> (and|but) before [the] [next|first] <t:Sep>",
        at,
    ):
        yield end, rf"{_escaped(env['s'])}\s*([^{_inside(env['t'])}]*?)\s*{_escaped(env['t'])}", cost
    for end, _, cost in reader.match(
        "[@only] [the] (domain|domain name|mail domain|email domain|e - mail domain) [part] [LP (part|everything|bit|what is) after [the] (@|at sign|@ sign) RP|LP after @ RP|, the part after @|, the part after the @|, i . e . part after @]",
        at,
    ):
        yield end, r"@(.*)$", cost
    for end, _, cost in reader.match(
        "[@only] (user name|username|local part|user part|name part|account name|mailbox) [before @|LP [the] (part|bit) before [the] (@|at sign) RP]",
        at,
    ):
        yield end, r"^([^@]*)@", cost + 0.1
    for end, _, cost in reader.match("[@only] (first|1st) word", at):
        yield end, r"^\s*([^\s]+)", cost
    for end, _, cost in reader.match("[@only] (last|final) word", at):
        yield end, r"([^\s]+)\s*$", cost
    for end, _, cost in reader.match("[@only] (second|2nd) word", at):
        yield end, r"^\s*[^\s]+\s+([^\s]+)", cost
    for end, _, cost in reader.match("[@only] (third|3rd) word", at):
        yield end, r"^\s*[^\s]+\s+[^\s]+\s+([^\s]+)", cost
    for end, _, cost in reader.match(
        "[@only] (everything|all|part|text|all text|rest) (but|except|after) [the] first word", at
    ):
        yield end, r"^\s*[^\s]+\s+(.*)$", cost
    for end, env, cost in reader.match(
        "[@only] first <n:Count> (characters|letters|chars|digits|character|letter|digit|signs)", at
    ):
        yield end, rf"^(.{{0,{env['n']}}})", cost
    for end, env, cost in reader.match(
        "[@only] last <n:Count> (characters|letters|chars|digits|character|letter|digit|signs)", at
    ):
        yield end, rf"(.{{0,{env['n']}}})$", cost
    for end, _, cost in reader.match("[@only] [first] (letter|character|initial)|[@only] initial [letter]", at):
        if "first" in [reader.low(step) for step in range(at, end)] or reader.low(end - 1) == "initial":
            yield end, r"^(.)", cost


def _before(sign: str) -> str:
    return rf"^(.*?)\s*{_escaped(sign)}"


def _inside(sign: str) -> str:
    return re.escape(sign[0]) if sign else ""


@slot("Noise")
def noise(reader: Reader, at: int) -> Any:
    """One or two plain words that call the part by a name of its own: the Latin name, the title."""
    for size in (1, 2):
        span = reader.tokens[at : at + size]
        if (
            len(span) == size
            and all(one.kind == "word" for one in span)
            and span[0].low not in ("in", "of", "from", "and", "to", "after", "before", "which", "that", "all")
        ):
            yield at + size, True, 0.3


@slot("Gloss")
def gloss(reader: Reader, at: int) -> Any:
    """What a part is, explained in brackets or after a colon: the part, as taking() reads it."""
    if reader.low(at) not in ("(", ",", ":", "-", "–"):
        return
    close = (
        next((step for step in range(at + 1, min(len(reader.tokens), at + 30)) if reader.low(step) == ")"), None)
        if reader.low(at) == "("
        else None
    )
    last = close if close is not None else min(len(reader.tokens), at + 14)
    for start in range(at + 1, last):
        for end, pattern, cost in reader.slot("Taking", start):
            if close is None or end == close:
                yield end + (close is not None), pattern, cost + 0.02 * (start - at)


@frame("a part into a column of its own")
def part_to_column(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """What a pattern finds, beside the text it was found in."""
    column = env["q"][1] if "q" in env else env["c"]
    pattern = env["q"][0] if "q" in env else env.get("p") or env.get("g") or env.get("b")
    if pattern is None or reader.column(column).type is not _TEXT:
        return None
    if env["n"] == column:
        return None
    name = checked_name(reader, env["n"])
    return act(Extract(column=column, pattern=pattern, into=(name,)), made=(name,), used=(column,))


@slot("Example")
def example(reader: Reader, at: int) -> Any:
    """A value as it is written, in brackets: (like auto(l5)), (30.0 in Chrome 30.0)."""
    if reader.low(at) != "(":
        return
    held = {value for column in reader.view.columns for value in column.values}
    depth = 0
    for end in range(at, min(len(reader.tokens), at + 16)):
        depth += (reader.low(end) == "(") - (reader.low(end) == ")")
        if depth == 0:
            inner = reader.raw(at + 1, end)
            if any(value in inner for value in held if len(value) > 2):
                yield end + 1, inner, 0.1
            return


@slot("TakingOf")
def taking_of(reader: Reader, at: int) -> Any:
    """The part of a column before or after a sign."""
    part = "[@only] (part|text|bit|piece|portion|everything|string|section|name) (of|in|from) <c:Col> [that|which] [is|comes|stands|appears]"
    for end, env, cost in reader.match(
        f"{part} (before|in front of|up to|left of|preceding) [the] [first|opening] <s:Sep>", at
    ):
        yield end, (_before(env["s"]), env["c"]), cost
    for end, env, cost in reader.match(f"{part} (after|behind|following|right of) [the] [first] <s:Sep>", at):
        yield end, (rf"{_escaped(env['s'])}\s*(.*)$", env["c"]), cost
    for end, env, cost in reader.match(f"{part} (in|inside|between|within) [the] (brackets|parentheses)", at):
        yield end, (r"\(([^)]*)\)", env["c"]), cost


@slot("Bracketed")
def bracketed(reader: Reader, at: int) -> Any:
    """In brackets."""
    for end, _, cost in reader.match(_BRACKETED, at):
        yield end, r"\(([^)]*)\)", cost


@frame("a part in place of the whole")
def part_in_place(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Only a part of a text stays."""
    column = env["c"]
    low = [reader.low(step) for step in range(start, end)]
    if low[0] in ("make", "strip", "trim", "cut", "truncate", "change", "replace", "set", "i", "turn") and not {
        "to",
        "into",
        "only",
        "just",
        "with",
        "by",
    } & set(low):
        return None
    if reader.column(column).type is not _TEXT:
        return None
    if low[0] in ("only", "i", "take") and "n" in env:
        return None
    return act(
        Extract(column=column, pattern=env["p"], into=(fresh(reader, f"{column}_part"),), keep=True),
        *_swap(reader, column),
        touched=(column,),
    )


def _swap(reader: Reader, column: str) -> tuple[Step, ...]:
    """The part takes the column's place; where there is none, what stood there goes."""
    name = fresh(reader, f"{column}_part")
    return (Derive(columns=(Derivation(column=column, expression=quoted(name)),)), Drop(columns=(name,)))


@frame("parts away")
def parts_away(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Characters of a kind, or what stands before or after a sign, removed or replaced."""
    if not _texts(reader, env["c"]):
        return None
    new = env.get("b", "").replace("\\", "\\\\")
    return act(ReplaceText(columns=env["c"], pattern=env["x"], replacement=new), touched=env["c"])


@slot("Away")
def away(reader: Reader, at: int) -> Any:
    """What is to go, as a pattern."""
    for words, pattern in (
        ("[all] (digits|numbers|numerals|numeric characters|digit characters)", "[0-9]"),
        ("[all] letters", r"\p{L}"),
        ("[all] (spaces|whitespace|white space|blanks) [inside|in between|anywhere|everywhere|completely]", r"\s"),
        ("[all] (punctuation|punctuation marks|punctuation characters|punctuation signs)", r"[^\p{L}\p{N}\s]"),
        (
            "[all|any|every] (special characters|symbols|special signs|non [-] alphanumeric characters|non alphanumeric characters|anything that is not a letter or digit|everything that is not letter or digit|non - alphanumerics)",
            r"[^\p{L}\p{N}\s]",
        ),
        (
            "[all|any|every|everything|anything|every character] (non [-] digit|non digit|non [-] numeric|non numeric|that is not digit|that is not number|but digits|except digits|which is not digit|but numbers) [characters|character|signs]",
            "[^0-9]",
        ),
        (
            "[all|any|every] (non [-] letter|non letter|non [-] alphabetic) [characters|character|signs]|everything (but|except) letters|anything that is not letter",
            r"[^\p{L}]",
        ),
        ("[all|any|every] (vowels)", "[AEIOUaeiou]"),
        (
            "[all|any|every] (brackets|parentheses|round brackets) [and|with|including|plus|together with|along with] [everything|anything|what is|text|whatever is|their|whatever|all|what|its|the text|all text|contents|the] [that is] [inside|in|within|between|contents|content] [them|it|brackets]",
            r"\s*\([^)]*\)",
        ),
        (
            "[@all|any] [everything|anything|text|part|what is|whatever is|words|bit|note|notes|remarks|additions|stuff] (in|inside|within|between) (brackets|parentheses|round brackets) [LP brackets included RP|including brackets|and brackets|and brackets themselves|, brackets included|including the brackets|, including brackets|and the brackets|along with brackets]",
            r"\s*\([^)]*\)",
        ),
        ("[first|leading] (character|letter)", "^."),
        ("(last|final|trailing) (character|letter|sign)", ".$"),
        ("(leading zeros|leading zeroes|zeros at start|zeros at front|zeroes at start)", "^0+"),
        ("trailing (zeros|zeroes)", "0+$"),
    ):
        for end, _, cost in reader.match(words, at):
            yield end, pattern, cost + 0.05
    for end, env, cost in reader.match("first <n:Count> (characters|letters|chars|digits)", at):
        yield end, rf"^.{{0,{env['n']}}}", cost
    for end, env, cost in reader.match("last <n:Count> (characters|letters|chars|digits)", at):
        yield end, rf".{{0,{env['n']}}}$", cost
    what = "(everything|anything|part|text|all|whatever comes|whatever|what comes|bit|all that comes|everything that comes|all text|the rest|what is|suffix|prefix)"
    for end, env, cost in reader.match(
        f"{what} [that is|that comes] (after|behind|following|right of) [the] [first] <s:Sep> [LP including it RP|including it|and the sign itself|including sign itself|, including it|inclusive|, sign included]",
        at,
    ):
        yield (
            end,
            rf"\s*{_escaped(env['s'])}.*$",
            cost,
        )
    for end, env, cost in reader.match(
        f"(<s:Sep>) and {what} after it|{what} from [the] [first] <s:Sep> [on|onwards]", at
    ):
        yield end, rf"\s*{_escaped(env['s'])}.*$", cost
    for end, env, cost in reader.match(
        f"{what} [that is|that comes] (before|in front of|left of|up to) [the] [first] <s:Sep> [LP including it RP|including it|and sign itself|, including it|inclusive]",
        at,
    ):
        yield end, rf"^.*?{_escaped(env['s'])}\s*", cost
