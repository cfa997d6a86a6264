"""Numbers that are written in another way: which way it is, what they amount to, and whether that is certain."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Way = Literal[
    "decimal comma", "thousands comma", "thousands point", "thousands apostrophe", "thousands space", "percent sign",
    "brackets around negatives", "minus at the end", "currency mark", "word after number", "apostrophe before number",
    "quotation marks in value", "number inside JSON", "leading zeros",
]  # fmt: skip

# Of the values that are there, the share that has to be of a way for the column to be.
_LEAST = 0.97
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_AMOUNT = r"[+-]?\d[\d.,' \u00a0\u202f]*"
_SIGNS = r"(?:[€$£¥₹₽₺₩₦₫฿₴]|(?:US|C|A|R|NZ|HK)\$|EUR|USD|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|PLN|INR|CNY|BRL|kr|zł|Fr\.?)"


@dataclass(frozen=True)
class Numerals:
    """How a column's numbers are written, and the numbers; `proven` when they can be read in one way only."""

    way: Way
    numbers: dict[str, float]
    proven: bool


def numerals(values: Sequence[str]) -> Numerals | None:
    """The way that (nearly) all of these distinct values are written, or None when they are no numbers."""
    most = (1 - _LEAST) * len(values)
    for way, pattern, read in _WAYS:
        met, missed, numbers = 0, 0, {}
        for value in values:
            marked = pattern.fullmatch(value) is not None
            number = read(value) if marked else float(value) if _PLAIN.fullmatch(value) else None
            if number is not None:
                met += marked
                numbers[value] = number
            elif (missed := missed + 1) > most:
                break
        if met and len(numbers) >= _LEAST * len(values):
            return Numerals(way, numbers, _proven(way, numbers))
    return None


def _proven(way: Way, texts: dict[str, float]) -> bool:
    if way == "decimal comma":
        # `3,504` alone may be three and a half or three and a half thousand.
        return not all(re.fullmatch(r"[+-]?\d{1,3},\d{3}", text) for text in texts if "," in text)
    if way in ("thousands comma", "thousands point"):
        mark, other = (",", ".") if way == "thousands comma" else (".", ",")
        return any(text.count(mark) > 1 or other in text or mark not in text for text in texts)
    return way in ("thousands apostrophe", "thousands space", "percent sign")


def _plain(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _amount(text: str) -> float | None:
    """A number with whatever marks: the last mark is the decimal one unless three digits follow it."""
    bare = re.sub(r"[\s'\u00a0\u202f]", "", text)
    marks = [letter for letter in bare if letter in ".,"]
    if not marks:
        return _plain(bare)
    last = marks[-1]
    whole, _, rest = bare.rpartition(last)
    if marks.count(last) > 1 or (len(rest) == 3 and len(set(marks)) == 1 and last == ","):
        return _plain(bare.replace(".", "").replace(",", ""))
    return _plain(whole.replace(".", "").replace(",", "") + "." + rest)


def _decimal_comma(text: str) -> float | None:
    return _plain(text.replace(".", "").replace("\u00a0", "").replace(" ", "").replace(",", "."))


def _thousands(mark: str, decimal: str) -> Callable[[str], float | None]:
    return lambda text: _plain(text.replace(mark, "").replace(decimal, "."))


def _stripped(strip: str) -> Callable[[str], float | None]:
    pattern = re.compile(strip)
    return lambda text: _amount(pattern.sub("", text).strip())


def _bracketed(text: str) -> float | None:
    found = _amount(text.strip("()"))
    return None if found is None else -abs(found)


_WAYS: tuple[tuple[Way, re.Pattern[str], Callable[[str], float | None]], ...] = (
    ("percent sign", re.compile(r"[+-]?\d[\d.,]*\s?%"), _stripped(r"\s?%$")),
    ("decimal comma", re.compile(r"[+-]?(?:\d{1,3}(?:[.\u00a0 ]\d{3})+|\d+),(?:\d{1,2}|\d{4,})"), _decimal_comma),
    ("thousands comma", re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"), _thousands(",", ".")),
    ("decimal comma", re.compile(r"[+-]?(?:\d{1,3}(?:[.\u00a0 ]\d{3})+|\d+),\d+"), _decimal_comma),
    ("thousands point", re.compile(r"[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|[+-]?\d{1,3}\.\d{3}"), _thousands(".", ",")),
    ("thousands apostrophe", re.compile(r"[+-]?\d{1,3}(?:['’]\d{3})+(?:\.\d+)?"), _stripped("['’]")),
    ("thousands space", re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?"), _amount),
    ("apostrophe before number", re.compile(r"['’`]" + _PLAIN.pattern), _stripped("^['’`]")),
    ("quotation marks in value", re.compile(r"([\"'“”‘’]).*\d.*[\"'“”‘’]"), _stripped("[\"'“”‘’]")),
    ("brackets around negatives", re.compile(r"\(\s*" + _AMOUNT + r"\s*\)"), _bracketed),
    ("minus at the end", re.compile(r"\d[\d.,]*\s?-"), lambda text: _amount("-" + text.rstrip("- "))),
    (
        "currency mark",
        re.compile(rf"[+-]?\s?{_SIGNS}\s?{_AMOUNT}|{_AMOUNT}\s?{_SIGNS}"),
        _stripped(rf"{_SIGNS}"),
    ),
    (
        "number inside JSON",
        re.compile(r"[\[{].*\d.*[\]}]"),
        lambda text: _plain(found[0]) if (found := _PLAIN.findall(text)) else None,
    ),
    ("word after number", re.compile(_AMOUNT + r"\s?[^\W\d_][^\W\d_/.²³*^]*(?:/[^\W\d_]+)?\.?"), _stripped(r"[^\d]*$")),
    ("word after number", re.compile(r"[^\W\d_]{1,12}[.: ]{1,2}" + _AMOUNT), _stripped(r"^[^\d+-]*")),
    ("leading zeros", re.compile(r"0\d+"), _plain),
)  # fmt: skip
