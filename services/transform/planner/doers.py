"""Rows called by what they do or do not do, where a column says how much: non-smokers, those who do not drink."""

from collections.abc import Iterator

from contracts.data import LogicalType
from services.transform.planner.conditions import Cond, held
from services.transform.planner.reading import Reader, Result, quoted, text
from services.transform.planner.words import parts

_NONE = frozenset("never no none not false n non nonsmoker".split())
_ENDINGS = ("ers", "ing", "er", "ed", "es", "s", "e", "")


def _roots(word: str) -> set[str]:
    found = {word[: len(word) - len(end)] for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3}
    return {root[:-1] if root.endswith("e") else root for root in found}


def _about(reader: Reader, word: str) -> tuple[str, str] | None:
    """The one column that is about this doing, and its one value for not doing it."""
    roots = _roots(word)
    found = [
        one
        for one in reader.view.columns
        if one.type is LogicalType.STRING and any(roots & _roots(part) for part in parts(one.name))
    ]
    if len(found) != 1:
        return None
    nothing = [value for value in found[0].values if value.casefold() in _NONE]
    return (found[0].name, nothing[0]) if len(nothing) == 1 else None


def doers(reader: Reader, at: int) -> Iterator[Result]:
    """Who does it, and who does not."""
    low = reader.low(at)
    start = at
    if low in ("non", "not", "never"):
        start = at + 1 + (reader.low(at + 1) == "-")
    elif low in ("do", "does", "did", "who", "that") or low in ("have", "has"):
        start = at + (low in ("who", "that"))
        if reader.low(start) in ("do", "does", "did", "have", "has") and reader.low(start + 1) in ("not", "never"):
            start += 2
        elif reader.low(start) in ("never",):
            start += 1
        else:
            return
    word, refused = reader.low(start), start > at
    if low.startswith("non") and len(low) > 5 and not refused:
        word, refused = low[3:], True
    if not word.isalpha() or not (refused or word.endswith("ers")):
        return
    found = _about(reader, word)
    if found is None:
        return
    column, nothing = found
    if refused:
        yield start + 1, held(reader.column(column), (nothing,)), 0.4
    else:
        yield start + 1, Cond(f"{quoted(column)} <> {text(nothing)}", (column,)), 0.5
