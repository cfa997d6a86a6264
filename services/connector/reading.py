"""Files and table slices become typed local tables, and these become datasets, grouped by what they look like."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa

from contracts.commands.connector import PulledGroup, PullResult, QuarantinedRows, UnreadableObject
from contracts.data import SET_ASIDE_ROWS, Column, DatasetRef, FormatFacts, LogicalType, ObjectVersion, Schema
from services.connector.failures import Unreadable
from services.connector.formats.base import (
    CsvOptions,
    Landed,
    Limits,
    ReadRequest,
    facts_key,
    read_arrow,
)
from services.connector.formats.first_rows import FirstRows
from services.connector.formats.isolated import AnyFormat, Children, Choices, ReadLimits
from services.connector.formats.registry import Formats
from services.connector.hops import refuse_loop
from services.connector.kinds.base import Document
from services.connector.progress import Progress
from services.connector.sources.base import ObjectSource, SpooledTable

if TYPE_CHECKING:
    from services.chassis.storage import DatasetWriter, Storage

_OF_TEXT = ("delimiter", "quote", "encoding", "header", "preamble", "columns")
_SAMPLED_COLUMNS = 2_000  # wider tables are compared by names and types alone
_AHEAD = 1  # files that lie read and waiting, beside those being read


@dataclass(frozen=True)
class FileRead:
    """One file, and what came of it."""

    object: ObjectVersion
    size: int
    landed: Landed | None
    unreadable: Unreadable | None = None
    hops: int = 0


class Reader:
    """Reads local files with what is known about them."""

    def __init__(
        self,
        formats: Formats,
        limits: Limits,
        children: Children | None = None,
        read_limits: ReadLimits | None = None,
    ) -> None:
        self._formats = formats
        self._limits = limits
        bounds = read_limits or ReadLimits()
        self._any = AnyFormat(children or Children(bounds), formats.of("csv", ""), bounds)

    def file(
        self, path: Path, key: str, format: Document | None, expected: Schema | None, progress: Progress
    ) -> Landed:
        """A file in the format it is told or named to have; raises Unreadable."""
        told: dict[str, Any] = format.model_dump(exclude_none=True) if format else {}
        kind = told.pop("kind", None)
        choices = Choices(kind, *(told.pop(name, None) for name in ("member", "sheet", "records")))
        known = {name: told[name] for name in _OF_TEXT if name in told}
        request = ReadRequest(
            path=path,
            folder=path.parent,
            progress=progress,
            csv=CsvOptions(**known),
            expected=expected,
            limits=self._limits,
        )
        return self._any.read(request, key, choices)

    def table(self, spooled: SpooledTable, progress: Progress) -> Landed:
        """A slice of a table, in the types its own server declares."""
        request = ReadRequest(
            path=spooled.path,
            folder=spooled.path.parent,
            progress=progress,
            csv=CsvOptions(delimiter=",", quote='"', encoding="utf-8", header=True, lexicon="postgres"),
            declared=spooled.schema,
            counted=spooled.rows,
            limits=self._limits,
        )
        landed = self._formats.of("csv", "").read(request)
        return replace(landed, schema=spooled.schema, facts=FormatFacts(format="table"))

    def files(
        self,
        source: ObjectSource,
        objects: Sequence[ObjectVersion],
        format: Document | None,
        expected: Schema | None,
        folder: Path,
        progress: Progress,
        threads: int,
    ) -> Iterator[FileRead]:
        """Fetch and read files, some at a time, and give them in their order."""

        def one(number: int, object: ObjectVersion) -> FileRead:
            path = folder / f"{number:06}"
            hops = source.spool(object, path, progress)
            progress.reached("pull.spooled")
            size = path.stat().st_size
            try:
                refuse_loop(object.key, hops)
                return FileRead(object, size, self.file(path, object.key, format, expected, progress), hops=hops)
            except Unreadable as error:
                return FileRead(object, size, None, error)
            finally:
                path.unlink(missing_ok=True)

        waiting: list[Future[FileRead]] = []
        with ThreadPoolExecutor(threads, thread_name_prefix="pull") as pool:
            try:
                for number, object in enumerate(objects):
                    waiting.append(pool.submit(one, number, object))
                    if len(waiting) >= threads + _AHEAD:
                        yield waiting.pop(0).result()
                while waiting:
                    yield waiting.pop(0).result()
            finally:
                for future in waiting:
                    future.cancel()


@dataclass
class _Group:
    writer: "DatasetWriter"
    facts: FormatFacts
    objects: list[ObjectVersion] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    size: int = 0
    sample: DatasetRef | None = None  # of the first file that has rows


class Collected:
    """Takes what was read, in its order, and makes datasets of it."""

    def __init__(self, storage: "Storage", tenant: UUID, progress: Progress) -> None:
        self._storage = storage
        self._tenant = tenant
        self._progress = progress
        self._stack = ExitStack()
        self._groups: dict[str, _Group] = {}
        self._quarantined: list[QuarantinedRows] = []
        self._unreadable: list[UnreadableObject] = []
        self._counted = 0
        self._hops = 0
        self._size = 0

    def __enter__(self) -> "Collected":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def take(self, landed: Landed, size: int, object: ObjectVersion | None, hops: int = 0) -> None:
        """Add one file's or slice's rows to the group of its kind; the local files are removed."""
        group = self._group(landed)
        first = FirstRows()
        for batch in landed.batches():
            self._progress.check()
            rows = batch.select(list(landed.schema.names))
            group.writer.write(rows)
            first.add(rows)
        if (group.sample is None or not group.sample.rows) and len(landed.schema.columns) <= _SAMPLED_COLUMNS:
            texts = landed.sample if landed.sample is not None else first.texts(landed.schema.names)
            group.sample = self._sampled(texts)
        landed.path.unlink(missing_ok=True)
        if object is not None:
            group.objects.append(object)
            group.rows.append(landed.rows)
        group.size += size
        self._size += size
        self._counted += landed.counted
        self._hops = max(self._hops, hops)
        for pile in landed.rejected:
            with self._storage.writer(self._tenant, SET_ASIDE_ROWS) as writer:
                for batch in read_arrow(pile.path):
                    writer.write(batch)
                dataset = writer.finish()
            pile.path.unlink(missing_ok=True)
            name = object.key if object else None
            self._quarantined.append(
                QuarantinedRows(dataset=dataset, reason=pile.reason, object=name, sample=pile.sample)
            )

    def refuse(self, object: ObjectVersion, size: int, error: Unreadable) -> None:
        """Note a file that cannot be read."""
        self._size += size
        self._unreadable.append(UnreadableObject(object=object, code=error.code, message=error.message))

    def finish(self, window_id: UUID | None) -> PullResult:
        """Complete the datasets."""
        groups = [
            PulledGroup(
                dataset=group.writer.finish(),
                facts=group.facts,
                objects=tuple(group.objects),
                object_rows=tuple(group.rows),
                bytes_read=group.size,
                sample=group.sample,
            )
            for group in self._groups.values()
        ]
        return PullResult(
            window_id=window_id,
            groups=tuple(groups),
            quarantined=tuple(self._quarantined),
            unreadable=tuple(self._unreadable),
            rows_read=self._counted,
            bytes_read=self._size,
            hops=self._hops,
        )

    def _sampled(self, texts: pa.Table) -> DatasetRef:
        columns = tuple(Column(name=name, type=LogicalType.STRING) for name in texts.column_names)
        with self._storage.writer(self._tenant, Schema(columns=columns)) as writer:
            writer.write(texts)
            return writer.finish()

    def _group(self, landed: Landed) -> _Group:
        key = facts_key(landed.schema, landed.facts)
        if key not in self._groups:
            writer = self._stack.enter_context(self._storage.writer(self._tenant, landed.schema))
            self._groups[key] = _Group(writer, landed.facts)
        return self._groups[key]
