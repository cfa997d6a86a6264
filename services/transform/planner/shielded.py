"""Columns that are called like a verb: `cut is Ideal` speaks of the column, `cut the rows` asks for something."""

from collections.abc import Sequence

from services.transform.planner.words import Token

_SAYING = frozenset(
    "is are was were = == < > <= >= != <> equals contains starts ends has above below over under between exceeds".split()
)


def shielded(tokens: Sequence[Token], names: Sequence[str], verbs: frozenset[str]) -> list[Token]:
    """The tokens, where such a name is marked so that it can only be a name."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        following = tokens[at + 1].low if at + 1 < len(tokens) else ""
        if token.kind == "word" and token.text in names and token.low in verbs and following in _SAYING:
            token = Token(token.text, token.low, "quoted", token.start, token.end)
        found.append(token)
    return found
