"""Frames about the case of letters and the spaces around texts."""

from collections.abc import Sequence
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    PlainOperation,
    Text,
    Trim,
)
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.reading import Reader, slot
from services.transform.planner.view import ask

frames = Frames("letters")
frame = frames.frame


_TEXT = LogicalType.STRING


def _texts(reader: Reader, columns: Sequence[str]) -> bool:
    return bool(columns) and all(reader.column(name).type is _TEXT for name in columns)


# -- letters and spaces
_CASES = (
    (
        "title [-] case|titlecase|title|proper case|initial capitals|capitalised words|capitalized words|each word capitalised|each word capitalized|(each|every|all) (word|words) [begin|begins|beginning|starting|starts|start|written] with [a] (capital|capital letter|big letter|upper case letter) [and [the] (rest|others|other letters|remaining letters) [in] (small|lower case|lowercase|small letters)]|(a capital|capital|capitals) at start of (each|every) word|first letter of (each|every) word capital [and [the] rest (small|lower case|lowercase)]",
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
        (f"(no|without|without any|free of) {spaces} {where}", "trim"),
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
        (r"with|have|has|give it|give them|and", ""),
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
    return tuple(Trim(kind=kind) if kind.startswith("trim") else PlainOperation(kind=kind) for kind in kinds)


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
    made = tuple(name for name in reader.memory.made if reader.view.column(name) is not None)
    if (
        columns is None
        and len(made) > 1
        and {"both", "them", "each", "parts", "columns"} & {reader.low(step) for step in range(start, end)}
    ):
        columns = made
    if columns is None and reader.low(end - 1) not in ("it", "them") and "k2" not in env:  # `trim the spaces`
        columns = tuple(name for name in reader.memory.made if reader.view.column(name) is not None)
        if env.get("k") != "trim" or not columns:
            return None
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
