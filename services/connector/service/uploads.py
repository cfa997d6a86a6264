"""Files that people send: streamed to disk within a limit, kept under their content, listed, and removed again."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from services.chassis.database import Database, UnitOfWork
from services.chassis.problems import ProblemError, invalid, not_found
from services.chassis.sweeping import LOT
from services.connector.repository import uploads as repository

if TYPE_CHECKING:
    from services.chassis.storage import Storage

_MAX_NAME = 200
_FLUSH = 1 << 20


@dataclass(frozen=True)
class Uploaded:
    """A file that is kept. Sent again, it is the same one."""

    sha256: str
    name: str
    size: int

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> "Uploaded":
        """The file of a row."""
        return cls(sha256=row["sha256"], name=row["name"], size=row["size"])

    @property
    def upload(self) -> str:
        """What it is called from now on."""
        return f"{self.sha256}/{quote(self.name, safe='')}"

    @property
    def selection(self) -> dict[str, object]:
        """What a session, a trial or a workflow names to read it through the connection `uploads`."""
        return {"upload": self.upload}


class Uploads:
    """Takes, shows and removes uploads of any workspace."""

    def __init__(
        self, database: Database, storage: "Storage", limit: int, spool_folder: Path | None, keep: timedelta
    ) -> None:
        self._database = database
        self._storage = storage
        self._limit = limit
        self._spool_folder = spool_folder
        self._keep = keep

    async def put(self, tenant: UUID, who: UUID, name: str, body: AsyncIterator[bytes]) -> Uploaded:
        """Keep a stream of bytes; what ends early leaves nothing behind."""
        plain = _usable(name)
        size = 0
        with tempfile.TemporaryDirectory(prefix="modulardata-upload-", dir=self._spool_folder) as folder:
            path = Path(folder) / "upload"
            waiting = bytearray()
            with path.open("wb") as file:
                async for chunk in body:
                    waiting += chunk
                    size += len(chunk)
                    if size > self._limit:
                        raise ProblemError(413, "body_too_large", f"A file has at most {self._limit} bytes.")
                    if len(waiting) >= _FLUSH:
                        await asyncio.to_thread(file.write, waiting)
                        waiting = bytearray()
                file.write(waiting)
            address = await asyncio.to_thread(self._storage.put_blob, tenant, path, plain, "upload")
            kept = Uploaded(sha256=address.split("/")[3], name=plain, size=size)
            async with self._database.work(tenant) as work:
                await repository.lock(work, kept.sha256)
                # Whoever removed the same content meanwhile took these bytes, too.
                if await asyncio.to_thread(self._storage.blob_size, address) is None:
                    await asyncio.to_thread(self._storage.put_blob, tenant, path, plain, "upload")
                values = {"sha256": kept.sha256, "name": plain, "size": size, "created_by": who}
                await repository.put(work, values)
        return kept

    async def used(self, tenant: UUID, upload: str) -> None:
        """Note that a file is read: it is kept for longer."""
        sha256, _, name = upload.partition("/")
        async with self._database.work(tenant) as work:
            await repository.use(work, sha256, unquote(name))

    async def named(self, work: UnitOfWork, sha256: str, name: str) -> RowMapping:
        """One upload; raises not_found."""
        row = await repository.get(work, sha256, name)
        if row is None:
            raise not_found()
        return row

    async def remove(self, work: UnitOfWork, sha256: str, name: str) -> None:
        """Remove a file, and its bytes with its last name; raises not_found."""
        await repository.lock(work, sha256)
        if not await repository.remove(work, sha256, name):
            raise not_found()
        await self._drop(work, sha256)

    async def sweep(self) -> int:
        """Forget some uploads that nobody sent or read for long; returns how many were looked at."""
        async with self._database.system() as system:
            before = system.clock.now() - self._keep
            found = await repository.unused(system, before, LOT)
        for row in found:
            async with self._database.work(row["tenant"]) as work:
                await repository.lock(work, row["sha256"])
                if await repository.remove(work, row["sha256"], row["name"], before):
                    await self._drop(work, row["sha256"])
        return len(found)

    async def _drop(self, work: UnitOfWork, sha256: str) -> None:
        """Remove the bytes when no name is left for them. Before the commit: should that fail, they are asked again."""
        if not await repository.has_content(work, sha256):
            address = f"upload://{work.tenant}/{sha256}/file"
            await asyncio.to_thread(self._storage.remove_upload, address, tenant=work.tenant)


def _usable(name: str) -> str:
    """A name for people: never a path, whatever a program sends; raises ProblemError."""
    plain = name.replace("\\", "/").rpartition("/")[2].strip()
    if not plain or plain in (".", "..") or not plain.isprintable() or len(plain) > _MAX_NAME:
        message = f"must be the name of a file, of at most {_MAX_NAME} printable characters"
        raise invalid([Problem(pointer="/name", code="name_invalid", message=message)])
    return plain
