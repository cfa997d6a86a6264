"""Counts the records of a CSV file apart from any parser, and finds what makes it unreadable on the way."""

import codecs
import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.connector.failures import Unreadable
from services.connector.progress import Progress

_CHUNK = 1 << 20
_COMMENT = re.compile(rb"(?:\A|[\r\n])#")
BOM = b"\xef\xbb\xbf"


class NotUtf8(Exception):
    """The bytes are not UTF-8; `offset` says where they stop being it."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"not UTF-8 at byte {offset}")
        self.offset = offset


@dataclass(frozen=True)
class Survey:
    """What a file holds, before anything is parsed."""

    records: int  # header included, blank lines not
    longest: int  # no record has more bytes
    quoted: bool
    ends_with_newline: bool
    marked: bool = False  # whether a line begins with #
    blank_lines: int = 0
    lines: int = 0  # as they would be if no quote were one


def survey(path: Path, delimiter: str, quote: str | None, record_bytes: int, progress: Progress) -> Survey:
    """Read the file once, as bytes. Raises NotUtf8, or Unreadable for a quote or a record that does not end."""
    counter = RecordCounter(delimiter.encode(), quote.encode() if quote else None, record_bytes)
    check = codecs.getincrementaldecoder("utf-8")("strict")
    read = 0
    with path.open("rb") as file:
        _skip_bom(file)
        while chunk := file.read(_CHUNK):
            progress.check()
            try:
                check.decode(chunk)
            except UnicodeDecodeError as error:
                raise NotUtf8(read + error.start) from None
            read += len(chunk)
            if b"\x00" in chunk:
                raise Unreadable("nul_bytes", "The file has zero bytes in it: it is damaged, or no text.")
            counter.feed(chunk)
    try:
        check.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotUtf8(read) from None
    return counter.finish()


def is_row_by_row(path: Path, delimiter: str, above: int, columns: int) -> bool:
    """Whether each line of a UTF-8 file has all delimiters of a row, however its quotes may pair up."""
    expected = columns - 1
    with path.open("r", encoding="utf-8-sig", newline=None) as file:
        lines = (line for number, line in enumerate(file) if number >= above and line.strip())
        return all(line.count(delimiter) == expected for line in lines)


def first_line_again(path: Path) -> bool:
    """Whether a line of a file is the same as its first one, as where a header stands on each page."""
    with path.open("rb") as file:
        _skip_bom(file)
        first = file.readline(_CHUNK).rstrip(b"\r\n")
        file.seek(0)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return re.search(rb"\n" + re.escape(first) + rb"(?=[\r\n]|\Z)", data) is not None


def last_record_end(head: bytes, delimiter: str, quote: str | None) -> int:
    """Where the last complete record of a file's beginning ends; 0 when none does."""
    pattern = _pattern(delimiter.encode(), quote.encode()) if quote else None
    if pattern is None or quote is None or quote.encode() not in head:
        return max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    end = 0
    position = 0
    for found in pattern.finditer(head):
        end = max(end, _line_end(head, position, found.start()))
        if found[1] is not None:
            return end
        position = found.end()
    return max(end, _line_end(head, position, len(head)))


def _line_end(head: bytes, start: int, stop: int) -> int:
    return max(head.rfind(b"\n", start, stop), head.rfind(b"\r", start, stop)) + 1


def _skip_bom(file: BinaryIO) -> None:
    if file.read(len(BOM)) != BOM:
        file.seek(0)


def _pattern(delimiter: bytes, quote: bytes) -> re.Pattern[bytes]:
    """A quoted field that is closed, or (group 1) one that is still open where the data ends.

    A quote opens a field only where a field begins; elsewhere it is a letter like others. Within, two are one.
    """
    q, d = re.escape(quote), re.escape(delimiter)
    body = rb"[^%b]*+(?:%b%b[^%b]*+)*+" % (q, q, q, q)
    return re.compile(rb"(?:(?<=[\r\n%b])|\A)(?:%b%b%b(?=[^%b])|(%b%b%b?\Z))" % (d, q, body, q, q, q, body, q))


class RecordCounter:
    """Quoted fields are taken out of the text, whole; what is left are lines, and each line is a record."""

    def __init__(self, delimiter: bytes, quote: bytes | None, record_bytes: int) -> None:
        self._quote = quote
        self._pattern = _pattern(delimiter, quote) if quote else None
        self._limit = record_bytes
        self._records = 0
        self._lines = 0
        self._pending = 0  # at most so many bytes of a record that has not ended yet
        self._removed = 0  # of these, at most so many in quoted fields that were taken out
        self._longest = 0
        self._quoted = False
        self._carry = b""  # the last record so far, its closed quoted fields taken out
        self._open = b""  # a quoted field that is still open, as it is
        self._last = b""
        self._marked = False
        self._blank = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._lines += _newlines(chunk, self._last)
        self._last = chunk[-1:]
        before = self._records
        self._carry, self._open = self._take(self._carry + self._open + chunk)
        self._pending = len(chunk) + (self._pending if self._records == before else 0)
        if self._pending > self._limit + _CHUNK:
            self._refuse()

    def finish(self) -> Survey:
        """The end of the file."""
        # A line end completes whatever stood in the last line; an open quote swallows it and stays open.
        left = self._carry + self._open
        _, still_open = self._take(left + b"\n") if left else (b"", b"")
        if still_open:
            self._open = still_open[:-1]
            self._refuse()
        return Survey(
            records=self._records,
            longest=self._longest,
            quoted=self._quoted,
            ends_with_newline=self._last in (b"\n", b"\r"),
            marked=self._marked,
            blank_lines=self._blank,
            lines=self._lines + (self._last not in (b"\n", b"\r", b"")),
        )

    def _take(self, data: bytes) -> tuple[bytes, bytes]:
        still_open = b""
        size = len(data)
        if self._pattern is not None and self._quote is not None and self._quote in data:
            self._quoted = True
            parts = self._pattern.split(data)
            if len(parts) > 1 and parts[-2] is not None:
                still_open = parts[-2]
                data = b"x".join(parts[0:-1:2])
            else:
                data = b"x".join(parts[0::2])
        removed = size - len(data) - len(still_open)
        cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        lines = data[:cut].splitlines()
        if lines:
            blank = lines.count(b"")
            self._records += len(lines) - blank
            self._blank += blank
            self._marked = self._marked or (b"#" in data and _COMMENT.search(data) is not None)
            # Which record the removed bytes were of is not known: the bound takes them for those of the longest.
            self._longest = max(self._longest, max(map(len, lines)) + removed + self._removed)
            self._removed = 0
        self._removed += removed
        return data[cut:], still_open

    def _refuse(self) -> None:
        if self._open:
            line = self._lines - _newlines(self._open, b"") + 1
            raise Unreadable("unterminated_quote", f"The quote that opens in line {line} is never closed.")
        raise Unreadable(
            "record_too_long", f"Line {self._lines + 1} is longer than {self._limit} bytes; that is no table."
        )


def _newlines(data: bytes, before: bytes) -> int:
    found = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    return found - 1 if before == b"\r" and data.startswith(b"\n") else found
