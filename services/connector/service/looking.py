"""Looks through a connection for a person: does it work, what is there, what do the first rows look like."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from contracts.commands.connector import Problem
from contracts.data import FormatFacts, Schema
from contracts.runs import ErrorType
from services.chassis.problems import ProblemError, conflict, invalid, unavailable
from services.connector.failures import ConnectorError, Unreadable
from services.connector.formats.base import Landed
from services.connector.formats.csv import CsvFormat
from services.connector.formats.csv_count import last_record_end
from services.connector.kinds.base import Document
from services.connector.kinds.s3 import S3Selection
from services.connector.kinds.upload import UploadSelection
from services.connector.progress import Milestones, Progress
from services.connector.reading import Reader
from services.connector.service.opening import Opened
from services.connector.sources.base import Discovered, ObjectSource, Source, TableSource

T = TypeVar("T")

_AGAIN = (
    ErrorType.UNREACHABLE_DNS,
    ErrorType.UNREACHABLE_REFUSED,
    ErrorType.UNREACHABLE_TLS,
    ErrorType.UNREACHABLE_TIMEOUT,
)


@dataclass(frozen=True)
class Checked:
    """How a test went: one word for machines, one sentence for people."""

    reason: str
    message: str
    milliseconds: int

    @property
    def ok(self) -> bool:
        """Whether the connection works."""
        return self.reason == "ok"


@dataclass(frozen=True)
class Previewed:
    """The first rows of a selection."""

    schema: Schema
    facts: FormatFacts
    rows: list[dict[str, Any]]
    object: str | None
    whole: bool  # whether these are all rows there are
    rejected: int


class Looking:
    """Everything here is bounded in time and size."""

    def __init__(
        self,
        reader: Reader,
        milestones: Milestones,
        *,
        seconds: float,
        preview_bytes: int,
        spool_folder: Path | None,
    ) -> None:
        self._reader = reader
        self._milestones = milestones
        self._seconds = seconds
        self._preview_bytes = preview_bytes
        self._spool_folder = spool_folder

    async def check(self, opened: Opened) -> Checked:
        """Try the connection."""
        started = time.monotonic()
        reason, message = "ok", "The connection works."
        try:
            await self._within(lambda: opened.ends.source().check())
        except ConnectorError as error:
            reason, message = error.reason, error.message
        return Checked(reason, message, int((time.monotonic() - started) * 1000))

    async def discover(self, opened: Opened, prefix: str, limit: int) -> Discovered:
        """What there is to read."""
        return await self._or_problem(lambda: opened.ends.source().discover(prefix, limit))

    async def preview(self, opened: Opened, selection: Document, limit: int) -> Previewed:
        """The first rows: of a table, or of the first file that the selection means."""
        return await self._or_problem(lambda: self._preview(opened.ends.source(), selection, limit))

    async def _within(self, work: Callable[[], T]) -> T:
        """Run in a thread, for so long; the thread itself ends by the limits of its driver."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(work), self._seconds)
        except TimeoutError:
            raise ConnectorError(
                ErrorType.UNREACHABLE_TIMEOUT, f"It did not answer within {self._seconds:g} seconds."
            ) from None

    async def _or_problem(self, work: Callable[[], T]) -> T:
        try:
            return await self._within(work)
        except ConnectorError as error:
            raise as_problem(error) from None
        except Unreadable as error:
            problem = Problem(pointer="/selection", code=error.code, message=error.message)
            raise invalid([problem], "The file cannot be read.") from None

    def _preview(self, source: Source, selection: Document, limit: int) -> Previewed:
        progress = Progress(self._milestones)
        with tempfile.TemporaryDirectory(prefix="modulardata-look-", dir=self._spool_folder) as folder:
            path = Path(folder) / "preview"
            if isinstance(source, TableSource):
                with source.open(selection, None) as slice:
                    spooled = slice.spool(path, progress, limit + 1)
                return _first(self._reader.table(spooled, progress), limit, None, whole=spooled.rows <= limit)
            if not isinstance(source, ObjectSource):
                raise ConnectorError(ErrorType.CONFIGURATION_INVALID, "There is nothing to look at.")
            object = next(iter(source.objects(selection)), None)
            if object is None:
                raise ConnectorError(ErrorType.NOT_FOUND, "No file is meant by this selection.")
            format = selection.format if isinstance(selection, S3Selection | UploadSelection) else None
            # Only of plain text a beginning can be read; what is packed or has parts has to be there whole.
            told = getattr(format, "kind", None)
            text = told == "csv" or (told is None and object.key.lower().endswith(CsvFormat.suffixes))
            size = self._preview_bytes if text else max(self._preview_bytes, 64 << 20)
            whole = source.head(object, path, size)
            if not whole:
                if not text:
                    raise Unreadable("too_large", f"Files of this kind of more than {size >> 20} MB have no preview.")
                _cut(path, format)
            return _first(self._reader.file(path, object.key, format, None, progress), limit, object.key, whole=whole)


def as_problem(error: ConnectorError) -> ProblemError:
    """What a caller is told when the system behind a connection does not do what it should."""
    if error.type in _AGAIN:
        return unavailable(error.message, retry_after=5)
    if error.type == ErrorType.CONFIGURATION_INVALID:
        return invalid([], error.message)
    return conflict(error.message, error.type.value)


def _cut(path: Path, format: Document | None) -> None:
    """Leave whole records only, of a file whose beginning this is."""
    head = path.read_bytes()
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head[:100]:
        # Two bytes to a letter: the cut is made where both spellings of a line feed end.
        ends = [head.rfind(end) for end in (b"\n\x00", b"\x00\n")]
        path.write_bytes(head[: max(0, (max(ends) + 2) // 2 * 2)])
        return
    quote = getattr(format, "quote", None) or '"'
    delimiters = [getattr(format, "delimiter", None)] if getattr(format, "delimiter", None) else [",", ";", "\t", "|"]
    # With the wrong delimiter a quote may look like a letter; the shortest beginning is right with each of them.
    path.write_bytes(head[: min(last_record_end(head, str(delimiter), quote) for delimiter in delimiters)])


def _first(landed: Landed, limit: int, object: str | None, *, whole: bool) -> Previewed:
    rows: list[dict[str, Any]] = []
    names = list(landed.schema.names)
    for batch in landed.batches():
        rows += batch.select(names).slice(0, limit - len(rows)).to_pylist()
        if len(rows) >= limit:
            break
    return Previewed(
        schema=landed.schema,
        facts=landed.facts,
        rows=rows,
        object=object,
        whole=whole and landed.rows <= limit,
        rejected=sum(pile.rows for pile in landed.rejected),
    )
