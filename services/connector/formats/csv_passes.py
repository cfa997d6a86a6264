"""Texts to typed rows, pass after pass over a file until every column's type holds for all of its values."""

import csv
import io
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute

from contracts.data import Column, FormatQuestion, LogicalType, Schema
from services.chassis.arrow import to_arrow
from services.connector.failures import Unreadable
from services.connector.formats.base import ArrowFile, ReadRequest, Rejected, Rejects
from services.connector.formats.csv_guess import Guess
from services.connector.formats.csv_types import Converted
from services.connector.formats.first_rows import FirstRows
from services.connector.formats.spellings import Context

_SAMPLE_ROWS = 2_000
_PASSES = 12
_RAGGED_ROWS = 100  # so many are always set aside one by one
_RAGGED_SHARE = 0.5  # beyond it, the file is not what its header says
pc: Any = pyarrow.compute  # its stubs know too few of its overloads

Verdict = Literal["skip", "error"]
Parse = Callable[[Callable[[Any], Verdict], tuple[str, ...]], Iterator[pa.RecordBatch]]


class NeedsCare(Exception):
    """Not all lines are alike: somebody has to look at each of them."""


class _Again(Exception):
    """A column has another type than was believed: the file is read again."""


@dataclass(frozen=True)
class Typed:
    """A typed table's file, what was set aside, and what was found out about its columns."""

    path: Path
    schema: Schema
    rows: int
    rejected: tuple[Rejected, ...]
    spellings: dict[str, str]
    markers: tuple[str, ...]
    questions: tuple[FormatQuestion, ...]
    sample: pa.Table | None


@dataclass
class _Ragged:
    """Takes records whose number of fields is not the header's, as the parser finds them, in order."""

    limit: int
    last_record: int
    cut_off: bool
    header: int
    rejects: Rejects
    before: list[int] = field(default_factory=list)  # how many good records stand before each
    error: Unreadable | NeedsCare | None = None
    even: bool = False  # whether a record of another width means that the file is read with more care

    def __call__(self, row: Any) -> Verdict:
        if self.even:
            self.error = NeedsCare()
            return "error"
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
        even: bool,
        parse: Parse,
        before: Sequence[int] = (),
    ) -> None:
        self._request = request
        self._delimiter = delimiter
        self._header = header
        self._total = total
        self._cut_off = cut_off
        self._even = even
        self._parse = parse
        self._before = before
        self._markers: set[str] = set()
        self._first: FirstRows | None = None
        self._rejects = Rejects(request.folder, request.path.name)
        told = request.declared or request.expected
        self._guesses = []
        for name in names:
            column = told.column(name) if told else None
            guess = Guess(
                name,
                column.type if column else None,
                told=column is not None,
                lexicon=request.csv.lexicon,
                words=request.csv.words,
                answer=request.csv.columns.get(name),
                blanks=request.csv.blanks,
            )
            self._guesses.append(guess)

    def run(self) -> Typed:
        """The table in its types. What is believed only gets narrower, so this ends."""
        for last in (*(False,) * _PASSES, True):
            self._look_at_sample()
            if last:
                for guess in self._guesses:
                    guess.give_up()
            try:
                return self._pass()
            except _Again:
                self._rejects.discard()
        raise Unreadable("malformed", "What the columns hold cannot be told.")

    def _look_at_sample(self) -> None:
        """Believe of the columns nobody told about what the first rows show."""
        if not self._total or all(guess.told or guess.type for guess in self._guesses):
            return
        scratch, gathering = Rejects(self._request.folder, f"{self._request.path.name}.sample"), self._first is None
        try:
            with closing(self._records(self._ragged(scratch))) as records:
                for number, batch in enumerate(records):
                    if number == 0:
                        for guess, values in zip(self._guesses, batch.slice(0, _SAMPLE_ROWS).columns, strict=True):
                            guess.learn(values)
                    if not gathering or self._first is None or self._first.full:
                        break
        finally:
            scratch.discard()
        self._settled()

    def _pass(self) -> Typed:
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
                    for guess, values in zip(self._guesses, batch.columns, strict=True):
                        guess.learn(values)
                else:
                    out.write(rows)
                    self._request.progress.add(rows=rows.num_rows)
                index += batch.num_rows
        if self._settled() or changed or self._beyond_share():
            raise _Again
        return Typed(
            path=path,
            schema=schema,
            rows=out.rows,
            rejected=self._rejects.finish(),
            spellings={guess.name: guess.spelling.text for guess in self._guesses if guess.spelling is not None},
            markers=tuple(sorted(self._markers)),
            questions=tuple(guess.question for guess in self._guesses if guess.question is not None),
            sample=self._first.texts(schema.names) if self._first else None,
        )

    def _settled(self) -> bool:
        """Draw the conclusions of what was seen so far; whether something is another than before."""
        decimals = {guess.decimal for guess in self._guesses} - {None}
        spelled = {guess.decimal for guess in self._guesses if guess.type != LogicalType.FLOAT or guess.spelling} - {
            None
        }
        if spelled == {","}:
            for guess in self._guesses:
                guess.doubt()
            decimals = {","}
        decimal = decimals.pop() if len(decimals) == 1 else None
        context = Context(decimal=decimal, delimiter=self._delimiter)
        changed = [guess.settle(context) for guess in self._guesses]
        markers: set[str] = set()
        for guess in self._guesses:
            if guess.type not in (None, LogicalType.STRING):
                markers |= guess.markers
        new = markers - self._markers
        self._markers |= markers
        return any(changed) or bool(new)

    def _records(self, ragged: _Ragged) -> Generator[pa.RecordBatch, None, None]:
        """Batches of texts without the header line; the parser's complaints become ours."""
        if not self._total:
            return
        skip = self._header
        # Only while nothing is known to stand for null are the texts those of the file.
        first = None
        if self._first is None and self._request.declared is None:
            first = self._first = FirstRows()
        try:
            for batch in self._parse(ragged, tuple(sorted(self._markers))):
                self._request.progress.check()
                rows = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - rows.num_rows
                if rows.num_rows:
                    if first is not None:
                        first.add(rows)
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
            before=list(self._before),
            even=self._even,
        )

    def _typed(self, batch: pa.RecordBatch, start: int, ragged: _Ragged, schema: pa.Schema) -> pa.RecordBatch | None:
        """The batch in its types, rows with unfit values set aside; None when a type of ours has to be widened."""
        done: list[Converted] = []
        for guess, values in zip(self._guesses, batch.columns, strict=True):
            filled = len(values) - values.null_count
            column = guess.typed(values)
            unknown = guess.type is None and filled and not guess.nothing_but_markers(values)
            if not guess.told and (column.bad is not None or unknown):
                return None
            guess.values += filled
            if guess.open:
                guess.watch(values)
            if column.bad is not None:
                guess.failures += int(pc.sum(column.bad).as_py())
            if column.values.null_count != values.null_count:
                guess.note_markers(values)
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
