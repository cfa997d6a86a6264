"""Texts to typed rows, pass after pass over a file until every column's type holds for all of its values."""

import csv
import io
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute

from contracts.data import Column, LogicalType, Schema
from services.chassis.arrow import to_arrow
from services.connector.failures import Unreadable
from services.connector.formats.base import ArrowFile, ReadRequest, Rejected, Rejects
from services.connector.formats.csv_types import Converted, convert, infer, wider

_SAMPLE_ROWS = 2_000
_RAGGED_ROWS = 100  # so many are always set aside one by one
_RAGGED_SHARE = 0.5  # beyond it, the file is not what its header says
pc: Any = pyarrow.compute  # its stubs know too few of its overloads

Verdict = Literal["skip", "error"]
Parse = Callable[[Callable[[Any], Verdict]], Iterator[pa.RecordBatch]]


class _Again(Exception):
    """A column has another type than was believed: the file is read again."""


@dataclass
class _Guess:
    """What is believed of a column, and how that went in this pass."""

    name: str
    type: LogicalType | None
    told: bool  # by somebody else: values that do not fit are set aside and do not widen the type
    values: int = 0
    failures: int = 0


@dataclass
class _Ragged:
    """Takes records whose number of fields is not the header's, as the parser finds them, in order."""

    limit: int
    last_record: int
    cut_off: bool
    header: int
    rejects: Rejects
    before: list[int] = field(default_factory=list)  # how many good records stand before each
    error: Unreadable | None = None

    def __call__(self, row: Any) -> Verdict:
        number = int(row.number)
        fewer = row.actual_columns < row.expected_columns
        fields = f"{row.actual_columns} fields where {row.expected_columns} are expected"
        if number <= self.header:
            self.error = Unreadable("malformed", "The header line cannot be cut into fields.")
        elif self.cut_off and number == self.last_record and fewer:
            self.error = Unreadable("truncated", f"The file ends in the middle of line {number}: {fields}.")
        elif len(self.before) >= self.limit:
            self.error = Unreadable("ragged", f"Most lines do not have the header's number of fields: line {number}.")
        if self.error is not None:
            return "error"
        self.before.append(number - 1 - len(self.before))
        self.rejects.add("too_few_fields" if fewer else "too_many_fields", number - self.header, row.text, value=fields)
        return "skip"

    def row_number(self, index: int) -> int:
        """The row number, the header not counted, of the good record with this index, the header counted."""
        return index + 1 + bisect_right(self.before, index) - self.header


class Passes:
    """One file of delimited text on its way to a typed table."""

    def __init__(
        self,
        request: ReadRequest,
        *,
        names: tuple[str, ...],
        delimiter: str,
        header: int,
        total: int,
        cut_off: bool,
        parse: Parse,
    ) -> None:
        self._request = request
        self._delimiter = delimiter
        self._header = header
        self._total = total
        self._cut_off = cut_off
        self._parse = parse
        self._lexicon = request.csv.lexicon
        self._rejects = Rejects(request.folder, request.path.name)
        told = request.declared or request.expected
        self._guesses = []
        for name in names:
            column = told.column(name) if told else None
            self._guesses.append(_Guess(name, column.type if column else None, told=column is not None))

    def run(self) -> tuple[Path, Schema, int, tuple[Rejected, ...]]:
        """The typed table's file, its schema and rows, and what was set aside. Types only get wider, so this ends."""
        while True:
            self._look_at_sample()
            try:
                return self._pass()
            except _Again:
                self._rejects.discard()

    def _look_at_sample(self) -> None:
        """Believe of the columns nobody told about what the first rows show."""
        if not self._total or all(guess.told or guess.type for guess in self._guesses):
            return
        scratch = Rejects(self._request.folder, f"{self._request.path.name}.sample")
        try:
            with closing(self._records(self._ragged(scratch))) as records:
                for batch in records:
                    self._widen(batch.slice(0, _SAMPLE_ROWS))
                    return
        finally:
            scratch.discard()

    def _pass(self) -> tuple[Path, Schema, int, tuple[Rejected, ...]]:
        schema = Schema(
            columns=tuple(Column(name=guess.name, type=guess.type or LogicalType.STRING) for guess in self._guesses)
        )
        for guess in self._guesses:
            guess.values = guess.failures = 0
        ragged = self._ragged(self._rejects)
        path = self._request.folder / f"{self._request.path.name}.arrow"
        index, changed = self._header, False
        with ArrowFile(path, to_arrow(schema)) as out:
            for batch in self._records(ragged):
                rows = None if changed else self._typed(batch, index, ragged, out.schema)
                if rows is None:
                    # Nothing more is written; the rest is only looked at, so that few passes are needed.
                    changed = True
                    self._widen(batch)
                else:
                    out.write(rows)
                    self._request.progress.add(rows=rows.num_rows)
                index += batch.num_rows
        if changed or self._beyond_share():
            raise _Again
        return path, schema, out.rows, self._rejects.finish()

    def _records(self, ragged: _Ragged) -> Generator[pa.RecordBatch, None, None]:
        """Batches of texts without the header line; the parser's complaints become ours."""
        if not self._total:
            return
        skip = self._header
        try:
            for batch in self._parse(ragged):
                self._request.progress.check()
                rows = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - rows.num_rows
                if rows.num_rows:
                    yield rows
        except pa.ArrowInvalid as error:
            if ragged.error is not None:
                raise ragged.error from None
            raise Unreadable("malformed", "The file cannot be cut into rows and fields.") from error

    def _ragged(self, rejects: Rejects) -> _Ragged:
        return _Ragged(
            limit=max(_RAGGED_ROWS, int(self._total * _RAGGED_SHARE)),
            last_record=self._total + self._header,
            cut_off=self._cut_off,
            header=self._header,
            rejects=rejects,
        )

    def _widen(self, batch: pa.RecordBatch) -> None:
        """Make the types that we chose ourselves wide enough for these values."""
        for guess, values in zip(self._guesses, batch.columns, strict=True):
            if guess.told or guess.type == LogicalType.STRING or values.null_count == len(values):
                continue
            if guess.type is None:
                guess.type = infer(values)
            elif convert(values, guess.type, self._lexicon).bad is not None:
                found = wider(guess.type, infer(values))
                guess.type = LogicalType.STRING if found == guess.type else found

    def _typed(self, batch: pa.RecordBatch, start: int, ragged: _Ragged, schema: pa.Schema) -> pa.RecordBatch | None:
        """The batch in its types, rows with unfit values set aside; None when a type of ours has to be widened."""
        done: list[Converted] = []
        for guess, values in zip(self._guesses, batch.columns, strict=True):
            filled = len(values) - values.null_count
            column = convert(values, guess.type or LogicalType.STRING, self._lexicon)
            if not guess.told and (column.bad is not None or (guess.type is None and filled)):
                return None
            guess.values += filled
            if column.bad is not None:
                guess.failures += int(pc.sum(column.bad).as_py())
            done.append(column)
        self._stop_early()
        rows = pa.RecordBatch.from_arrays([column.values for column in done], schema=schema)
        unfit = [column.bad for column in done if column.bad is not None]
        if not unfit:
            return rows
        wrong = unfit[0]
        for more in unfit[1:]:
            wrong = pc.or_(wrong, more)
        for index in pc.indices_nonzero(wrong).to_pylist():
            positions = [n for n, column in enumerate(done) if column.bad is not None and column.bad[index].as_py()]
            self._set_aside(batch.slice(index, 1), ragged.row_number(start + index), positions)
        return rows.filter(pc.invert(wrong))

    def _set_aside(self, record: pa.RecordBatch, number: int, positions: list[int]) -> None:
        cells = [column[0].as_py() for column in record.columns]
        line = io.StringIO()
        csv.writer(line, delimiter=self._delimiter, lineterminator="").writerow(cells)
        names = ", ".join(self._guesses[position].name for position in positions)
        self._rejects.add("bad_value", number, line.getvalue(), column=names, value=cells[positions[0]])

    def _stop_early(self) -> None:
        """There are no more values than rows: what is beyond the share of these is beyond the share of those."""
        if self._beyond_share(self._total):
            raise _Again

    def _beyond_share(self, at_most: int = 0) -> bool:
        """Whether a told type fails for too many values: then it is another type, and drift is to judge that."""
        if self._request.declared is not None:
            return False
        found = False
        for guess in self._guesses:
            if guess.failures > self._request.limits.failing_share * max(guess.values, at_most):
                guess.told, guess.type, found = False, None, True
        return found
