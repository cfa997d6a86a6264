"""Finds out how a CSV file is written: encoding, delimiter, quote, header, and usable column names."""

import codecs
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.data import Schema
from services.connector.failures import Unreadable
from services.connector.formats.base import CsvOptions, Limits
from services.connector.formats.csv_types import infer_text
from services.connector.progress import Progress

HEAD_BYTES = 1 << 20
_SAMPLE_CHARACTERS = 64_000
_SAMPLE_RECORDS = 200
_DELIMITERS = (",", ";", "\t", "|")
_NAME_LIMIT = 200

# Longest first: the mark of UTF-32-LE begins like that of UTF-16-LE.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What Windows-1252 leaves undefined, and control characters that no text file has.
_NOT_CP1252 = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Dialect:
    """How the file is written. `quote` None: nothing is quoted."""

    delimiter: str
    quote: str | None
    header: bool
    names: tuple[str, ...]
    renamed: dict[str, str]  # name used → name as written


def encoding_of(head: bytes) -> str:
    """The encoding as far as the file's beginning tells; UTF-8 when nothing speaks against it."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[: min(len(head), 4_096) // 2 * 2]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = max(1, len(sample) // 2)
    if odd > half * 0.4 and even < half * 0.1 and _is_text(sample, "utf-16-le"):
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.1 and _is_text(sample, "utf-16-be"):
        return "utf-16-be"
    return "utf-8"


def _is_text(sample: bytes, encoding: str) -> bool:
    return not _CONTROL.search(sample.decode(encoding, "replace"))


def transcode(source: Path, target: Path, encoding: str, progress: Progress) -> None:
    """Write the file again as UTF-8; raises Unreadable with the place when it is not in that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    read = 0
    with source.open("rb") as file, target.open("wb") as out:
        first = True
        while chunk := file.read(1 << 20):
            progress.check()
            out.write(_decoded(decoder, chunk, read, encoding, first=first))
            read += len(chunk)
            first = False
        out.write(_decoded(decoder, b"", read, encoding, first=False, final=True))


def _decoded(
    decoder: codecs.IncrementalDecoder, chunk: bytes, read: int, encoding: str, *, first: bool, final: bool = False
) -> bytes:
    try:
        text = decoder.decode(chunk, final)
        return (text.removeprefix("\ufeff") if first else text).encode("utf-8")
    except UnicodeDecodeError as error:
        where = read + error.start
        raise Unreadable("encoding", f"The file is not {encoding}: byte {where} does not belong there.") from None
    except UnicodeEncodeError:
        raise Unreadable("encoding", f"The file is not {encoding}: it holds half of a character.") from None


def looks_like_cp1252(path: Path, progress: Progress) -> bool:
    """Whether every byte of the file is a letter or sign of Windows-1252."""
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            progress.check()
            if _NOT_CP1252.search(chunk):
                return False
    return True


def dialect_of(head: str, whole: bool, options: CsvOptions, expected: Schema | None, limits: Limits) -> Dialect:
    """How the text is written, judged by its beginning; `whole` says that there is no more of it."""
    sample = head[:_SAMPLE_CHARACTERS]
    complete = whole and len(sample) == len(head)
    quote = options.quote or ("'" if _single_quoted(sample) else '"')
    delimiter = options.delimiter or _delimiter(sample, quote, complete, expected)
    records = _records(sample, delimiter, quote, complete)
    if not records or len(sample) < len(head):
        records = _records(head, delimiter, quote, whole) or records
    if not records:
        raise Unreadable("header_too_long", f"The first line is longer than {HEAD_BYTES} bytes; that is no table.")
    first = records[0]
    if len(first) > limits.columns:
        raise Unreadable("too_many_columns", f"The file has {len(first)} columns; at most {limits.columns} are read.")
    header = options.header if options.header is not None else _has_header(records, expected)
    names, renamed = column_names(first) if header else ([f"column_{n}" for n in range(1, len(first) + 1)], {})
    return Dialect(delimiter, quote, header, tuple(names), renamed)


def column_names(written: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Names that are there, are unique and can be held; what was changed, by the new name. The same each time."""
    taken = Counter(written)
    names: list[str] = []
    used: set[str] = set()
    renamed: dict[str, str] = {}
    for position, name in enumerate(written, 1):
        usable = name.replace("\x00", "")
        if len(usable) > _NAME_LIMIT:
            usable = f"{usable[: _NAME_LIMIT - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        usable = base = usable or f"column_{position}"
        number = 1
        # A name that stands in the file as it is keeps it; only what repeats it gives way.
        while usable in used or (usable != name and usable in taken):
            number += 1
            usable = f"{base}_{number}"
        used.add(usable)
        names.append(usable)
        if usable != name:
            renamed[usable] = name
    return names, renamed


def _records(text: str, delimiter: str, quote: str, complete: bool) -> list[list[str]]:
    """The first records that are surely complete."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, doublequote=True)
    found: list[list[str]] = []
    try:
        for record in reader:
            if record:
                found.append(record)
            if len(found) > _SAMPLE_RECORDS:
                return found[:_SAMPLE_RECORDS]
    except csv.Error:
        # A field beyond the reader's own limit; what came before it is enough to judge by.
        return found
    return found if complete or text.endswith(("\n", "\r")) else found[:-1]


def _delimiter(sample: str, quote: str, complete: bool, expected: Schema | None) -> str:
    """The candidate that cuts most lines into the same number of fields; a comma when none cuts anything."""
    best, best_score = ",", 0.0
    for candidate in _DELIMITERS:
        records = _records(sample, candidate, quote, complete)
        if not records or len(records[0]) < 2:
            continue
        width, agreeing = Counter(len(record) for record in records).most_common(1)[0]
        if width < 2:
            continue
        score = agreeing / len(records) + (0.5 if width == len(records[0]) else 0.0) + min(width, 100) / 1000
        if expected is not None:
            score += len(set(records[0]) & set(expected.names)) / max(1, len(expected.names))
        if score > best_score:
            best, best_score = candidate, score
    return best


def _single_quoted(sample: str) -> bool:
    if '"' in sample or "'" not in sample:
        return False
    fields = re.split(r"[,;\t|\r\n]", sample[:8_000])
    filled = [field for field in fields if field]
    quoted = [field for field in filled if len(field) > 1 and field.startswith("'") and field.endswith("'")]
    return len(quoted) > len(filled) / 3


def _has_header(records: list[list[str]], expected: Schema | None) -> bool:
    """Whether the first record names the columns: it has a name we know, or differs in kind from what is below."""
    first, rest = records[0], records[1:]
    if expected is not None and set(first) & set(expected.names):
        return True
    kinds = [infer_text([cell]) for cell in first]
    for position, kind in enumerate(kinds):
        below = infer_text([record[position] for record in rest if len(record) > position])
        if first[position] and kind == "string" and below not in (None, "string"):
            return True
    # Names are words: a first line that has a number, a date or a truth value in it is a row like the others.
    return all(kind in (None, "string") for kind in kinds)
