"""Reads uploaded files from the platform's own store; a file is known by its content, so it never changes."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, unquote
from uuid import UUID

from contracts.data import ObjectVersion
from contracts.runs import ErrorType
from services.chassis.storage import AddressRefused, DatasetCorrupt
from services.connector.failures import ConnectorError
from services.connector.kinds.base import Document, Kind
from services.connector.kinds.upload import UPLOAD, UPLOADS, UploadSelection
from services.connector.progress import Progress
from services.connector.sources.base import Discovered, ObjectSource

if TYPE_CHECKING:
    from services.chassis.storage import Storage


class UploadSource(ObjectSource):
    """The uploads of one workspace."""

    spec: ClassVar[Kind] = UPLOAD

    def __init__(self, storage: "Storage", tenant: UUID) -> None:
        self._storage = storage
        self._tenant = tenant

    def check(self) -> None:
        """Nothing can be wrong: the store is the platform's own."""

    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """Nothing: an upload is named by whoever sent it."""
        return Discovered(())

    def objects(self, selection: Document) -> Iterator[ObjectVersion]:
        """The one file that is meant."""
        assert isinstance(selection, UploadSelection)  # noqa: S101 - for the type checker
        digest, _, name = selection.upload.partition("/")
        size = self._storage.blob_size(self._address(digest, name), tenant=self._tenant)
        if size is None:
            raise ConnectorError(ErrorType.NOT_FOUND, f"There is no uploaded file {selection.upload!r}.")
        yield ObjectVersion(bucket=UPLOADS, key=unquote(name), etag=digest, size=size)

    def spool(self, object: ObjectVersion, path: Path, progress: Progress) -> int:
        """Bring the bytes to where they are read; compared with their sum."""
        progress.check()
        self._get(object, path, None)
        progress.add(bytes=object.size)
        return 0

    def head(self, object: ObjectVersion, path: Path, size: int) -> bool:
        """Bring the first bytes only."""
        self._get(object, path, size if object.size > size else None)
        return object.size <= size

    def _get(self, object: ObjectVersion, path: Path, first: int | None) -> None:
        address = self._address(object.etag, quote(object.key, safe=""))
        try:
            self._storage.get_blob(address, path, tenant=self._tenant, first=first)
        except (AddressRefused, DatasetCorrupt) as error:
            raise ConnectorError(ErrorType.NOT_FOUND, f"The uploaded file {object.key!r} is not there.") from error

    def _address(self, digest: str, name: str) -> str:
        return f"upload://{self._tenant}/{digest}/{name}"
