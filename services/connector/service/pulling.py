"""Pull: claim a window, bring its bytes here, read them, and leave datasets behind."""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from contracts.commands.connector import PreserveInput, PreserveResult, PullInput, PullResult
from contracts.data import ObjectVersion
from contracts.runs import ErrorType
from services.connector.failures import ConnectorError, Unreadable
from services.connector.kinds.base import Document
from services.connector.kinds.postgres import PostgresSelection
from services.connector.kinds.s3 import S3Selection
from services.connector.kinds.upload import UploadSelection
from services.connector.progress import Progress
from services.connector.reading import Collected, Reader
from services.connector.service.opening import Opened, Opening
from services.connector.service.uploads import Uploads
from services.connector.service.windows import Windows
from services.connector.sources.base import Bounds, ObjectSource, TableSource

if TYPE_CHECKING:
    from services.chassis.storage import Storage

Read = Callable[[Path, Collected], None]


class Pulling:
    """Reads slices of sources."""

    def __init__(
        self,
        opening: Opening,
        windows: Windows,
        storage: "Storage",
        reader: Reader,
        uploads: Uploads,
        *,
        spool_folder: Path | None,
        threads: int,
    ) -> None:
        self._opening = opening
        self._windows = windows
        self._storage = storage
        self._reader = reader
        self._uploads = uploads
        self._spool_folder = spool_folder
        self._threads = threads

    async def pull(self, input: PullInput, progress: Progress) -> PullResult:
        """Read one slice; the same run gets the same slice, however often it asks."""
        async with self._opening.open(input.scope.tenant, input.source.connection) as opened:
            selection = opened.selection(input.source.selection)
            if input.window.preserved_uri is not None:
                return await self._pull_preserved(input, selection, progress)
            if isinstance(selection, UploadSelection):
                await self._uploads.used(input.scope.tenant, selection.upload)
            source = opened.ends.source()
            if isinstance(source, ObjectSource):
                return await self._pull_objects(input, source, selection, progress)
            if isinstance(source, TableSource):
                return await self._pull_table(input, opened, source, selection, progress)
            raise ConnectorError(ErrorType.CONFIGURATION_INVALID, f"{opened.name!r} cannot be read from.")

    async def preserve(self, input: PreserveInput, progress: Progress) -> PreserveResult:
        """Copy the bytes of objects into the platform's own store."""
        async with self._opening.open(input.scope.tenant, input.source.connection) as opened:
            source = opened.ends.source()
            if not isinstance(source, ObjectSource):
                raise ConnectorError(ErrorType.CONFIGURATION_INVALID, f"{opened.name!r} holds no objects.")
            uris = await asyncio.to_thread(self._preserve, input, source, progress)
        progress.reached("preserve.stored")
        return PreserveResult(uris=uris)

    async def _pull_objects(
        self, input: PullInput, source: ObjectSource, selection: Document, progress: Progress
    ) -> PullResult:
        objects: Sequence[ObjectVersion] | None = input.window.objects
        window_id = None
        if input.claim:
            claimed = await self._windows.known(input.scope, input.stream)
            if claimed is None:
                if objects is None:
                    objects = await asyncio.to_thread(lambda: list(source.objects(selection)))
                claimed = await self._windows.claim_objects(input.scope, input.stream, objects)
            window_id, objects = claimed.id, claimed.objects
            progress.reached("pull.claimed")
        elif objects is None:
            objects = await asyncio.to_thread(lambda: list(source.objects(selection)))
        found = tuple(objects)

        def read(folder: Path, collected: Collected) -> None:
            progress.expect(sum(item.size for item in found))
            files = self._reader.files(
                source, found, _format_of(selection), input.expected, folder, progress, self._threads
            )
            for file in files:
                if file.landed is not None:
                    collected.take(file.landed, file.size, file.object, file.hops)
                elif file.unreadable is not None:
                    collected.refuse(file.object, file.size, file.unreadable)

        return await asyncio.to_thread(self._collect, input, progress, read, window_id)

    async def _pull_preserved(self, input: PullInput, selection: Document, progress: Progress) -> PullResult:
        uri, entry = str(input.window.preserved_uri), input.window.quarantine_entry
        window_id = None
        if input.claim and entry is not None:
            claimed = await self._windows.claim_entry(input.scope, input.stream, entry)
            window_id = claimed.id
            progress.reached("pull.claimed")
            if claimed.empty:
                return PullResult(window_id=window_id)

        def read(folder: Path, collected: Collected) -> None:
            path = folder / "preserved"
            self._storage.get_blob(uri, path)
            object = _preserved_object(path, input.window.preserved_object or self._storage.blob_name(uri))
            progress.add(bytes=object.size)
            try:
                landed = self._reader.file(path, object.key, _format_of(selection), input.expected, progress)
            except Unreadable as error:
                collected.refuse(object, object.size, error)
            else:
                collected.take(landed, object.size, object)

        return await asyncio.to_thread(self._collect, input, progress, read, window_id)

    async def _pull_table(
        self, input: PullInput, opened: Opened, source: TableSource, selection: Document, progress: Progress
    ) -> PullResult:
        assert isinstance(selection, PostgresSelection)  # noqa: S101 - for the type checker
        slice_of = None
        if selection.cursor is not None:
            slice_of = "/".join([str(opened.id), selection.schema_name, selection.table, selection.cursor])
        known = await self._windows.known(input.scope, input.stream) if input.claim else None
        lower = None
        if input.claim and known is None and slice_of is not None:
            lower = await self._windows.lower_bound(input.scope, input.stream, slice_of)
        bounds = known.bounds if known is not None and slice_of is not None else None
        loop = asyncio.get_running_loop()
        window_id = known.id if known else None

        def claim(bounds: Bounds) -> None:
            # From the thread that holds the snapshot: the claim is recorded while nothing is read yet.
            nonlocal window_id
            if input.claim and known is None:
                asked = self._windows.claim_slice(input.scope, input.stream, slice_of, bounds)
                claimed = asyncio.run_coroutine_threadsafe(asked, loop).result()
                if slice_of is not None and claimed.bounds != bounds:
                    raise ConnectorError(ErrorType.LEASE_HELD, "Another attempt of this run is reading the table.")
                window_id = claimed.id
            if input.claim:
                progress.reached("pull.claimed")

        def read(folder: Path, collected: Collected) -> None:
            with source.open(selection, lower, bounds) as slice:
                claim(slice.bounds)
                spooled = slice.spool(folder / "table", progress)
            progress.reached("pull.spooled")
            collected.take(self._reader.table(spooled, progress), spooled.bytes, None)

        result = await asyncio.to_thread(self._collect, input, progress, read, None)
        return result.model_copy(update={"window_id": window_id})

    def _collect(self, input: PullInput, progress: Progress, read: Read, window_id: UUID | None) -> PullResult:
        with (
            tempfile.TemporaryDirectory(prefix="modulardata-pull-", dir=self._spool_folder) as folder,
            Collected(self._storage, input.scope.tenant, progress) as collected,
        ):
            read(Path(folder), collected)
            progress.reached("pull.read")
            result = collected.finish(window_id)
        progress.reached("pull.stored")
        return result

    def _preserve(self, input: PreserveInput, source: ObjectSource, progress: Progress) -> tuple[str, ...]:
        uris = []
        with tempfile.TemporaryDirectory(prefix="modulardata-keep-", dir=self._spool_folder) as folder:
            path = Path(folder) / "object"
            progress.expect(sum(item.size for item in input.objects))
            for object in input.objects:
                source.spool(object, path, progress)
                uris.append(self._storage.put_blob(input.scope.tenant, path, object.key.rpartition("/")[2]))
        return tuple(uris)


def _format_of(selection: Document) -> Document | None:
    return selection.format if isinstance(selection, S3Selection | UploadSelection) else None


def _preserved_object(path: Path, name: str) -> ObjectVersion:
    """The object version that a kept file stands for: its name is `bucket/key`, its version its own content."""
    bucket, _, key = name.partition("/")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ObjectVersion(
        bucket=bucket if key else "quarantine", key=key or bucket, etag=digest, size=path.stat().st_size
    )
