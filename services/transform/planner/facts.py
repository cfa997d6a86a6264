"""What is told of a column before something is asked of it: `county is shouting, put it in Title Case`.

Such a remark only says which column is meant and why. It is left out where the demand behind it needs nothing of it
but the column, and what was left out is told with the plan. A remark that compares, or before a demand that takes rows
or columns away, may say which of them are meant: it is never left out.
"""

from collections.abc import Iterator, Sequence

from services.transform.planner.linking import MAX_WORDS, Index
from services.transform.planner.words import Token

_TELLING = frozenset(
    "is are was were reads read looks look holds hold has have comes come contains contain uses use came says".split()
)
_IT = frozenset("it them that this those these".split())
_CHANGING = frozenset(
    """
    make change convert turn put write parse format reformat standardise standardize normalise normalize tidy clean
    express set strip trim cast transform bring rewrite fix round capitalise capitalize lowercase uppercase read replace
    """.split()
)
_WISH = (("i", "just", "want"), ("i", "want"), ("i", "need"), ("i", "just", "need"), ("we", "need"), ("we", "want"))
_WRITING = frozenset("write put use enter insert set make fill replace give".split())
_BLANK = frozenset("empty blank missing null".split())
_COMPARING = frozenset(
    """
    over above below under more less than least most between at not no without except only if when where before after
    since until first last some sometimes wrong other same and or but
    """.split()
)


def told(tokens: Sequence[Token], index: Index) -> Iterator[tuple[list[Token], str]]:
    """Shorter readings without what is told of a column first, and what was left out."""
    begin, end = _column(tokens, index)
    if end >= len(tokens) or tokens[end].low not in _TELLING:
        return
    named = list(tokens[begin:end])
    for at in range(end + 1, len(tokens) - 1):
        if tokens[at].text not in (",", ".", ";", ":", "-", "–", "!") and tokens[at].kind != "break":
            continue
        if tokens[at].text == "." and tokens[at].end == tokens[at + 1].start:
            continue
        remark, demand = [*tokens[:begin], *tokens[end + 1 : at]], list(tokens[at + 1 :])
        while demand and demand[0].low in ("so", "and", "please", "just", "now", "then", "but"):
            demand = demand[1:]
        if not remark or not demand:
            continue
        left_out = " ".join(token.text for token in tokens[:at])
        if _changes(demand) and _harmless(remark):
            for said in _about(named, remark, demand):
                yield said, left_out
        if remark[0].low in _BLANK and not _names_more(remark[1:], index):
            filling = _filling(demand)
            if filling:
                yield [_word("fill"), _word("empty"), *named, _word("with"), *filling], left_out


def _about(named: list[Token], remark: list[Token], demand: list[Token]) -> Iterator[list[Token]]:
    """What is demanded, with the column's name in it."""
    whole = named
    if remark[0].low in ("in", "given", "measured") and len(remark) < 5 and demand[0].low in _CHANGING:
        unit = [one for one in remark if one.low not in ("in", "given", "measured")]
        whole = [*named, _word("from"), *unit]  # it is in inches: what it is turned from
    for name in (whole, named):
        said = [one for token in demand for one in (name if token.low in _IT else [token])]
        if len(said) > len(demand) - sum(token.low in _IT for token in demand):
            yield said
    for wish in _WISH:
        if tuple(token.low for token in demand[: len(wish)]) == wish:
            rest = [one for one in demand[len(wish) :] if one.low not in ("as", "in", "to", "be", "into", *_IT)]
            yield [_word("make"), *named, *rest]


def _filling(demand: Sequence[Token]) -> list[Token]:
    """`write 'none' there` → 'none'."""
    words = list(demand)
    if not words or words.pop(0).low not in _WRITING:
        return []
    while words and words[0].low in (*_IT, "to", "with", "in", "by", "as", "there", "text", "value", "word"):
        words.pop(0)
    while words and (
        words[-1].low in ("there", "instead", "then", "these", "those", "in", "it", ".", "!", "for", "cells")
    ):
        words.pop()
    return words if 0 < len(words) <= 3 else []


def _names_more(tokens: Sequence[Token], index: Index) -> bool:
    """Whether a remark names a column or a value: then it may say which gaps are meant."""
    return any(index.column([token]) is not None or index.cells([token])[0] for token in tokens if token.kind != "sign")


def _column(tokens: Sequence[Token], index: Index) -> tuple[int, int]:
    """Where the column stands that something is told of: first, or behind `the dots in`."""
    begins = [0, *(at + 1 for at in range(1, 4) if at < len(tokens) and tokens[at].low in ("in", "of", "inside"))]
    for begin in begins:
        for end in range(min(len(tokens), begin + MAX_WORDS), begin, -1):
            span = tokens[begin:end]
            if any(token.kind in ("sign", "break") and token.text not in "._-" for token in span):
                continue
            link = index.column(span)
            if link is not None and link.sure and link.cost <= 0.5:
                return begin, end
    return 0, len(tokens)


def _harmless(remark: Sequence[Token]) -> bool:
    return not any(token.low in _COMPARING or token.text in ("<", ">", "=", "<=", ">=") for token in remark)


def _changes(demand: Sequence[Token]) -> bool:
    lows = tuple(token.low for token in demand)
    return lows[0] in _CHANGING or any(lows[: len(wish)] == wish for wish in _WISH)


def _word(word: str) -> Token:
    return Token(word, word, "word", -1, -1)
