"""What a column is about, judged by its values, its name and its figures, with the share of values that agree."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from contracts.data import LogicalType
from contracts.profile import SemanticKind, SemanticName
from services.transform.profiling.countries import ALPHA_2, ALPHA_3, CURRENCIES, NAMES

LEAST = 0.8  # share of values below which nothing is said
PERSONAL: frozenset[SemanticName] = frozenset(
    {"email", "phone", "ip_address", "iban", "card_number", "social_security", "person_name", "birth_date"}
)
_CHECKED = 200  # values whose check digits are computed

_AMOUNT = r"[+-]?\s?\d[\d.,' ]*"
_SIGN = r"(?:[€$£¥₹₽₺₩]|(?:US|C|A)\$|EUR|USD|GBP|CHF|JPY|kr|zł)"
_DAY = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})"
    r"|\d{1,2}[ -][A-Za-z]{3,9}[ ,-]{1,2}\d{2,4})"
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[AaPp][Mm])?"
# The first that enough values match; the more particular ones stand in front.
TEXTS: tuple[tuple[SemanticName, str], ...] = (
    ("email", r"^[^@\s,;]+@[^@\s,;]+\.[^@\s.,;]{2,}$"),
    ("url", r"^(?:(?:https?|ftp)://\S+|www\.\S+\.\S+)$"),
    ("uuid", r"^\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?$"),
    ("ip_address", r"^(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7})$"),
    ("timestamp", rf"^{_DAY}[T ,]{{1,2}}{_CLOCK}(?:\s?(?:Z|UTC|[+-]\d{{2}}:?\d{{2}}))?$"),
    ("date", rf"^{_DAY}$"),
    ("time", rf"^{_CLOCK}$"),
    ("social_security", r"^\d{3}-\d{2}-\d{4}$"),
    ("percentage", r"^[+-]?\d+(?:[.,]\d+)?\s?%$"),
    ("currency", rf"^(?:{_SIGN}\s?{_AMOUNT}|{_AMOUNT}\s?{_SIGN})$"),
    ("number", r"^[+-]?(?:\d+|\d{1,3}(?:[., ']\d{3})+)(?:[.,]\d+)?$"),
)
PHONE = r"^(?:\+|00)?[\d\s().\-/]{7,20}(?:\s?(?:x|ext\.?)\s?\d{1,5})?$"
_NAMES: tuple[tuple[SemanticName, str], ...] = (
    ("phone", r"phone|mobile|(^|_)(tel|cell|fax)(_|$)|telefon"),
    ("postal_code", r"(^|_)(zip|plz|postcode|postal|zipcode)(_|$)|postal_?code"),
    ("birth_date", r"birth|(^|_)dob(_|$)|geburt"),
    ("person_name", r"(first|last|full|given|family|middle|sur|nick)_?name|surname|(^|_)(contact|person)_name(_|$)"),
    ("country", r"country|nation|(^|_)land(_|$)"),
    ("currency", r"currency|(^|_)(ccy|curr)(_|$)"),
    ("year", r"(^|_)(year|yr|jahr)(_|$)"),
    ("identifier", r"(^|_)(id|key|code|no|nr|num|number|uuid|guid|ref|sku|isbn)$|(^|_)id(_|$)"),
)
# Made here, they are there already in each child.
_HUMP, _BETWEEN = re.compile(r"([a-z0-9])([A-Z])"), re.compile(r"[^a-z0-9]+")
_NAMED = tuple((kind, re.compile(pattern)) for kind, pattern in _NAMES)


@dataclass(frozen=True)
class Evidence:
    """What is known of a column."""

    name: str
    type: LogicalType
    counts: pl.DataFrame  # the most frequent values `v` that are not null, with counts `n`
    nulls: int
    present: int
    distinct: int
    exact: bool
    lowest: str | None
    highest: str | None


def judged(seen: Evidence) -> SemanticKind | None:
    """What the column is about, where that is clear enough."""
    if not seen.present:
        return None
    hints = _hints(seen.name)
    found = _of_text(seen, hints) if seen.type is LogicalType.STRING else _of_value(seen, hints)
    return found or _of_figures(seen, hints)


def _said(kind: SemanticName, share: float) -> SemanticKind:
    return SemanticKind(kind=kind, confidence=round(min(1.0, share), 3), personal=kind in PERSONAL)


def _hints(name: str) -> set[SemanticName]:
    plain = _HUMP.sub(r"\1_\2", name[:200]).lower()
    plain = _BETWEEN.sub("_", plain).strip("_")
    return {kind for kind, pattern in _NAMED if pattern.search(plain)}


def _of_text(seen: Evidence, hints: set[SemanticName]) -> SemanticKind | None:
    text = pl.col("v").str.strip_chars()
    given = seen.counts.select(v=text, n=pl.col("n").cast(pl.Int64)).filter(pl.col("v") != "")
    total = int(given["n"].sum())
    if not total:
        return None
    tests = {kind: text.str.contains(pattern) for kind, pattern in TEXTS}
    tests["phone"] = text.str.contains(PHONE) & text.str.count_matches(r"\d").is_between(7, 15)
    tests["iban"] = text.str.contains(r"^[A-Z]{2}\d{2}[A-Z0-9 ]{11,30}$")
    tests["card_number"] = text.str.contains(r"^\d(?:[ -]?\d){12,18}$")
    shares: dict[str, float] = {
        kind: (many or 0) / total
        for kind, many in given.select(pl.col("n").filter(test).sum().alias(kind) for kind, test in tests.items())
        .row(0, named=True)
        .items()
    }
    words = [str(word) for word in given["v"].head(_CHECKED)]
    for kind, valid in (("iban", _iban), ("card_number", _luhn)):
        if shares[kind] >= LEAST and _share(words, valid) >= LEAST:
            return _said("iban" if kind == "iban" else "card_number", shares[kind] * _share(words, valid))
    for kind, _ in TEXTS:
        if shares[kind] < LEAST:
            continue
        if kind == "date" and "birth_date" in hints:
            return _said("birth_date", shares[kind])
        if kind == "number" and (hints & {"phone", "postal_code", "identifier"} or shares["phone"] >= LEAST):
            break
        if kind == "number" and _leading_zeros(words):
            return _said("postal_code" if "postal_code" in hints else "identifier", shares[kind])
        return _said(kind, shares[kind])
    if "postal_code" in hints:
        fitting = _share(words, lambda word: len(word) <= 10 and any(letter.isdigit() for letter in word))
        if fitting >= LEAST:
            return _said("postal_code", fitting)
    marked = _share(words, lambda word: word[:1] == "+" or any(letter in word for letter in " ()-./"))
    if shares["phone"] >= LEAST and ("phone" in hints or marked >= LEAST):
        return _said("phone", shares["phone"])
    return _of_words(words, seen, hints)


def _of_words(words: list[str], seen: Evidence, hints: set[SemanticName]) -> SemanticKind | None:
    truth = {"true", "false", "yes", "no", "y", "n", "t", "f", "on", "off", "ja", "nein", "oui", "non", "si", "sí"}
    if seen.distinct <= 4 and len(words) >= 2 and all(word.lower() in truth for word in words):
        return _said("boolean", 1.0)
    countries = _share(words, lambda word: word.lower() in NAMES or word in ALPHA_3)
    if countries >= LEAST and (len(words) > 1 or "country" in hints):
        return _said("country", countries)
    codes = _share(words, lambda word: word.upper() in ALPHA_2)
    if "country" in hints and codes >= LEAST:
        return _said("country", codes)
    money = _share(words, lambda word: word.upper() in CURRENCIES)
    if money >= LEAST and (len(words) > 1 or "currency" in hints):
        return _said("currency", money)
    if "person_name" in hints:
        named = _share(words, lambda word: bool(re.fullmatch(r"[^\W\d_][^\d_]{0,60}", word)))
        if named >= LEAST:
            return _said("person_name", named)
    return None


def _of_value(seen: Evidence, hints: set[SemanticName]) -> SemanticKind | None:
    if seen.type is LogicalType.DATE:
        return _said("birth_date" if "birth_date" in hints else "date", 1.0)
    if seen.type in (LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ):
        return _said("timestamp", 1.0)
    if seen.type is LogicalType.TIME:
        return _said("time", 1.0)
    if seen.type is LogicalType.BOOLEAN:
        return _said("boolean", 1.0)
    if seen.type is not LogicalType.INTEGER or seen.lowest is None or seen.highest is None:
        return None
    low, high = int(seen.lowest), int(seen.highest)
    if "year" in hints and 1000 <= low <= high <= 2999:
        return _said("year", 1.0)
    if "phone" in hints and 10**6 <= low <= high < 10**15:
        return _said("phone", 0.9)
    if "postal_code" in hints and 0 <= low <= high < 10**10:
        return _said("postal_code", 0.9)
    return None


def _of_figures(seen: Evidence, hints: set[SemanticName]) -> SemanticKind | None:
    if seen.type not in (LogicalType.STRING, LogicalType.INTEGER):
        return None
    unique = seen.distinct == seen.present and seen.exact
    if unique and seen.present >= 2 and "identifier" in hints:
        return _said("identifier", 0.95)
    if unique and not seen.nulls and seen.present >= 100 and _short(seen):
        return _said("identifier", 0.8)
    few = 2 <= seen.distinct <= 50 and seen.present >= 20 * seen.distinct
    if few and seen.exact and seen.type is LogicalType.STRING:
        return _said("category", 0.9)
    return None


def _short(seen: Evidence) -> bool:
    """Whether these are codes: whole numbers, or words that are all about as long as each other."""
    if seen.type is LogicalType.INTEGER:
        return True
    longest = seen.counts["v"].str.len_chars().max()
    return isinstance(longest, int) and longest <= 40 and not seen.counts["v"].str.contains(r"\s").any()


def _share(words: list[str], valid: Callable[[str], bool]) -> float:
    return sum(map(valid, words)) / len(words) if words else 0.0


def _leading_zeros(words: list[str]) -> bool:
    return any(len(word) > 1 and word[0] == "0" and word.isdecimal() for word in words)


def _luhn(word: str) -> bool:
    digits = [int(letter) for letter in word if letter.isdecimal()]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban(word: str) -> bool:
    plain = word.replace(" ", "")
    if not plain.isascii() or not plain.isalnum():
        return False
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
