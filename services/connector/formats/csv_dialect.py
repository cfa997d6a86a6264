"""Finds out how delimited text is written: delimiter, quotes and escapes, each by how evenly it cuts the lines."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from contracts.data import Schema
from services.connector.failures import Unreadable
from services.connector.formats.base import CsvOptions
from services.connector.formats.csv_layout import is_comment, is_remark, kind_of
from services.connector.formats.csv_types import infer_text
from services.connector.formats.spelled_dates import written
from services.connector.formats.spelled_numbers import is_number, shape_of

HEAD_BYTES = 1 << 20
SAMPLE_CHARACTERS = 64_000
SAMPLE_RECORDS = 200
_USUAL = ("\t", "|", ";", ",")  # the first ones stand in values least
_OF_VALUES = frozenset("%‰€$£¥°*!?#")  # at the end or the beginning of every value of a column
# Taken only when all lines agree on them and something in between is no plain word.
_UNUSUAL = (
    "\x1f",
    "\x01",
    "\x1e",
    "^",
    "~",
    "¦",
    "§",
    "¬",
    "!",
    "@",
    "&",
    "*",
    "=",
    ":",
    "/",
    " ",
    "•",
    "·",
    "‖",
    "→",
    "#",
    "%",
    "\\",
    "$",
)
_WORDS = (" ", ":", "=", "/", "!", "*", "&", "@", "#", "%", "\\", "$")  # which stand in plain texts as well
_LINES_OF_A_VALUE = 200
_COMPARED = 50  # columns whose values are looked at
_PAIRS = {"“": "”", "„": "“", "«": "»", "‘": "’", "»": "«"}
_ALIKE = ("'", "`", "´", "^", "~", "|", "*", "%", "$")
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=([^\r\n])"?[ ,;\t]*(?:\r\n|\r|\n|$)', re.I)
# Two lines at least that are one quoted value each, with quotes inside doubled.
_WRAPPED = re.compile(r'(?:"(?:[^"\r\n]|"")*"[ \t]*(?:\r\n|\r|\n)){2}')
_ENCLOSED = r"(?:^|(?<=[,;\t|\r\n])) *{q}(?:[^{q}\r\n]|{q}{q})*+{q}(?= *(?:[,;\t|\r\n]|$))"
_STRAY = r"(?:^|[\r\n{d}])[ ]*{o}(?:[^{c}\r\n]|{c}{c})*{c}(?![{c}{d}\r\n]|[ ]*(?:[{d}\r\n]|$)|$)"

# A record may be as long as the limits say; the module's own limit is for fields and would be in the way.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Signs:
    """What separates and encloses values. `close` differs from `quote` where quotes come in pairs."""

    delimiter: str
    quote: str | None
    close: str | None = None
    escape: str | None = None
    loose: bool = False  # quotes stand inside quoted values as they are
    padded: bool = False  # blanks stand between delimiter and quote
    wrapped: bool = False  # each line as a whole is quoted once more
    short: bool = False  # no value is longer than its line: a quote that does not close there is a letter

    @property
    def plain(self) -> bool:
        """Whether the fast parser reads it."""
        odd = self.escape or self.loose or self.padded or self.wrapped or (self.close or self.quote) != self.quote
        return not odd and self.delimiter.isascii() and (self.quote is None or self.quote.isascii())


@dataclass(frozen=True)
class Cut:
    """How the beginning of a text falls into records with these signs."""

    signs: Signs
    records: list[list[str]]
    confidence: float


def separator_line(text: str) -> str | None:
    """The delimiter that a spreadsheet program wrote into the first line."""
    found = _SEPARATOR_LINE.match(text)
    return found[1] if found else None


def without_separator_line(text: str) -> str:
    """The text below the line in which a spreadsheet program named the delimiter."""
    found = _SEPARATOR_LINE.match(text)
    return text[found.end() :] if found else text


def cut(sample: str, complete: bool, options: CsvOptions, expected: Schema | None) -> Cut:
    """The signs that cut the sample best; raises Unreadable for delimiters of several characters."""
    told = options.delimiter
    if told is None:
        _refuse_long_delimiters(sample)
    quote, close = (options.quote, options.quote) if options.quote else _quotes(sample)
    best, best_score, evenness = None, -1.0, 0.0
    for delimiter in (told,) if told else _USUAL:
        for signs in _variants(delimiter, quote, close, sample):
            records = read_records(sample, signs, complete)
            score, even = _score(records, delimiter, expected)
            if score > best_score:
                best, best_score, evenness = Cut(signs, records, 0.0), score, even
    if told is None and evenness < 0.8:
        unusual = _unusual(sample, quote, close, complete)
        if unusual is not None and unusual.confidence > evenness:
            return unusual
    if best is None or (best_score <= 0 and told is None):
        # A single column: what stands within its values now and then cuts none of them.
        absent = next((sign for sign in _USUAL if sign not in sample), "\x1f")
        signs = _variants(told or ("," if best is None else absent), quote, close, sample)[0]
        return Cut(signs, read_records(sample, signs, complete), 0.5)
    return Cut(best.signs, best.records, 1.0 if told else round(max(0.3, min(0.99, evenness)), 2))


def read_records(text: str, signs: Signs, complete: bool, most: int = SAMPLE_RECORDS) -> list[list[str]]:
    """The first records that are surely complete; blank lines are empty lists."""
    found: list[list[str]] = []
    try:
        for record in split_records(io.StringIO(text, newline=""), signs):
            found.append(record)
            if len(found) > most:
                return found[:most]
    except csv.Error:
        # The sample ends within quotes, or these signs are not those of the text.
        return found
    return found if complete or text.endswith(("\n", "\r")) else found[:-1]


def split_records(lines: Iterable[str], signs: Signs) -> Iterator[list[str]]:
    """Records of a text, line by line."""
    if signs.wrapped:
        return _unwrapped(lines, signs)
    if signs.loose or (signs.close or signs.quote) != signs.quote:
        return _loose(lines, signs)
    return csv.reader(
        lines,
        delimiter=signs.delimiter,
        quotechar=signs.quote,
        quoting=csv.QUOTE_MINIMAL if signs.quote else csv.QUOTE_NONE,
        doublequote=signs.escape is None or signs.escape == signs.quote,
        escapechar=signs.escape if signs.escape != signs.quote else None,
        skipinitialspace=signs.padded,
        strict=signs.escape is not None,
    )


def _unwrapped(lines: Iterable[str], signs: Signs) -> Iterator[list[str]]:
    """Records of which each is one quoted value."""
    inner = replace(signs, wrapped=False)
    for record in csv.reader(lines, delimiter="\x02"):
        if len(record) == 1:
            yield next(split_records(io.StringIO(record[0], newline=""), inner), [])
        else:
            yield record


def _loose(lines: Iterable[str], signs: Signs) -> Iterator[list[str]]:
    """Records whose quotes only count where a value begins and where one ends."""
    opening, closing = str(signs.quote), str(signs.close or signs.quote)
    waiting, gathered = "", 0
    for line in lines:
        waiting += line
        gathered += 1
        cells = _cells(waiting, signs.delimiter, opening, closing, short=signs.short)
        if cells is not None:
            yield cells
            waiting, gathered = "", 0
        elif gathered > _LINES_OF_A_VALUE:
            raise csv.Error("unexpected end of data")
    if waiting:
        raise csv.Error("unexpected end of data")


def _cells(text: str, delimiter: str, opening: str, closing: str, *, short: bool) -> list[str] | None:
    """The values of one record; None when a quoted one is still open."""
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        return []
    cells, position = [], 0
    while True:
        start = position
        while text.startswith(" ", start) and delimiter != " ":
            start += 1
        if not text.startswith(opening, start):
            end = text.find(delimiter, position)
            cells.append(text[position:] if end < 0 else text[position:end])
            if end < 0:
                return cells
            position = end + len(delimiter)
            continue
        closed = _end_of_quoted(text, start + len(opening), delimiter, closing)
        if closed is None:
            if not short and closing not in text[start + len(opening) :].replace(closing * 2, ""):
                return None
            # It closes in the middle of the value or nowhere, so it was no quote: the value is all of it.
            stop = text.find(delimiter, position)
            cells.append(text[position:] if stop < 0 else text[position:stop])
            if stop < 0:
                return cells
            position = stop + len(delimiter)
            continue
        stop, position = closed
        inner = text[start + len(opening) : stop]
        cells.append(inner.replace(closing * 2, closing))
        if position > len(text):
            return cells


def _end_of_quoted(text: str, start: int, delimiter: str, closing: str) -> tuple[int, int] | None:
    at = start
    while (at := text.find(closing, at)) >= 0:
        after = at + len(closing)
        rest = text[after:].lstrip(" ") if delimiter != " " else text[after:]
        if not rest:
            return at, len(text) + 1
        if rest.startswith(delimiter):
            return at, len(text) - len(rest) + len(delimiter)
        at = after + len(closing) if text.startswith(closing, after) else after
    return None


def _variants(delimiter: str, quote: str | None, close: str | None, sample: str) -> list[Signs]:
    """Ways to read the quotes of a sample, the usual one first."""
    if quote is None or quote == delimiter:
        return [Signs(delimiter, None if quote == delimiter else quote)]
    if close != quote:
        return [Signs(delimiter, quote, close, loose=True)]
    found = [Signs(delimiter, quote, quote)]
    if f"\\{delimiter}" in sample and f"\\{quote}" not in sample:
        found.append(Signs(delimiter, quote, quote, escape="\\"))
    if quote not in sample:
        return found
    if _WRAPPED.match(sample) and delimiter in sample.partition("\n")[0]:
        found.append(Signs(delimiter, quote, quote, wrapped=True))
    if f"{delimiter} {quote}" in sample and delimiter != " ":
        found.append(Signs(delimiter, quote, quote, padded=True))
    if re.search(rf"\\{re.escape(quote)}(?![{re.escape(delimiter)}\r\n]|$)", sample):  # else it ends a path
        found.append(Signs(delimiter, quote, quote, escape="\\"))
        found.reverse()
    stray = _STRAY.format(d=re.escape(delimiter), o=re.escape(quote), c=re.escape(quote))
    if f"\\{quote}" not in sample and re.search(stray, sample[:SAMPLE_CHARACTERS]):
        found.insert(0, Signs(delimiter, quote, quote, loose=True))
    return found


def _score(records: list[list[str]], delimiter: str, expected: Schema | None) -> tuple[float, float]:
    """How well these records make a table, and how many of them have the same width."""
    filled = [one for one in records if one and not (is_comment(one) and (len(one) == 1 or is_remark(one)))]
    if not filled:
        return -1.0, 0.0
    width, agreeing = Counter(map(len, filled)).most_common(1)[0]
    if width < 2:
        # Perhaps the table begins below, or stands among short lines.
        wide = [record for record in filled if len(record) > 1]
        if len(wide) < 2 or len(wide) < len(filled) * 0.3 or len(filled[0]) == 1 == len(filled[-1]):
            return 0.0, 0.0
        width, agreeing = Counter(map(len, wide)).most_common(1)[0]
    if len(filled[0]) == 1 and _within_values(filled[1:], delimiter):
        return 0.0, 0.0
    even = agreeing / len(filled)
    score = even + (0.5 if width == len(filled[0]) else 0.0) + min(width, 100) / 1000
    # Of two that cut evenly, one cuts between values and the other within them.
    rows = [record for record in filled[1:] if len(record) == width]
    kinds = [kind_of(column) for column in zip(*rows, strict=True)] if width <= _COMPARED else []
    score += 0.2 * sum(kind not in (None, "string") for kind in kinds) / width
    if expected is not None:
        names = {cell.strip() for cell in filled[0]}
        score += len(names & set(expected.names)) / max(1, len(expected.names))
    return score, even


def _within_values(records: list[list[str]], delimiter: str) -> bool:
    """Whether this is what stands within the values of a single column now and then: numbers, or words."""
    if all(shape_of(delimiter.join(record)) is not None for record in records):
        return True
    widths = Counter(len(record) for record in records if len(record) > 1)
    usual = widths.most_common(1)[0][0] if widths else 0
    start = next((place for place, record in enumerate(records) if len(record) == usual), len(records))
    if widths[usual] >= (len(records) - start) * 0.9:
        return False
    rows = [record for record in records[start + 1 :] if len(record) == usual]
    return all(kind_of(column) in (None, "string") for column in zip(*rows, strict=True))


def _unusual(sample: str, quote: str | None, close: str | None, complete: bool) -> Cut | None:
    best = None
    for delimiter in _UNUSUAL:
        if delimiter not in sample or delimiter == quote:
            continue
        signs = Signs(delimiter, quote, close)
        records = [record for record in read_records(sample, signs, complete) if record]
        widths = Counter(map(len, records))
        width, agreeing = widths.most_common(1)[0] if widths else (0, 0)
        if width < 2 or len(records) < 2 or agreeing < len(records) * 0.95 or len(records[0]) != width:
            continue
        if delimiter in _WORDS and (width < 3 or not _has_values(records) or _is_value(sample, records, delimiter)):
            if delimiter not in (":", "=", "!") or len(records) < 4 or not _has_values(records):
                continue
            if _is_value(sample, records, delimiter):
                continue
        if best is None or width > len(best.records[0]):
            best = Cut(signs, records, 0.8 if delimiter in _WORDS else 0.9)
    return best


def _has_values(records: list[list[str]]) -> bool:
    """Whether some column below the first line is no plain text."""
    for column in zip(*(record for record in records[1:] if len(record) == len(records[0])), strict=True):
        if infer_text(column) not in (None, "string"):
            return True
    return False


def _is_value(sample: str, records: list[list[str]], delimiter: str) -> bool:
    """Whether what is cut apart are dates, times or numbers that belong together."""
    for record in records[1:6]:
        text = delimiter.join(record).strip()
        if written(text) is not None or is_number(text) or re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
            return True
    return False


def _quotes(sample: str) -> tuple[str, str]:
    """What encloses values: double quotes, unless others enclose more of them."""
    fields = [field.strip() for field in re.split(r"[,;\t|\r\n]", sample[:8_000])]
    filled = [field for field in fields if len(field) > 1]
    doubled = sum(field[0] == '"' == field[-1] for field in filled)
    lines = sample[:8_000].count("\n") + sample[:8_000].count("\r")
    for opening, closing in [*((sign, sign) for sign in _ALIKE), *_PAIRS.items()]:
        begin = sum(field.startswith(opening) for field in filled)
        if opening == closing:
            enclosed = len(re.findall(_ENCLOSED.format(q=re.escape(opening)), sample[:8_000]))
        else:  # which are hardly ever anything else
            enclosed = min(begin, sum(field.endswith(closing) for field in filled))
        # One column of texts may be all that is quoted.
        share = lines * 0.5 if enclosed >= begin * 0.9 else len(filled) * 0.25
        least = max(2, doubled * 2, min(len(filled) * 0.25, share))
        if enclosed >= least and enclosed >= begin * 0.4:
            return opening, closing
    return '"', '"'


def _refuse_long_delimiters(sample: str) -> None:
    """Raises Unreadable when lines are cut by the same two or more characters, which nobody reads by chance."""
    lines = [line for line in re.split(r"\r\n|\r|\n", sample)[:-1] or [sample] if line.strip()]
    lines = [line for line in lines if not line.startswith("#")][:100]
    if len(lines) < 2:
        return
    first = re.sub(r'"[^"]*"', "x", lines[0])
    for candidate in dict.fromkeys(re.findall(r"[^\w\s\"'().\-+]{2,5}|\t{2,4}| ?[|~^;:]{1,3} (?=\S)", first)):
        counts = {re.sub(r'"[^"]*"', "x", line).count(candidate) for line in lines}
        signs = {sign for sign in candidate if sign.strip() or sign == "\t"}
        # None of its characters stands alone: those would be delimiters with empty values in between.
        alone = sum(line.replace(candidate, "").count(sign) for line in lines for sign in signs)
        tabs = not candidate.strip() and min(counts) > 1
        if len(counts) == 1 and min(counts) > 0 and alone == 0 and (tabs or candidate.strip() != candidate[0].strip()):
            if len(signs) == 1 and candidate.strip() in _USUAL:
                continue
            usual, beside = signs.intersection(_USUAL), signs & _OF_VALUES
            if len(usual) == 1 and beside and signs == usual | beside and candidate[0] != candidate[-1]:
                continue
            raise Unreadable(
                "delimiter_unsupported",
                f"The columns are separated by {candidate!r}, which is more than one character; save the file with a"
                " single-character separator.",
            )
    _refuse_aligned(lines)


def _refuse_aligned(lines: list[str]) -> None:
    """Raises Unreadable for columns that are aligned by blanks: where one ends is a guess."""
    if len(lines) < 3 or any(sign in line for line in lines for sign in (",", ";", "\t", "|")):
        return
    widths = {len(re.split(r" {2,}", line.strip())) for line in lines}
    if len(widths) == 1 and widths.pop() > 1:
        raise Unreadable(
            "delimiter_unsupported",
            "The columns are aligned by blanks, with no separator between them; save the file with a"
            " single-character separator.",
        )
