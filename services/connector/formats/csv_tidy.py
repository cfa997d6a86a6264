"""Writes a messy text again as a plain one, record by record in flat memory; what is no row is set aside or skipped."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.connector.failures import Unreadable
from services.connector.formats.base import Rejects
from services.connector.formats.csv_closing import closing, is_total
from services.connector.formats.csv_count import NotUtf8
from services.connector.formats.csv_dialect import Signs, split_records
from services.connector.formats.csv_layout import Layout, is_blank, is_comment, is_remark, literal
from services.connector.progress import Progress

_TAIL = 40
_RAGGED_ROWS = 100  # so many are always set aside one by one
_RAGGED_SHARE = 0.5  # beyond it, the file is not what its header says


@dataclass
class Tidied:
    """A plain file of the rows, without header, and what became of the other lines."""

    path: Path
    rows: int = 0
    records: int = 0  # of the table: rows and what was set aside
    skipped: int = 0  # lines that are no rows: above the header, blank, comments
    outside: int = 0  # of the records that are not empty, those that are not of the table: the header, lines above it
    short: int = 0  # rows that were filled with nulls
    longest: int = 0
    before: list[int] = field(default_factory=list)  # how many rows stand before each record that was set aside


@dataclass(frozen=True)
class _Row:
    record: list[str]
    cells: list[str]
    after_blank: bool
    number: int
    line: int

    def shape(self, width: int) -> list[str]:
        """The record, as short as it is written but no longer than the table is wide."""
        return self.record if len(self.record) < width else self.cells


class Tidying:
    """One text on its way."""

    def __init__(self, source: Path, target: Path, signs: Signs, layout: Layout, rejects: Rejects, limit: int) -> None:
        self._source = source
        self._signs = signs
        self._layout = layout
        self._rejects = rejects
        self._limit = limit
        self._done = Tidied(target)
        self._header: list[str] | None = None
        self._tail: deque[_Row] = deque()
        self._long = 0
        self._line = 0
        self._held = 0  # rows without values below the last row
        self._writer: Any = None

    def run(self, progress: Progress, *, ends_with_newline: bool) -> Tidied:
        """Read and write it; raises Unreadable."""
        with (
            self._source.open("r", encoding="utf-8-sig", newline="") as text,
            self._done.path.open("w", encoding="utf-8", newline="") as out,
        ):
            self._writer = csv.writer(out, lineterminator="\r\n")  # so that either sign inside a value is quoted
            after_blank = False
            try:
                for place, record in enumerate(split_records(self._lines(text, progress), self._signs)):
                    after_blank = self._take(place, record, after_blank)
            except UnicodeDecodeError as error:
                raise NotUtf8(self._done.longest + error.start) from None
            except csv.Error as error:
                raise Unreadable("unterminated_quote", "A quote that opens in the file is never closed.") from error
            self._end(ends_with_newline)
        return self._done

    def _header_passed(self, place: int) -> bool:
        return place > self._layout.above and (self._header is not None or not self._layout.header)

    def _lines(self, text: Iterable[str], progress: Progress) -> Iterator[str]:
        pending = lines = 0
        seen = -1
        for line in text:
            self._line = lines = lines + 1
            if lines == 1 and self._layout.separator:
                self._done.skipped += 1
                self._done.outside += 1
                continue
            if line.endswith("\x1a"):  # how DOS ends a text
                line = line.rstrip("\x1a")
                self._done.outside += not line
            if lines % 1_000 == 0:
                progress.check()
            # A quote that never closes gathers lines without giving a record.
            given = self._done.records + self._done.skipped
            pending = pending + len(line) if given == seen else len(line)
            seen = given
            if pending > self._limit:
                raise Unreadable(
                    "record_too_long", f"Line {lines} is longer than {self._limit} bytes; that is no table."
                )
            self._done.longest = max(self._done.longest, pending)
            yield line

    def _take(self, place: int, record: list[str], after_blank: bool) -> bool:
        layout, done = self._layout, self._done
        if layout.leading and len(record) > 1:
            record = record[1:]
        empty = is_blank(record)
        if empty and 1 < layout.width <= len(record) and self._header_passed(place):
            self._held += 1  # a row without any value, if rows follow it
            return True
        comment, short = is_comment(record), len(record) < layout.width
        # A remark may come late; alone in its line, it is no row.
        remark = comment and (short or is_remark(record) if layout.comments else short and len(record) == 1)
        if place < layout.above or empty or remark:
            done.skipped += 1
            done.outside += bool(record)
            return after_blank or (empty and place >= layout.above)
        if layout.header and self._header is None:
            if layout.first != tuple(record):
                raise Unreadable("malformed", f"Line {self._line} is not the header that stands at the beginning.")
            self._header = record
            done.outside += 1
            return False
        if place <= layout.above + layout.unit_lines and layout.unit_lines and not layout.units_aside:
            done.skipped += 1
            done.outside += 1
            return False
        self._release(layout.width)
        done.records += 1
        if place <= layout.above + layout.unit_lines and layout.unit_lines:
            self._aside("second_header", record, done.records, None)
            return False
        if comment and layout.comments:
            # As wide as a row, it may be one whose first value begins so: it is not skipped without a word.
            self._aside("commented_row", record, done.records, None)
            return after_blank
        if layout.literals:
            record = [literal(cell) for cell in record]
        if record == self._header:
            self._aside("repeated_header", record, done.records, None)
            return after_blank
        cells = self._fitted(record, done.records)
        if cells is not None:
            self._push(_Row(record, cells, after_blank, done.records, self._line))
        return False

    def _release(self, width: int) -> None:
        """Take the rows without values for rows: something stands below them."""
        for _ in range(self._held):
            self._done.records += 1
            self._push(_Row([""] * width, [""] * width, False, self._done.records, self._line))
        self._held = 0

    def _push(self, row: _Row) -> None:
        self._tail.append(row)
        if len(self._tail) > _TAIL:
            self._write(self._tail.popleft())

    def _fitted(self, record: list[str], number: int) -> list[str] | None:
        width = self._layout.width
        if len(record) > width:
            if any(cell.strip() for cell in record[width:]):
                self._long += 1
                if self._long > max(_RAGGED_ROWS, number * _RAGGED_SHARE):
                    raise Unreadable("ragged", f"Most lines have more values than the header has names: row {number}.")
                fields = f"{len(record)} fields where {width} are expected"
                self._aside("too_many_fields", record, number, fields)
                return None
            return record[:width]
        if len(record) < width:
            return record + [""] * (width - len(record))
        return record

    def _end(self, ends_with_newline: bool) -> None:
        tail = list(self._tail)
        # A record that stands on the line of nothing else is as short as it is by its nature.
        below = (
            closing([(row.shape(self._layout.width), row.after_blank) for row in tail], self._layout.width)
            if tail
            else 0
        )
        kept = tail[: len(tail) - below]
        ghosts = [row for row in tail[len(tail) - below :] if is_blank(row.record)]
        while kept and is_blank(kept[-1].record):
            ghosts.append(kept.pop())
        self._done.records -= len(ghosts)
        self._done.skipped += len(ghosts) + self._held
        self._done.outside += len(ghosts) + self._held
        width = self._layout.width
        if kept and not below and not ends_with_newline and len(kept[-1].record) < width and not self._done.short:
            shorter = sum(len(row.record) < width for row in kept)
            if shorter == 1:
                fields = f"{len(kept[-1].record)} fields where {width} are expected"
                raise Unreadable("truncated", f"The file ends in the middle of line {kept[-1].line}: {fields}.")
        for row in kept:
            self._write(row)
        for row in tail[len(tail) - below :]:
            if is_blank(row.record):
                continue
            reason = "total_line" if is_total(row.record) else "closing_line"
            self._rejects.add(reason, row.number, self._raw(row.record))
            self._done.before.append(self._done.rows)

    def _write(self, row: _Row) -> None:
        cells = row.cells
        self._done.short += len(row.record) < self._layout.width
        self._writer.writerow(cells)
        self._done.rows += 1

    def _aside(self, reason: str, record: list[str], number: int, fields: str | None) -> None:
        self._rejects.add(reason, number, self._raw(record), value=fields)
        self._done.before.append(self._done.rows + len(self._tail))

    def _raw(self, record: list[str]) -> str:
        line = io.StringIO()
        csv.writer(line, delimiter=self._signs.delimiter, lineterminator="").writerow(record)
        return line.getvalue()
