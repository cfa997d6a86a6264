"""The bytes and rows that quarantine keeps: reading them, and taking corrected ones. No transaction waits for them."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from contracts.data import DatasetRef
from services.chassis.database import Database
from services.chassis.problems import ProblemError, conflict, invalid
from services.chassis.rows import page
from services.chassis.storage import AddressRefused, DatasetCorrupt, Storage
from services.schema_drift.service import quarantine


class QuarantineContent:
    """What lies in the object store for the entries of quarantine."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    async def original(self, tenant: UUID, entry_id: UUID) -> tuple[str, Path]:
        """The name and a local copy of the bytes as they came. The caller removes the copy's folder."""
        async with self._database.work(tenant) as work:
            entry = await quarantine.entry(work, entry_id)
        if entry["what"] != "file":
            raise conflict("These are rows, not a file; read them under /rows.", "no_file")
        folder = await asyncio.to_thread(_folder)
        try:
            target = folder / "content"
            with _kept(entry_id):
                await asyncio.to_thread(self._storage.get_blob, entry["preserved_uri"], target, tenant=tenant)
        except BaseException:
            await remove(folder)
            raise
        return str(entry["object"]).rpartition("/")[2] or "content", target

    async def correct(self, tenant: UUID, entry_id: UUID, body: AsyncIterator[bytes]) -> RowMapping:
        """Keep corrected bytes beside the original ones."""
        async with self._database.work(tenant) as work:
            await quarantine.correctable(work, entry_id)
            name = str((await quarantine.entry(work, entry_id))["object"]).rpartition("/")[2] or "corrected"
        async with _scratch() as folder:
            target = folder / "corrected"
            size = await _write(body, target)
            if not size:
                raise invalid([Problem(pointer="", code="empty", message="a corrected file holds at least one byte")])
            uri = await asyncio.to_thread(self._storage.put_blob, tenant, target, name)
        async with self._database.work(tenant) as work:
            # Somebody may have released or rejected it while the bytes came.
            return await quarantine.correct(work, entry_id, uri, size)

    async def rows(
        self, tenant: UUID, entry_id: UUID, start: int, limit: int
    ) -> tuple[DatasetRef, list[dict[str, Any]]]:
        """Some of the rows that were set aside, and the dataset they stand in."""
        async with self._database.work(tenant) as work:
            entry = await quarantine.entry(work, entry_id)
        if entry["dataset"] is None:
            raise conflict("This is a file, not rows; read it under /content.", "no_rows")
        dataset = DatasetRef.model_validate(entry["dataset"])

        def read() -> list[dict[str, Any]]:
            with closing(self._storage.batches(dataset, tenant=tenant)) as batches:  # type: ignore[type-var]
                return page(batches, start, limit)

        with _kept(entry_id):
            return dataset, await asyncio.to_thread(read)


@contextmanager
def _kept(entry_id: UUID) -> Iterator[None]:
    """Say it plainly when the store does not give back what was kept; the log says why."""
    try:
        yield
    except (AddressRefused, DatasetCorrupt) as error:
        structlog.get_logger().error("quarantine_content_unavailable", entry=str(entry_id), reason=str(error))
        detail = "What was kept for this entry is missing, or is not what was kept."
        raise ProblemError(500, "content_unavailable", detail) from None


async def remove(folder: Path) -> None:
    """Take a scratch folder away."""
    await asyncio.to_thread(shutil.rmtree, folder, True)


@asynccontextmanager
async def _scratch() -> AsyncIterator[Path]:
    folder = await asyncio.to_thread(_folder)
    try:
        yield folder
    finally:
        await remove(folder)


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="modulardata-"))


async def _write(body: AsyncIterator[bytes], target: Path) -> int:
    size = 0
    file = await asyncio.to_thread(target.open, "wb")
    try:
        async for piece in body:
            size += len(piece)
            await asyncio.to_thread(file.write, piece)
    finally:
        await asyncio.to_thread(file.close)
    return size
