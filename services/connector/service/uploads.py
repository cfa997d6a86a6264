"""Files that people send here to look at: kept as they came, read through the connection `uploads`."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.data import ObjectVersion
from contracts.runs import ErrorType
from services.chassis.database import Database, UnitOfWork
from services.chassis.problems import not_found
from services.connector.failures import ConnectorError
from services.connector.incoming import Arrived, receive
from services.connector.kinds.upload import BUCKET, UPLOAD, UPLOADS, UploadSettings
from services.connector.repository import uploads as repository
from services.connector.service.opening import Ends, Opened
from services.connector.sources.uploads import Stored, UploadSource

if TYPE_CHECKING:
    from services.chassis.storage import Storage
    from services.connector.destinations.base import Destination

_NOBODY = UUID(int=0)


class Uploads:
    """Uploaded files of workspaces."""

    def __init__(self, database: Database, storage: "Storage", *, limit: int, spool_folder: Path | None) -> None:
        self._database = database
        self._storage = storage
        self._limit = limit
        self._spool_folder = spool_folder

    async def take(
        self, begin: Callable[[], Awaitable[UnitOfWork]], who: UUID, content_type: str, body: AsyncIterator[bytes]
    ) -> RowMapping:
        """Keep the file of a multipart body; what ends early leaves nothing behind.

        The transaction is begun when the file is here: a slow sender must not hold one.
        """
        with tempfile.TemporaryDirectory(prefix="modulardata-upload-", dir=self._spool_folder) as folder:
            path = Path(folder) / "file"
            arrived: Arrived = await receive(content_type, body, path, self._limit)
            work = await begin()
            uri = await asyncio.to_thread(self._storage.put_blob, work.tenant, path, arrived.name, move=True)
        return await repository.add(
            work,
            {
                "id": work.ids.new(),
                "name": arrived.name,
                "size": arrived.size,
                "sha256": arrived.sha256,
                "uri": uri,
                "created_by": who,
            },
        )

    async def show(self, work: UnitOfWork, upload_id: UUID) -> RowMapping:
        """One file; raises not_found."""
        row = await repository.get(work, upload_id)
        if row is None:
            raise not_found()
        return row

    def connection(self, tenant: UUID) -> Opened:
        """The connection through which a workspace's files are read."""
        loop = asyncio.get_running_loop()

        def find(upload_id: UUID) -> Stored:
            # Sources work in threads; the database is spoken to from the loop alone.
            return asyncio.run_coroutine_threadsafe(self._found(tenant, upload_id), loop).result()

        source = UploadSource(self._storage, tenant, find)
        return Opened(_NOBODY, UPLOADS, UPLOAD, UploadSettings(), Ends(lambda: source, _no_destination))

    async def _found(self, tenant: UUID, upload_id: UUID) -> Stored:
        async with self._database.work(tenant) as work:
            row = await repository.get(work, upload_id)
        if row is None:
            raise ConnectorError(ErrorType.NOT_FOUND, f"There is no upload {upload_id}.")
        version = ObjectVersion(
            bucket=BUCKET, key=row["name"], etag=row["sha256"], size=row["size"], version_id=str(row["id"])
        )
        return Stored(version, row["uri"])


def _no_destination() -> "Destination":
    raise ConnectorError(ErrorType.CONFIGURATION_INVALID, "Uploads can only be read.")
