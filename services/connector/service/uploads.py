"""Files that people send: streamed to disk within a limit, then kept under their content in the platform's store."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from contracts.commands.connector import Problem
from services.chassis.problems import ProblemError, invalid

if TYPE_CHECKING:
    from services.chassis.storage import Storage

_MAX_NAME = 200
_FLUSH = 1 << 20


@dataclass(frozen=True)
class Uploaded:
    """A file that is kept. Sent again, it is the same one."""

    upload: str
    name: str
    size: int

    @property
    def selection(self) -> dict[str, object]:
        """What a session, a trial or a workflow names to read it through the connection `uploads`."""
        return {"upload": self.upload}


class Uploads:
    """Takes uploads of any workspace."""

    def __init__(self, storage: "Storage", limit: int, spool_folder: Path | None) -> None:
        self._storage = storage
        self._limit = limit
        self._spool_folder = spool_folder

    async def put(self, tenant: UUID, name: str, body: AsyncIterator[bytes]) -> Uploaded:
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
            address = await asyncio.to_thread(self._storage.put_blob, tenant, path, plain)
        return Uploaded(upload=address.removeprefix(f"blob://{tenant}/"), name=plain, size=size)


def _usable(name: str) -> str:
    """A name for people: never a path, whatever a program sends; raises ProblemError."""
    plain = name.replace("\\", "/").rpartition("/")[2].strip()
    if not plain or plain in (".", "..") or not plain.isprintable() or len(plain) > _MAX_NAME:
        message = f"must be the name of a file, of at most {_MAX_NAME} printable characters"
        raise invalid([Problem(pointer="/name", code="name_invalid", message=message)])
    return plain
