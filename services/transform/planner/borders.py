"""Where clauses begin and end: signs, joints, and words of manners between them."""

from services.transform.planner.reading import Reader
from services.transform.planner.vocabulary import FILLERS

_SIGNS = frozenset({",", ".", ";", "\n", "-", "–", ":", "!", "?", "&", "...", "…", "(", ")", "->", "→", "•", "=>"})


def skips(reader: Reader, begun: bool, start: int) -> list[int]:
    """Places where the next clause may begin: after signs, joints and words of manners."""
    found, at = [start], start
    while at < len(reader.tokens):
        token = reader.tokens[at]
        end = at + 1 if token.kind == "break" or (token.kind == "sign" and token.text in _SIGNS) else None
        if end is None and token.low in ("and", "then", "but", "&", "please"):
            end = at + 1
        if end is None:
            end = _filler(reader, at)
        if end is None:
            break
        at = end
        found.append(at)
    if begun and start < len(reader.tokens) and found[-1] == start and reader.low(start) not in _BEGINNERS:
        return []  # a clause ends where something shows that it ends
    return found


_FILLER = "|".join(
    dict.fromkeys(
        " ".join(word for word in one.split() if word not in ("a", "an", "the"))
        for one in FILLERS
        if one not in ("first", "last", "a", "the")
    )
)


def _filler(reader: Reader, at: int) -> int | None:
    low = reader.low(at)
    if low in ("first", "last", "second", "third") and reader.low(at + 1) in (",", ":"):
        return at + 2
    if (
        low == "first"
        and reader.first("@remove|@sort|filter|rename|convert|keep only|keep|fill|add", at + 1) is not None
        and not reader.low(at + 1).isdigit()
    ):
        return at + 1
    end = reader.first(_FILLER, at)
    if end is None or reader.low(end) == "/":
        return None  # `yes/no` are two values
    return end + (reader.low(end) == ",")


def boundary(reader: Reader, at: int) -> bool:
    """Whether a clause may end here."""
    if at >= len(reader.tokens):
        return True
    token = reader.tokens[at]
    if token.kind == "break" or (token.kind == "sign" and token.text in _SIGNS):
        return True
    if token.low in ("and", "then", "but", "&", "also", "plus", "afterwards", "before", "after"):
        return True
    return token.low in _ENDERS or token.low in _BEGINNERS


# Words with which clauses begin even where no sign stands before them.
_BEGINNERS = frozenset(
    {
        "only",
        "sort",
        "remove",
        "drop",
        "keep",
        "rename",
        "add",
        "need",
        "show",
        "just",
        "delete",
        "order",
        "sorted",
        "call",
        "leave",
        "round",
        "limit",
    }
)
_ENDERS = frozenset(
    {one.split()[0] for one in FILLERS}
    - {
        "first",
        "last",
        "of",
        "in",
        "from",
        "on",
        "for",
        "with",
        "the",
        "like",
        "can",
        "may",
        "might",
        "man",
        "we",
        "i",
        "second",
        "third",
    }
)
