"""Reads CSV in flat memory: what cannot be placed is set aside with its row number, never dropped or guessed away."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.csv as pacsv

from contracts.data import FormatFacts
from services.connector.failures import Unreadable
from services.connector.formats.base import Format, Landed, ReadRequest, Rejects
from services.connector.formats.csv_closing import is_rule, is_total
from services.connector.formats.csv_count import NotUtf8, Survey, first_line_again, is_row_by_row, survey
from services.connector.formats.csv_dialect import (
    HEAD_BYTES,
    SAMPLE_CHARACTERS,
    Signs,
    cut,
    read_records,
    separator_line,
    without_separator_line,
)
from services.connector.formats.csv_layout import Layout, is_blank, layout
from services.connector.formats.csv_passes import NeedsCare, Passes, Typed, Verdict
from services.connector.formats.csv_text import BOM, Utf8, as_utf8, not_utf8
from services.connector.formats.csv_tidy import Tidying

_BLOCK = 512 << 10  # the parser reads 32 of them ahead, so this is what its memory depends on
_ROOM = 64 << 10
_TAIL_BYTES = 16 << 10


@dataclass(frozen=True)
class _Sniffed:
    """A file as UTF-8 and how it is written."""

    text: Utf8
    signs: Signs
    layout: Layout
    confidence: dict[str, float]
    survey: Survey | None  # counted apart from any parser, where quotes are written the usual way
    quoted_blanks: bool = False  # whether somebody quoted a text of nothing but blanks


class CsvFormat(Format):
    """Delimited text. All columns are parsed as texts first; types are a second, vectorised step."""

    kind: ClassVar[str] = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".psv", ".tab", ".dat")

    def read(self, request: ReadRequest) -> Landed:
        """Read a whole file; raises Unreadable with a code and the place."""
        try:
            return self._read(request, as_utf8(request))
        except NotUtf8 as error:
            if request.csv.encoding is not None or request.declared is not None:
                raise not_utf8(error.offset) from None
            # Its beginning was UTF-8; what comes later says what the whole is.
            return self._read(request, as_utf8(request, error.offset))

    def _read(self, request: ReadRequest, text: Utf8) -> Landed:
        try:
            sniffed = self._sniff(request, text)
            if sniffed.quoted_blanks:
                request = replace(request, csv=replace(request.csv, blanks=True))
            if sniffed.survey is not None and self._is_plain(request, sniffed):
                try:
                    return self._fast(request, sniffed, sniffed.survey)
                except NeedsCare:
                    less_sure = {"delimiter": min(0.8, sniffed.confidence["delimiter"])}
                    sniffed = replace(sniffed, confidence=sniffed.confidence | less_sure)
            return self._careful(request, sniffed)
        finally:
            if text.path != request.path:
                text.path.unlink(missing_ok=True)

    def parse(
        self,
        file: Path,
        signs: Signs,
        width: int,
        found: Survey,
        on_ragged: Callable[[Any], Verdict],
        markers: tuple[str, ...],
    ) -> Iterator[pa.RecordBatch]:
        """The records of a UTF-8 file as batches of texts, the header line among them."""
        names = [f"c{position}" for position in range(width)]
        reader = pacsv.open_csv(
            str(file),
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=max(_BLOCK, found.longest + _ROOM), column_names=names
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=signs.delimiter,
                quote_char=(signs.quote or False) if found.quoted else False,
                double_quote=True,
                newlines_in_values=found.quoted,
                invalid_row_handler=on_ragged,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=["", *markers],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        with reader:
            yield from reader

    def _sniff(self, request: ReadRequest, text: Utf8) -> _Sniffed:
        with text.path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            whole = not file.read(1)
        beginning = head.removeprefix(BOM).decode("utf-8", "ignore")
        if whole and not any(_says_something(line) for line in beginning.splitlines()):
            raise Unreadable("empty", "The file holds no rows, not even a header.")
        if "\x00" in beginning:
            raise Unreadable("nul_bytes", "The file has zero bytes in it: it is damaged, or no text.")
        if request.declared is not None or request.csv.tidy:
            return self._told(request, text, beginning)
        told, options = request.expected, request.csv
        separator = separator_line(beginning)
        if separator is not None:
            options = replace(options, delimiter=options.delimiter or separator)
            beginning = without_separator_line(beginning)
        sample = beginning[:SAMPLE_CHARACTERS]
        complete = whole and len(sample) == len(beginning)
        limit, progress = request.limits.record_bytes, request.progress
        found = cut(sample, complete, options, told)
        records = [record for record in found.records if record]
        if not records or len(sample) < len(beginning):
            records = [one for one in read_records(beginning, found.signs, whole) if one] or records
        if not records:
            # A quote that never closes swallows the first lines, too: its place is the better answer.
            survey(text.path, found.signs.delimiter, found.signs.quote, limit, progress)
            raise Unreadable("header_too_long", f"The first line is longer than {HEAD_BYTES} bytes; that is no table.")
        again = read_records(beginning, found.signs, whole)
        place = layout(again or found.records, request.csv.header, told, request.csv.preamble)
        place = replace(place, separator=separator is not None)
        if place.width > request.limits.columns:
            raise Unreadable(
                "too_many_columns", f"The file has {place.width} columns; at most {request.limits.columns} are read."
            )
        counted = None
        if found.signs.plain:
            counted = survey(text.path, found.signs.delimiter, found.signs.quote, limit, progress)
        signs = _by_lines(text.path, found.signs, place, counted)
        if signs != found.signs:
            # Quotes that open in one row and close in another would make one row of them, without a word.
            found, counted = replace(found, signs=signs, confidence=min(found.confidence, 0.8)), None
        confidence = {
            "encoding": text.confidence,
            "delimiter": found.confidence if place.width > 1 else 0.9,
            "header": place.confidence,
            "preamble": place.above_confidence,
        }
        if counted is not None and counted.quoted:
            confidence["quote"] = 0.99 if found.signs.quote == '"' else 0.9
        quoted = re.escape(found.signs.quote or "\x00")
        ends = rf"[{re.escape(found.signs.delimiter)}\r\n]"
        blanks = re.search(rf"(?:^|{ends}){quoted}[ \t]+{quoted}(?:$|{ends})", beginning) is not None
        return _Sniffed(text, found.signs, place, confidence, counted, blanks)

    def _told(self, request: ReadRequest, text: Utf8, beginning: str) -> _Sniffed:
        """A file that we wrote ourselves, or a server did for us: nothing is to be found out."""
        signs = Signs(request.csv.delimiter or ",", request.csv.quote or '"', request.csv.quote or '"')
        names = read_records(beginning, signs, complete=True, most=1)[0]
        counted = survey(text.path, signs.delimiter, signs.quote, request.limits.record_bytes, request.progress)
        return _Sniffed(text, signs, Layout(0, True, tuple(names), {}), {}, counted)

    def _is_plain(self, request: ReadRequest, sniffed: _Sniffed) -> bool:
        """Whether all lines are rows, as far as can be seen without looking at each."""
        if request.declared is not None or request.csv.tidy:
            return True
        if not sniffed.layout.plain or sniffed.survey is None or sniffed.survey.marked:
            return False
        if sniffed.layout.header and first_line_again(sniffed.text.path):
            return False
        with sniffed.text.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read().decode("utf-8", "ignore")
        if tail.endswith("\x1a"):
            return False
        lines = tail.splitlines() if size <= _TAIL_BYTES else tail.splitlines()[1:]
        last = read_records("\n".join(lines[-40:]), sniffed.signs, complete=True)
        filled = [record for record in last if record]
        return not any(is_total(record) or is_rule(record) for record in filled) and not (
            filled and is_blank(filled[-1])
        )

    def _closer(self, request: ReadRequest, sniffed: _Sniffed) -> _Sniffed:
        """The same again, now that not all lines are as the first ones."""
        return replace(
            sniffed, confidence=sniffed.confidence | {"delimiter": min(0.8, sniffed.confidence["delimiter"])}
        )

    def _fast(self, request: ReadRequest, sniffed: _Sniffed, found: Survey) -> Landed:
        place, header = sniffed.layout, 1 if sniffed.layout.header else 0
        total = found.records - header
        typed = Passes(
            request,
            names=place.names,
            delimiter=sniffed.signs.delimiter,
            header=header,
            total=total,
            cut_off=not found.ends_with_newline,
            even=request.declared is None,
            parse=lambda on_ragged, markers: self.parse(
                sniffed.text.path, sniffed.signs, place.width, found, on_ragged, markers
            ),
        ).run()
        counted = total if request.counted is None else request.counted
        skipped = found.blank_lines
        return self._landed(typed, sniffed, counted, skipped=skipped, rejected=())

    def _careful(self, request: ReadRequest, sniffed: _Sniffed) -> Landed:
        rejects = Rejects(request.folder, f"{request.path.name}.lines")
        target = request.folder / f"{request.path.name}.tidy"
        tidying = Tidying(
            sniffed.text.path, target, sniffed.signs, sniffed.layout, rejects, request.limits.record_bytes
        )
        ends = _ends_with_newline(sniffed.text.path)
        plain = Signs(",", '"', '"')
        try:
            done = tidying.run(request.progress, ends_with_newline=ends)
            found = Survey(done.rows, done.longest, True, True)
            typed = Passes(
                request,
                names=sniffed.layout.names,
                delimiter=sniffed.signs.delimiter,
                header=0,
                total=done.rows,
                cut_off=False,
                even=False,
                parse=lambda on_ragged, markers: self.parse(
                    target, plain, sniffed.layout.width, found, on_ragged, markers
                ),
                before=done.before,
            ).run()
        finally:
            target.unlink(missing_ok=True)
        # Counted apart from the parser where the quotes are written the usual way.
        counted = done.records if sniffed.survey is None else sniffed.survey.records - done.outside
        landed = self._landed(typed, sniffed, counted, skipped=done.skipped, rejected=rejects.finish())
        return replace(landed, facts=landed.facts.model_copy(update={"filled_rows": done.short}))

    def _landed(self, typed: Typed, sniffed: _Sniffed, counted: int, *, skipped: int, rejected: Any) -> Landed:
        signs, place = sniffed.signs, sniffed.layout
        facts = FormatFacts(
            format="csv",
            encoding=sniffed.text.encoding,
            delimiter=signs.delimiter,
            quote=signs.quote,
            escape=signs.escape,
            header=place.header,
            preamble=place.above,
            null_markers=typed.markers,
            renamed_headers=place.renamed,
            confidence=sniffed.confidence,
            skipped_lines=skipped,
            spellings=typed.spellings,
            questions=typed.questions,
        )
        return Landed(
            path=typed.path,
            schema=typed.schema,
            facts=facts,
            rows=typed.rows,
            counted=counted,
            rejected=(*rejected, *typed.rejected),
            sample=typed.sample,
        )


def _says_something(line: str) -> bool:
    """Whether a line is more than delimiters or a remark."""
    return bool(line.strip(' \t\ufeff,;|"')) and re.match(r"\s*#+(\s|$)", line) is None


def _by_lines(path: Path, signs: Signs, place: Layout, counted: Survey | None) -> Signs:
    """The same signs for values that end with their lines, where each line is a row of its own all the same."""
    joined = signs.loose if counted is None else counted.lines > counted.records + counted.blank_lines
    # Of two values, the second may well go on in a line with one comma.
    safe = place.width > 2 or (place.width == 2 and signs.delimiter not in ",;")
    if not (joined and safe) or signs.quote is None or signs.escape or signs.padded or signs.wrapped:
        return signs
    columns = place.width + place.trailing + place.leading
    if not is_row_by_row(path, signs.delimiter, place.above, columns):
        return signs
    return replace(signs, loose=True, short=True)


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return True
        file.seek(-1, 2)
        return file.read(1) in (b"\n", b"\r")
