"""Finds out in which encoding a text is written, with how much confidence, by what its bytes would say in each."""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

SAMPLE_BYTES = 1 << 18
_CHUNK = 1 << 20
# Longest first: the mark of UTF-32-LE begins like that of UTF-16-LE.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# In this order, when two say equally much.
_BYTES = (
    "cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "koi8_r", "iso8859_5", "cp1253", "cp1254", "cp1257",
    "cp866", "mac_roman", "cp850", "cp1255", "cp1256", "iso8859_6", "mac_cyrillic", "cp874",
)  # fmt: skip
_LIKELIEST = ("cp1252", "iso8859_15")  # what a single letter is taken for
_PAIRS = ("cp932", "gb18030", "big5", "euc_kr", "euc_jp")
_SIGN_FIRST = re.compile(r"(?<![^\W_])[©®€¥§¼½¾¹][^\W\d_A-Z]{2}")
# Signs above and below letters of their own script, and signs that stand where such signs do.
_MARKED = re.compile(
    "(?:(?<=[\u05d0-\u05ea])[\u05b0-\u05c7]|(?<=[\u0621-\u064a])[\u064b-\u0652]"
    "|(?<=[\u0e01-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])"
)
_IN_PLACE = re.compile(
    r"(?<!\w)[“„«‘](?=\w)|(?<=[\w.,!?])[”“»’](?!\w)|(?<=[a-z])’(?=[a-z])|(?<= )[–—](?= )|(?<=\d)[–€°](?!\w)|[€£](?=\d)"
    r"|(?<=\d )€|(?<=\w)…|(?<=\d)\xa0(?=[\d€$£%])"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_PRINTED = frozenset(b"\t\r\n" + bytes(range(32, 127)))
# Japanese in seven bits: signs that shift between tables.
_SHIFTED = re.compile(rb"\x1b\$[@B].*?\x1b\([BJ]", re.S)
_WORD = re.compile(r"[^\W\d_]+")
# Signs that stand beside words in tables of any language.
_USUAL = frozenset("\xa0€£¥§°±²³·«»“”„‘’–—…•®©™ªº¿¡×÷‰№ ¢½¼¾µ")
# Letters beyond ASCII that words of Western and Central Europe are full of.
_COMMON = {
    "cp1252": "éèêëàâáäãåçñóôöúùûüíîïßøæœ",
    "iso8859_15": "éèêëàâáäãåçñóôöúùûüíîïßøæœ",
    "iso8859_2": "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîșțşţäöüßđ",
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîșțşţäöüßđ",
    "cp1254": "çğıöşüâîİ",
    "cp1257": "āčēģīķļņšūžąęėįųõäöü",
    "mac_roman": "éèêëàâáäãåçñóòôöõúùûüíìîïßøæœ",
    "cp850": "éèêëàâáäãåçñóòôöõúùûüíìîïßøæ",
}
# These count where there is nothing else: otherwise they are what Baltic texts look like.
_ICELANDIC = frozenset("áðéíóúýþæö")
_CYRILLIC = dict.fromkeys("оеаинтсрвлкмд", 1.0) | dict.fromkeys("пуяыьгзбчйхжші", 0.8)  # others are rarer


@dataclass(frozen=True)
class Found:
    """An encoding, and how sure that is (0 to 1)."""

    name: str
    confidence: float


class NotText(Exception):
    """No encoding makes a text of these bytes; `offset` says where UTF-8 ends."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"no text from byte {offset} on")
        self.offset = offset


def marked_or_wide(head: bytes) -> Found | None:
    """What a byte order mark or the zero bytes between letters tell; None when there is neither."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Found(name, 1.0)
    sample = head[: min(len(head), 4_096) // 4 * 4]
    if not sample:
        sample = head[: len(head) // 2 * 2]
    if b"\x00" not in sample:
        return Found("iso2022_jp", 0.95) if _SHIFTED.search(head) and _decodes_whole(head) else None
    if sample.count(0) < max(2, len(sample) // 20) and sum(byte in _PRINTED for byte in sample) > len(sample) * 0.8:
        return None  # a text with zero bytes in it
    best: Found | None = None
    for name, confidence in (("utf-32-le", 0.98), ("utf-32-be", 0.98), ("utf-16-le", 0.95), ("utf-16-be", 0.95)):
        part = sample if len(sample) % 4 == 0 or "16" in name else b""
        text = part.decode(name, "replace")
        if text and _looks_right(text):
            best = Found(name, confidence)
            break
    return best


def _decodes_whole(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("iso2022_jp")("strict").decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _looks_right(text: str) -> bool:
    """Whether it is a text with lines or words of one script, not letters thrown together."""
    if "\ufffd" in text[:-1] or _CONTROL.search(text):
        return False
    plain = sum(character < "\x80" for character in text)
    scripts = {_script(character) for character in text if character.isalpha() and character >= "\x80"}
    return plain >= max(1, len(text) // 50) and len(scripts) <= 4


@lru_cache(4_096)
def _script(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").partition(" ")[0]


def first_bad_byte(head: bytes) -> int | None:
    """Where the beginning of a file stops being UTF-8; None when it does not."""
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError as error:
        return error.start
    return None


def bytewise(path: Path, offset: int) -> Found:
    """The encoding of a file that is not UTF-8 from `offset` on; raises NotText."""
    sample, whole = _sample(path, offset)
    if _mostly_utf8(sample):
        raise NotText(offset)
    scores = []
    for place, name in enumerate((*_PAIRS, *_BYTES)):
        score = _score(sample, name, whole)
        if score is not None:
            scores.append((score, -place, name))
    if not scores:
        raise NotText(offset)
    scores.sort(reverse=True)
    for score, _, name in scores:
        if score < -0.5:
            break
        if whole or _decodes(path, name):
            others = [other for other, _, rival in scores if rival != name]
            lead = score - max(others, default=-1.0)
            return Found(name, round(min(0.95, max(0.3, 0.6 + lead)), 2))
    raise NotText(offset)


def _sample(path: Path, offset: int) -> tuple[bytes, bool]:
    """The lines around the first byte that is no UTF-8, and whether that is the whole file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= SAMPLE_BYTES:
            return file.read(), True
        file.seek(max(0, offset - SAMPLE_BYTES // 2))
        return file.read(SAMPLE_BYTES), False


def _mostly_utf8(sample: bytes) -> bool:
    """Whether these are letters of UTF-8 with a few broken ones among them: then no other encoding is right."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(character >= "\xa0" for character in text) - broken > 3 * broken


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _score(sample: bytes, name: str, whole: bool) -> float | None:
    """How much the bytes look like a text in this encoding, about 0 to 1; None when they are none."""
    try:
        text = codecs.getincrementaldecoder(name)("strict").decode(sample, whole)
    except UnicodeDecodeError:
        if whole or name not in _PAIRS:
            return None
        text = sample.decode(name, "replace")
        if text.count("\ufffd") > 4:
            return None
    if _CONTROL.search(text):
        return None
    high = [character for character in text if character >= "\x80"]
    if not high:
        return None
    if name == "euc_kr" and all(character >= "\uac00" for character in high) and len(high) > 3:
        # Chinese has characters in that part of the table, too, but never nothing else.
        return 1.1
    if name in _PAIRS:
        return _score_of_pairs(text, high, name)
    return _score_of_bytes(text, high, name)


def _score_of_pairs(text: str, high: list[str], name: str) -> float:
    good = 0.0
    for character in high:
        code = ord(character)
        if 0x3040 <= code <= 0x30FF:
            good += 1.0 if name in ("cp932", "euc_jp") else 0.2
        elif 0xAC00 <= code <= 0xD7A3:
            good += 0.5 if name == "euc_kr" else 0.0
        elif 0x4E00 <= code <= 0x9FFF:
            good += _usual_han(character, name)
        elif code in range(0x3000, 0x3020) or code in range(0xFF00, 0xFF60):
            good += 0.8
        elif 0xFF61 <= code <= 0xFF9F:
            good -= 0.5  # half-width kana are what other encodings look like in this one
        elif character in "·“”‘’—…×°±℃":
            good += 0.5
        else:
            good -= 0.7
    scattered = sum(len(word) == 1 for word in re.findall(r"[^\x00-\x7f]+", text))
    return good / len(high) - 0.8 * scattered / len(high)


def _usual_han(character: str, name: str) -> float:
    """Common characters stand in the first part of each national table."""
    try:
        if name == "gb18030":
            lead = character.encode("gb2312")[0]
            return 1.0 if 0xB0 <= lead <= 0xD7 else 0.2
        if name == "big5":
            lead = character.encode("big5")[0]
            return 1.0 if 0xA4 <= lead <= 0xC6 else 0.2
        if name in ("cp932", "euc_jp"):
            lead = character.encode("euc_jp")[0]
            return 0.9 if 0xB0 <= lead <= 0xCF else 0.2
        lead = character.encode("euc_kr")[0]
        return 0.3
    except UnicodeEncodeError:
        return 0.5 if name == "gb18030" and ord(character) < 0xA000 else -0.2


def _score_of_bytes(text: str, high: list[str], name: str) -> float:
    good = 0.0
    common = frozenset(_COMMON.get(name, ""))
    if name == "cp1252" and {letter.lower() for letter in high if letter.isalpha()} <= _ICELANDIC:
        common |= _ICELANDIC
    good += 0.6 * len(_IN_PLACE.findall(text))
    alone = not any(len(word) > 1 and not word.isascii() for word in _WORD.findall(text))
    good += 0.9 * len(_MARKED.findall(text))
    for character in high:
        if unicodedata.category(character) == "Mn":
            continue
        if character.isalpha():
            script = _script(character)
            if alone and (script != "LATIN" or (len(high) == 1 and name not in _LIKELIEST)):
                good -= 0.6
            elif alone:
                good += 0.3 if character in common else 0.1  # a currency sign is likelier than such a word
            elif script == "LATIN":
                good += 1.0 if character in common else 0.75 if character.lower() in common else 0.25
            elif script == "CYRILLIC":
                good += _CYRILLIC.get(character.lower(), 0.4)
            elif script in ("GREEK", "ARABIC", "THAI"):
                good += 0.9
            elif script == "HEBREW":
                good += 1.0  # the same bytes are Greek letters, too, but not the other way round
            else:
                good -= 0.5
        elif character in _USUAL:
            good += 0.4
        else:
            good -= 0.6
    return (good - _strange(text)) / len(high)


def _strange(text: str) -> float:
    """What no text has: a small letter before a capital, two scripts in a word, a sign between letters."""
    found = 0.0
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        scripts = {_script(character) for character in word}
        found += 1.5 * (len(scripts) > 1)
        found += 1.0 * sum(
            one.islower() and other.isupper() and not (one.isascii() and other.isascii())
            for one, other in pairwise(word)
        )
        latin = [character for character in word if character >= "\x80"]
        if scripts == {"LATIN"} and len(word) > 3 and len(latin) > len(word) * 0.6:
            found += 1.0 * len(latin)  # words of nothing but accents
    for before, sign, after in zip(text, text[1:], text[2:], strict=False):
        if sign < "\x80" or not (before.isalpha() and after.isalpha()):
            continue
        if unicodedata.category(sign) == "Mn":
            continue
        if sign in "¹²³ªº¼½¾" or (not sign.isalnum() and sign not in "’‘·–—"):
            found += 1.2
    # A sign where a capital should be.
    found += 1.2 * len(_SIGN_FIRST.findall(text))
    return found
