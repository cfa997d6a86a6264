"""Frames about texts: their case and spaces, parts taken out of them, joined and split columns, masks."""

import re
from collections.abc import Sequence
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Affix,
    Cast,
    Derivation,
    Derive,
    Drop,
    Explode,
    Extract,
    JoinColumns,
    Mask,
    Pad,
    PlainOperation,
    ReplaceText,
    Split,
    Step,
    Text,
    Trim,
)
from services.transform.planner.arithmetic import as_text
from services.transform.planner.frames.base import Answer, Frames, act, fresh
from services.transform.planner.frames.deriving import checked_name
from services.transform.planner.reading import NUMERIC, Reader, quoted, slot, text
from services.transform.planner.view import ask
from services.transform.planner.words import key

frames = Frames("texts")
frame = frames.frame

_TEXT = LogicalType.STRING


def _texts(reader: Reader, columns: Sequence[str]) -> bool:
    return bool(columns) and all(reader.column(name).type is _TEXT for name in columns)


# -- letters and spaces

_CASES = (
    (
        "title [-] case|titlecase|title|proper case|initial capitals|capitalised words|capitalized words|each word capitalised|each word capitalized",
        "title",
    ),
    (
        "[all] (upper [-] case|uppercase|capitals|caps|capital letters|upper|upper case letters|uppercase letters)|all caps|block capitals|allcaps|block letters|all - caps",
        "upper",
    ),
    ("[all] (lower [-] case|lowercase|small letters|lower case letters|lowercase letters|lower|lowercased)", "lower"),
    (
        "sentence case|capital first letter|first letter capital|initial capital|first letter upper case|first letter uppercase|capitalised first letter|with capital first letter",
        "capitalize",
    ),
)


@slot("LetterCase")
def letter_case(reader: Reader, at: int) -> Any:
    """Upper, lower, title case."""
    for words, kind in _CASES:
        for end, _, cost in reader.match(
            f"[proper|plain|consistent|nice] ({words}) [letters|everywhere|throughout|only]", at
        ):
            yield end, kind, cost


@slot("Cleaning")
def cleaning(reader: Reader, at: int) -> Any:
    """An operation on texts as it is said with its object."""
    spaces = "[all|any|extra|surplus|stray|leading|trailing|unnecessary|needless|unwanted|leading and trailing|outer|surrounding|white|blank|leading or trailing|superfluous|leading / trailing|starting and ending] (spaces|space|whitespace|white space|blanks|spacing)"
    where = "[at [the] (ends|end|start|both ends|beginning|start and end|beginning and end|edges|front|back)|around|on both sides|from both ends|at either end|from ends|from start and end|around them|around it|around values|before and after|off both ends|at start and end]"
    for words, operations in (
        (f"(trim|strip) [off|away] [{spaces}] {where}", "trim"),
        (
            f"(remove|strip|trim|delete|drop|cut|get rid of|clean|clear|take off|lose|cut off|clean up|tidy up|trim off) {spaces} {where}",
            "trim",
        ),
        (
            "(collapse|squeeze|reduce|merge|replace|condense|squash|turn|shrink|normalise|normalize) [all|any|repeated|multiple|double|several|runs of|consecutive|inner|sequences of|duplicate] (spaces|whitespace|white space|spaces in a row|blanks) [inside|in between] [(to|into|with|by) [one|single|just one|a single] [space|blank|one]]",
            "collapse",
        ),
        ("(remove|strip) accents|(strip|remove) (diacritics|accent marks|accents)", "strip_accents"),
    ):
        for end, _, cost in reader.match(words, at):
            said = {reader.low(step) for step in range(at, end)}
            kind = operations
            if (
                kind == "trim"
                and (said & {"extra", "surplus", "double", "multiple", "unnecessary", "superfluous"})
                and not said & {"ends", "end", "start", "leading", "trailing"}
            ):
                kind = "collapse"
            if (
                kind == "trim"
                and said & {"leading", "start", "beginning", "front"}
                and not said & {"trailing", "end", "ends"}
            ):
                kind = "trim_start"
            elif (
                kind == "trim"
                and said & {"trailing", "end", "back"}
                and not said & {"leading", "start", "beginning", "front", "ends"}
            ):
                kind = "trim_end"
            yield end, kind, cost
    for words, kind in (
        ("(uppercase|upper case|upper - case|capitalise all letters of|capitalize all letters of)", "upper"),
        ("(lowercase|lower case|lower - case|downcase)", "lower"),
        (
            "(title case|titlecase|title - case|capitalise each word of|capitalize each word of|capitalise every word of|capitalize every word of|capitalise each word in|capitalize each word in|capitalise every word in|capitalize every word in|capitalise words in|capitalize words in)",
            "title",
        ),
        ("(capitalise|capitalize) [the] first letter (of|in)", "capitalize"),
        ("(@make|turn|put|write|have|set|use) [it|them] [in|into|to|as|be]", ""),
    ):
        for end, _, cost in reader.match(words, at):
            if kind:
                yield end, kind, cost
            else:
                for stop, said_kind, more in reader.slot("LetterCase", end):
                    yield stop, said_kind, cost + more


def operations_of(kinds: Sequence[str]) -> tuple[Any, ...]:
    """The operations of a text step."""
    return tuple(Trim(kind=kind) if kind.startswith("trim") else PlainOperation(kind=kind) for kind in kinds)  # type: ignore[arg-type]


def _clean(reader: Reader, columns: tuple[str, ...], kinds: Sequence[str]) -> Answer:
    if len(columns) == len(reader.view.names):
        columns = tuple(name for name in columns if reader.column(name).type is _TEXT)
    if not _texts(reader, columns):
        return None
    return act(Text(columns=columns, operations=operations_of(kinds)), touched=columns)


@frame("letter case")
def letters(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The case of letters and the spaces around."""
    columns = env.get("c")
    if columns is None:
        there = tuple(name for name in reader.memory.touched if reader.view.column(name) is not None)
        columns = there
        if not columns:
            return None
    first = reader.low(start)
    kinds = [env["k"]] if "k" in env else ["trim"] if first in ("trim", "strip") else []
    if "k2" in env:
        kinds.append(env["k2"])
    if not kinds:
        if first in ("capitalise", "capitalize"):
            raise ask(
                "ambiguous",
                "Is each word to begin with a capital, or only the first, or are all letters to be capitals?",
                ["Each Word", "First word", "ALL LETTERS"],
            )
        return None
    low = {reader.low(step) for step in range(start, end)}
    if low & {"header", "headers", "names"} and not _texts(reader, columns):
        return None
    return _clean(reader, tuple(columns), kinds)


# -- parts of texts

_BRACKETED = "(in|inside|within|between|enclosed in|that is in|that is inside|which is in|that stands in|that is between|from|found in|which is inside|contained in|that are in|in between|that appears in|given in|from inside) [the|round|square|a pair of|its] (brackets|parentheses|bracket|parens|round brackets|square brackets)"
_NOISE = "[part|text|bit|piece|word|words|name|code|number|value|portion|string|letters|characters|everything|whatever|what|all|content|section|substring|prefix|suffix|everything that|thing|whatever text|id]"


def _escaped(sign: str) -> str:
    return re.escape(sign).replace("\\ ", " ")


@slot("Taking")
def taking(reader: Reader, at: int) -> Any:
    """A part of a text: the pattern whose first group it is."""
    for end, _, cost in reader.match(
        "[@only] [first|1st|leading] (run of digits|digits|sequence of digits|group of digits|digit run|series of digits|block of digits|number|run of numbers|numeric part|string of digits|digit sequence|numbers|digit group|whole number|integer|numerals|numeric bit)",
        at,
    ):
        said = [reader.low(step) for step in range(at, end)]
        if said[-1] == "number" and len(said) > 1 or said[-1] != "number" or True:
            yield end, r"([0-9]+)", cost + (0.4 if said == ["number"] else 0.0)
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
        yield end, r"([0-9]+)$", cost
    for end, _, cost in reader.match(
        "[@only] (leading digits|digits at start|leading number|number at start|digits at beginning|number at beginning|numeric prefix|starting number)",
        at,
    ):
        yield end, r"^([0-9]+)", cost
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
        including = "including" in [reader.low(step) for step in range(at, end)] or "inclusive" in [
            reader.low(step) for step in range(at, end)
        ]
        yield (
            end,
            rf"\s*{_escaped(env['s'])}.*$" if including or env["s"] not in "." else rf"\s*{_escaped(env['s'])}.*$",
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


# -- splitting and joining


@frame("split")
def split(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A text split into columns."""
    column, names = env["c"], tuple(env["n"])
    if reader.column(column).type is not _TEXT or len(names) < 2:
        return None
    separator = env.get("s")
    if separator is None:
        separator = _common_separator(reader, column, len(names))
        if separator is None:
            raise ask(
                "ambiguous",
                f"At which character is '{column}' to be split?",
                ["a space", "a comma", "a dash", "a slash"],
            )
    for name in names:
        if name != column:
            checked_name(reader, name)
    keep = env.get("r") != "drop" and column not in names
    step = (
        Split(column=column, separator=separator, into=names, keep=keep)
        if column not in names
        else Split(column=column, separator=separator, into=names)
    )
    tidy = tuple(name for name in names)
    padded = (
        any(f"{separator} " in value or f" {separator}" in value for value in reader.column(column).values)
        and separator.strip() != ""
    )
    cleaning_step = (Text(columns=tidy, operations=(Trim(kind="trim"),)),) if padded else ()
    return act(step, *cleaning_step, made=names, used=(column,))


@slot("KeepOrDrop")
def keep_or_drop(reader: Reader, at: int) -> Any:
    """Whether the source stays."""
    it = "(it|<c:Cols>|original|original column|original columns|originals|source column|source columns|them|source|old column|old ones|old columns|those three|those two|both|the two|the three|two|three|those|these)"
    for end, _, cost in reader.match(
        f"[,|;|LP|.|-|and] [and|but] (keep|keeping|leave|leaving|retain|retaining) {it} [as it is|as is|as they are|too|in place|as well|alone|in table|where they are] [RP]",
        at,
    ):
        yield end, "keep", cost
    for end, _, cost in reader.match(
        f"[,|;|LP|.|-|and] [and|then|but] [then] (remove|removing|drop|dropping|delete|deleting|get rid of|lose|discard|discarding|replacing|throw away|without) {it} [afterwards|then|column|columns|after that] [RP]",
        at,
    ):
        yield end, "drop", cost


def _common_separator(reader: Reader, column: str, count: int) -> str | None:
    """The one sign that stands count-1 times in every value."""
    values = [value for value in reader.column(column).values if value.strip()]
    found = [
        sign
        for sign in (", ", "; ", " - ", "/", "|", ";", ",", "-", "_", ":", "@", " ", ".")
        if values and all(value.count(sign) == count - 1 for value in values)
    ]
    signs = {one.strip() or " " for one in found}
    return found[0] if len(signs) == 1 or (len(signs) == 2 and " " in signs and len(found[0]) > 1) else None


@frame("split into rows")
def explode(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A list in a text becomes rows."""
    column = env["c"]
    if reader.column(column).type is not _TEXT:
        return None
    separator = env.get("s")
    if separator is None:
        found = [sign for sign in (";", "|", ",", "/") if any(sign in value for value in reader.column(column).values)]
        if len(found) != 1:
            raise ask(
                "ambiguous", f"What stands between the values in '{column}'?", ["a comma", "a semicolon", "a slash"]
            )
        separator = found[0]
    return act(
        Explode(column=column, separator=separator),
        Text(columns=(column,), operations=(Trim(kind="trim"),)),
        touched=(column,),
    )




@frame("join columns")
def join(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns joined into one text."""
    low = {reader.low(step) for step in range(start, end)}
    template = env.get("t")
    columns = tuple(env.get("c", ()))
    name = env.get("n")
    steps: list[Step]
    if template is not None:
        pieces, used = template
        if columns and set(columns) != set(used):
            return None
        if name is None:
            name = fresh(reader, "_".join(key(one) for one in used))
        if name not in used:
            checked_name(reader, name)
        expression = " || ".join(as_text(reader, one) if is_column else text(one) for is_column, one in pieces)
        steps = [Derive(columns=(Derivation(column=name, expression=expression),))]
        columns = used
    else:
        if len(columns) < 2:
            return None
        if low & {"add", "sum"} and "s" not in env:
            return None
        if (
            reader.low(start) in ("put", "bring")
            and "together" not in low
            and "s" not in env
            and not low & {"into", "one"}
        ):
            return None
        dated = _as_date(reader, columns)
        if "s" not in env and dated is not None:
            expression, default = dated, "date"
            name = name or default
            steps = [Derive(columns=(Derivation(column=checked_name(reader, name, columns), expression=expression),))]
            if env.get("ds") not in (None, "%Y-%m-%d"):
                steps.append(Cast(columns={name: _TEXT}, format=env["ds"]))
        elif "ds" in env:
            return None
        else:
            if "s" not in env and not low & {"nothing", "no", "without"}:
                raise ask(
                    "ambiguous",
                    f"What is to stand between {' and '.join(columns)}?",
                    ["a space", "a comma", "a dash", "nothing"],
                )
            if name is None:
                name = fresh(reader, "_".join(key(one) for one in columns))
            separator = env.get("s", "")
            steps = [
                JoinColumns(
                    columns=columns, column=checked_name(reader, name, columns), separator=separator, skip_null=True
                )
            ]
            if any(reader.column(one).nulls for one in columns):
                expression = (
                    f" || {text(separator)} || ".join(as_text(reader, one) for one in columns)
                    if separator
                    else " || ".join(as_text(reader, one) for one in columns)
                )
                steps = [Derive(columns=(Derivation(column=name, expression=expression),))]
    if env.get("r") == "drop":
        gone = tuple(one for one in columns if one != name)
        steps.append(Drop(columns=gone))
    return act(*steps, made=(name,), used=columns)


def _as_date(reader: Reader, columns: Sequence[str]) -> str | None:
    """A date of its parts: year, month and day in numbers."""
    found: dict[str, str] = {}
    for name in columns:
        for part in ("year", "month", "day"):
            if part in key(name) or (part == "year" and key(name) == "yr"):
                found.setdefault(part, name)
    if (
        len(columns) != 3
        or len(set(found.values())) != 3
        or any(reader.column(one).type is not LogicalType.INTEGER for one in columns)
    ):
        return None
    return f"MAKE_DATE({', '.join(quoted(found[part]) for part in ('year', 'month', 'day'))})"


@slot("Template")
def template(reader: Reader, at: int) -> Any:
    """A quoted text that holds names of columns, or an example of values: its pieces and its columns."""
    if at >= len(reader.tokens):
        return
    if reader.tokens[at].kind == "quoted":
        found = _by_names(reader, reader.tokens[at].text) or _by_example(reader, reader.tokens[at].text)
        if found is not None:
            yield at + 1, found, 0.0


Pieces = tuple[tuple[bool, str], ...]


def _by_names(reader: Reader, said: str) -> tuple[Pieces, tuple[str, ...]] | None:
    names = sorted(reader.view.names, key=len, reverse=True)
    options = "|".join(
        rf"\{{{re.escape(name)}\}}|<{re.escape(name)}>|\[{re.escape(name)}\]|(?<![^\W_]){re.escape(name)}(?![^\W_])"
        for name in names
    )
    pieces: list[tuple[bool, str]] = []
    used: list[str] = []
    last = 0
    for match in re.finditer(options, said, re.I):
        bare = match.group().strip("{}<>[]")
        name = next((one for one in names if one == bare), None) or next(
            one for one in names if one.casefold() == bare.casefold()
        )
        if match.start() > last:
            pieces.append((False, said[last : match.start()]))
        pieces.append((True, name))
        used.append(name)
        last = match.end()
    if last < len(said):
        pieces.append((False, said[last:]))
    if len(used) < 2 or any(not is_column and re.search(r"[^\W_]{3,}", one) for is_column, one in pieces):
        return None
    return tuple(pieces), tuple(dict.fromkeys(used))


def _by_example(reader: Reader, said: str) -> tuple[Pieces, tuple[str, ...]] | None:
    """The columns whose values make up an example, and what stands between them."""
    spans: list[tuple[int, int, str]] = []
    for column in reader.view.columns:
        if column.type not in (_TEXT, *NUMERIC):
            continue
        for value in column.values:
            if len(value) < 1 or value not in said:
                continue
            for match in re.finditer(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", said):
                spans.append((match.start(), match.end(), column.name))
    best: list[tuple[int, int, str]] = []
    at = 0
    for begin, end, name in sorted(spans, key=lambda one: (one[0], -one[1])):
        if begin >= at and name not in [one[2] for one in best]:
            rivals = {other for first, last, other in spans if (first, last) == (begin, end)}
            if len(rivals) > 1:
                return None
            best.append((begin, end, name))
            at = end
    if len(best) < 2:
        return None
    pieces: list[tuple[bool, str]] = []
    last_end = 0
    for begin, end, name in best:
        if begin > last_end:
            pieces.append((False, said[last_end:begin]))
        pieces.append((True, name))
        last_end = end
    if last_end < len(said):
        pieces.append((False, said[last_end:]))
    if any(not is_column and re.search(r"[^\W_]{2,}", one) for is_column, one in pieces):
        return None
    return tuple(pieces), tuple(name for _, _, name in best)


# -- things put before and after, filled up, hidden


@frame("text before or after")
def affixes(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A text before or after every value."""
    low = {reader.low(step) for step in range(start, end)}
    column = env["c"]
    behind = bool(low & {"append", "after", "end", "suffix", "behind", "back"})
    steps: list[Step] = []
    if reader.column(column).type is not _TEXT:
        if "values" not in low and "value" not in low and "each" not in low and "every" not in low:
            return None
        steps.append(Cast(columns={column: _TEXT}))
    steps.append(
        Text(columns=(column,), operations=(Affix(kind="add_suffix" if behind else "add_prefix", text=env["t"]),))
    )
    return act(*steps, touched=(column,))




@frame("mask")
def mask_tail(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All but the last characters or digits are hidden."""
    column = env.get("c") or env.get("c2")
    if column is None or env["n"] > 100:
        return None
    low = {reader.low(step) for step in range(start, end)}
    digits = bool(low & {"digit", "digits", "numbers"})
    sign = env.get("ch", "*")
    if digits:
        return act(Mask(columns=(column,), method="phone", keep=env["n"], character=sign), touched=(column,))
    return act(Mask(columns=(column,), method="partial", keep=env["n"], character=sign), touched=(column,))


@slot("MaskSign")
def mask_sign(reader: Reader, at: int) -> Any:
    """A sign to hide with."""
    low = reader.low(at)
    for word, sign in (
        ("*", "*"),
        ("x", "x"),
        ("#", "#"),
        ("•", "•"),
        ("asterisk", "*"),
        ("asterisks", "*"),
        ("star", "*"),
        ("stars", "*"),
        ("hash", "#"),
        ("hashes", "#"),
        ("xs", "x"),
        ("dots", "."),
        ("underscores", "_"),
        ("-", "-"),
    ):
        if low == word:
            shown = reader.tokens[at].text if word == "x" else sign
            yield at + 1, shown, 0.0
            if reader.low(at + 1) in ("sign", "signs", "characters", "character", "symbol", "symbols"):
                yield at + 2, shown, 0.0
    if at < len(reader.tokens) and reader.tokens[at].kind == "quoted" and len(reader.tokens[at].text) == 1:
        yield at + 1, reader.tokens[at].text, 0.0




@frame("mask of an e-mail address")
def mask_mail(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The name in an address is hidden, its domain stays."""
    column = env.get("c")
    if column is None:
        there = [
            one.name for one in reader.view.columns if one.values and all("@" in value for value in one.values[:50])
        ]
        if len(there) != 1:
            return None
        column = there[0]
    if reader.column(column).type is not _TEXT:
        return None
    low = [reader.low(step) for step in range(start, end)]
    stars = env.get("t", "***").replace("\\", "\\\\")
    if "first" in low or "initial" in low:
        return act(
            ReplaceText(columns=(column,), pattern=r"^([^@])[^@]*@", replacement=rf"\1{stars}@"), touched=(column,)
        )
    return act(ReplaceText(columns=(column,), pattern=r"^[^@]*@", replacement=f"{stars}@"), touched=(column,))


@frame("mask altogether")
def mask_all(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nothing of the values stays to be seen."""
    verb = reader.low(start)
    low = {reader.low(step) for step in range(start, end)}
    if verb in ("hash", "sha256", "sha") or "t" not in env and verb in ("replace", "swap"):
        return act(Mask(columns=env["c"], method="hash"), touched=env["c"])
    if "t" in env:
        if (
            verb in ("replace", "overwrite")
            and not low & {"every", "all", "each"}
            and not re.fullmatch(r"[*X#x.•-]{2,}|[A-Z]{2,}", env["t"])
        ):
            return None
        said = text(env["t"])
        columns = tuple(
            Derivation(column=name, expression=f"CASE WHEN {quoted(name)} IS NOT NULL THEN {said} END")
            for name in env["c"]
        )
        return act(Derive(columns=columns), touched=env["c"])
    if not low & {"completely", "entirely", "fully", "altogether"} and verb in (
        "mask",
        "hide",
        "obscure",
        "anonymise",
        "anonymize",
    ):
        raise ask(
            "ambiguous",
            f"How is '{env['c'][0]}' to be hidden: altogether, but for the last characters, or as a hash?",
            ["altogether", "all but the last four", "a hash"],
        )
    return act(Mask(columns=env["c"], method="redact"), touched=env["c"])


@frame("pad")
def pad(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Filled up with zeros."""
    low = {reader.low(step) for step in range(start, end)}
    if not low & {"zeros", "zeroes", "0", "0s", "zero"}:
        raise ask("ambiguous", f"With what is '{env['c']}' to be filled up: zeros or spaces?", ["zeros", "spaces"])
    steps: list[Step] = []
    column = env["c"]
    if reader.column(column).type is not _TEXT:
        steps.append(Cast(columns={column: _TEXT}))
    steps.append(Text(columns=(column,), operations=(Pad(kind="pad_start", length=env["n"], fill="0"),)))
    return act(*steps, touched=(column,))


@frame("one spelling", cost=0.7)
def one_spelling(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Which spelling is the right one has to be said."""
    columns = (env["c"],) if isinstance(env["c"], str) else env["c"]
    raise ask(
        "ambiguous", f"How is '{columns[0]}' to be written?", ["trimmed", "Title Case", "UPPER CASE", "lower case"]
    )
