"""Reads CSV in flat memory: what cannot be placed is set aside with its row number, never dropped or guessed away."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.csv as pacsv

from contracts.data import FormatFacts
from services.connector.failures import Unreadable
from services.connector.formats.base import Format, Landed, ReadRequest
from services.connector.formats.csv_count import BOM, NotUtf8, Survey, survey
from services.connector.formats.csv_dialect import (
    HEAD_BYTES,
    Dialect,
    dialect_of,
    encoding_of,
    looks_like_cp1252,
    transcode,
)
from services.connector.formats.csv_passes import Passes, Verdict
from services.connector.formats.csv_types import markers_of

_BLOCK = 512 << 10  # the parser reads 32 of them ahead, so this is what its memory depends on
_ROOM = 64 << 10


@dataclass(frozen=True)
class _Text:
    """A file as UTF-8, how it is written, and what was counted in it."""

    path: Path
    encoding: str
    dialect: Dialect
    survey: Survey


class CsvFormat(Format):
    """Delimited text. All columns are parsed as texts first; types are a second, vectorised step."""

    kind: ClassVar[str] = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".psv")

    def read(self, request: ReadRequest) -> Landed:
        """Read a whole file; raises Unreadable with a code and the place."""
        text = self._as_utf8(request)
        header = 1 if text.dialect.header else 0
        total = text.survey.records - header
        try:
            passes = Passes(
                request,
                names=text.dialect.names,
                delimiter=text.dialect.delimiter,
                header=header,
                total=total,
                cut_off=not text.survey.ends_with_newline,
                parse=lambda on_ragged: self.parse(
                    text.path, text.dialect, text.survey, on_ragged, markers_of(request.csv.lexicon)
                ),
            )
            path, schema, rows, rejected = passes.run()
        finally:
            if text.path != request.path:
                text.path.unlink(missing_ok=True)
        facts = FormatFacts(
            format="csv",
            encoding=text.encoding,
            delimiter=text.dialect.delimiter,
            quote=text.dialect.quote,
            header=text.dialect.header,
            null_markers=markers_of(request.csv.lexicon),
            renamed_headers=text.dialect.renamed,
        )
        counted = total if request.counted is None else request.counted
        return Landed(path=path, schema=schema, facts=facts, rows=rows, counted=counted, rejected=rejected)

    def parse(
        self,
        file: Path,
        dialect: Dialect,
        found: Survey,
        on_ragged: Callable[[Any], Verdict],
        markers: tuple[str, ...],
    ) -> Iterator[pa.RecordBatch]:
        """The records of a UTF-8 file as batches of texts, the header line among them."""
        names = [f"c{position}" for position in range(len(dialect.names))]
        reader = pacsv.open_csv(
            str(file),
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=max(_BLOCK, found.longest + _ROOM), column_names=names
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=(dialect.quote or False) if found.quoted else False,
                double_quote=True,
                newlines_in_values=found.quoted,
                invalid_row_handler=on_ragged,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=list(markers),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        with reader:
            yield from reader

    def _as_utf8(self, request: ReadRequest) -> _Text:
        """The file as UTF-8, transcoded if need be, with its dialect and an independent count of its records."""
        options, path = request.csv, request.path
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        encoding = options.encoding or encoding_of(head)
        if encoding == "utf-8":
            try:
                return self._surveyed(request, path, "utf-8")
            except NotUtf8 as error:
                if options.encoding is not None or not looks_like_cp1252(path, request.progress):
                    where = f"byte {error.offset} does not belong there"
                    raise Unreadable("encoding", f"The file is not UTF-8: {where}.") from None
                encoding = "cp1252"
        target = request.folder / f"{path.name}.utf8"
        transcode(path, target, encoding, request.progress)
        try:
            return self._surveyed(request, target, encoding)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def _surveyed(self, request: ReadRequest, path: Path, encoding: str) -> _Text:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            whole = not file.read(1)
        text = head.removeprefix(BOM).decode("utf-8", "ignore")
        if whole and not text.strip():
            raise Unreadable("empty", "The file holds no rows, not even a header.")
        if "\x00" in text:
            raise Unreadable("binary", "The file holds zero bytes: it is no text.")
        told = request.declared or request.expected
        limit, progress = request.limits.record_bytes, request.progress
        try:
            dialect = dialect_of(text, whole, request.csv, told, request.limits)
        except Unreadable:
            # A quote that never closes swallows the first lines, too: its place is the better answer.
            survey(path, ",", request.csv.quote or '"', limit, progress)
            raise
        return _Text(path, encoding, dialect, survey(path, dialect.delimiter, dialect.quote, limit, progress))
