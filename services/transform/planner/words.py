"""Text → tokens: words, numbers, dates, quoted text and signs, each with its place in what was typed."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

TokenKind = Literal["word", "number", "date", "quoted", "sign", "break"]


@dataclass(frozen=True)
class Token:
    """One token; `low` is what patterns compare with."""

    text: str
    low: str
    kind: TokenKind
    start: int
    end: int
    number: float | int | None = None


_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "„": "“", "[": "]"}
_NUMBER = re.compile(
    r"(?P<sign>[-−+])?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?P<scale>k|m|bn)?(?![\w])", re.I
)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?![\w])")
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?![\w])")
_WORD = re.compile(r"[^\W_](?:[\w]|[.\-'’&](?=[^\W_]))*|_\w+", re.UNICODE)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)$", re.I)
_BREAK = re.compile(r"\s*\n\s*")
_BULLET = re.compile(r"(?:\(?\d{1,2}[.)]|[-*•–]|[a-h]\))\s+(?=\S)")
_SIGNS = ("->", "=>", "→", "<=", ">=", "!=", "<>", "==", "||", "...", "…", "&&")
_SCALE = {"k": 1_000, "m": 1_000_000, "bn": 1_000_000_000}


@lru_cache(maxsize=20_000)
def key(text: str) -> str:
    """A name without case, spaces and signs."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


@lru_cache(maxsize=20_000)
def parts(name: str) -> tuple[str, ...]:
    """The words of a name: `studyName`, `Body Mass (g)` and `dep_time` are made of two, three and two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(part.casefold() for part in re.findall(r"[^\W_]+", spaced))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without the ending of a plural."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "feet": "foot",
    "teeth": "tooth",
    "indices": "index",
    "means": "mean",
    "statuses": "status",
    "buses": "bus",
}


def tokenize(text: str, known: Collection[str]) -> list[Token]:
    """The tokens of an instruction; a word that holds a dot or a hyphen stays whole if its key is known."""
    tokens: list[Token] = []
    at, size, fresh = 0, len(text), True
    while at < size:
        sign = text[at]
        broken = _BREAK.match(text, at)
        if broken is not None and broken.end() > at and "\n" in broken.group():
            tokens.append(Token("\n", "\n", "break", at, broken.end()))
            at, fresh = broken.end(), True
            continue
        if sign.isspace():
            at += 1
            continue
        bullet = _BULLET.match(text, at) if fresh else None
        if bullet is not None and _is_bullet(text, at, bullet.end(), tokens):
            if tokens and tokens[-1].kind != "break":
                tokens.append(Token("\n", "\n", "break", at, bullet.end()))
            at, fresh = bullet.end(), False
            continue
        fresh = sign in ".:;"
        token = _quoted(text, at) or _moment(text, at) or _number(text, at, tokens) or _word(text, at, known)
        if token is None:
            longest = next((one for one in _SIGNS if text.startswith(one, at)), sign)
            token = Token(longest, longest, "sign", at, at + len(longest))
        elif isinstance(token, list):
            tokens += token[:-1]
            token = token[-1]
        tokens.append(token)
        at = token.end
    return tokens


def _is_bullet(text: str, start: int, end: int, tokens: list[Token]) -> bool:
    """A number that stands at the start of a line, or after a full stop or colon, and goes on with a letter."""
    mark = text[start:end].strip()
    if mark[-1] in ".)" or not tokens or tokens[-1].kind == "break":
        return (mark[0] in "-*•–(" and tokens == []) or text[end : end + 1].isalpha() or text[end : end + 1] in "\"'`"
    return False


def _quoted(text: str, at: int) -> Token | None:
    close = _QUOTES.get(text[at])
    if close is None:
        return None
    if text[at] in "'‘" and at > 0 and text[at - 1].isalnum():
        return None
    end = text.find(close, at + 1)
    while end != -1 and close in "'’" and end + 1 < len(text) and text[end + 1].isalnum() and text[end - 1].isalnum():
        end = text.find(close, end + 1)
    if end == -1 or "\n" in text[at:end]:
        return None
    inner = text[at + 1 : end]
    return Token(inner, inner.casefold(), "quoted", at, end + 1)


def _moment(text: str, at: int) -> Token | None:
    for pattern in (_DATE, _TIME):
        found = pattern.match(text, at)
        if found is not None:
            return Token(found.group(), found.group(), "date", at, found.end())
    return None


def _number(text: str, at: int, before: list[Token]) -> Token | None:
    found = _NUMBER.match(text, at)
    if found is None:
        return None
    if found["sign"] and before and before[-1].end == at:
        return None  # 5-3, a-1: the sign stands between two things
    if found["sign"] and before and before[-1].kind in ("number",):
        return None
    end = found.end()
    value = float(found["digits"].replace(",", ""))
    if found["scale"]:
        value *= _SCALE[found["scale"].lower()]
    if found["sign"] in ("-", "−"):
        value = -value
    exact: float | int = int(value) if value.is_integer() and "." not in found["digits"] else value
    if found["scale"] and float(exact).is_integer():
        exact = int(exact)
    return Token(found.group(), found.group().lower(), "number", at, end, exact)


def _word(text: str, at: int, known: Collection[str]) -> Token | list[Token] | None:
    found = _WORD.match(text, at)
    if found is None:
        return None
    word = found.group().replace("’", "'")
    if not re.search(r"[.\-'&]", word):
        return Token(word, word.casefold(), "word", at, found.end())
    if key(word) in known and not word.casefold().endswith("'s"):
        return Token(word, word.casefold(), "word", at, found.end())
    if "'" in word and word.casefold().endswith(("n't", "'s", "'re", "'d", "'ve", "'m", "'ll")):
        return _apostrophe(word, at)
    pieces: list[Token] = []
    for piece in re.finditer(r"[^.\-'&]+|[.\-'&]", word):
        low = piece.group().casefold()
        start = at + piece.start()
        kind: TokenKind = "sign" if low in ".-'&" else "word"
        digits = low.isdigit()
        pieces.append(
            Token(
                piece.group(), low, "number" if digits else kind, start, at + piece.end(), int(low) if digits else None
            )
        )
    return pieces


def _apostrophe(word: str, at: int) -> list[Token]:
    """`isn't` is `is not`, `Sales's` loses its ending."""
    low = word.casefold()
    end = at + len(word)
    if low.endswith("n't"):
        bare = {"can't": "can", "won't": "will", "shan't": "shall"}.get(low, low[:-3])
        return [Token(bare, bare, "word", at, end - 3), Token("not", "not", "word", end - 3, end)]
    cut = low.rindex("'")
    head = Token(word[:cut], low[:cut], "word", at, at + cut)
    tail = low[cut:]
    if tail == "'s" and low[:cut] in ("that", "it", "there", "what", "who", "let", "here"):
        return [head, Token("is", "is", "word", at + cut, end)]
    if tail == "'s":
        return [head, Token("'s", "'s", "word", at + cut, end)]
    full = {"'re": "are", "'d": "would", "'ve": "have", "'m": "am", "'ll": "will"}[tail]
    return [head, Token(full, full, "word", at + cut, end)]


def ordinal(token: Token) -> int | None:
    """3 for `3rd`."""
    found = _ORDINAL.match(token.low)
    return int(found.group(1)) if found else ORDINALS.get(token.low)


ORDINALS = {
    word: number
    for number, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), start=1
    )
}
NUMBERS: dict[str, int] = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "dozen": 12}
