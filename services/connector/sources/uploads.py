"""Reads uploaded files: each is one version of itself, kept in the platform's own store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from contracts.data import ObjectVersion
from services.connector.kinds.base import Document, Kind
from services.connector.kinds.upload import UPLOAD, UploadSelection
from services.connector.progress import Progress
from services.connector.sources.base import Discovered, ObjectSource

if TYPE_CHECKING:
    from services.chassis.storage import Storage


@dataclass(frozen=True)
class Stored:
    """An uploaded file, and where its bytes are."""

    version: ObjectVersion
    uri: str


class UploadSource(ObjectSource):
    """The files of one workspace. `find` raises NOT_FOUND."""

    spec: ClassVar[Kind] = UPLOAD

    def __init__(self, storage: "Storage", tenant: UUID, find: Callable[[UUID], Stored]) -> None:
        self._storage = storage
        self._tenant = tenant
        self._find = find

    def check(self) -> None:
        """Nothing stands between here and the platform's own store."""

    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """Nothing: `/api/uploads` lists them."""
        return Discovered(())

    def objects(self, selection: Document) -> Iterator[ObjectVersion]:
        """The file."""
        assert isinstance(selection, UploadSelection)  # noqa: S101 - for the type checker
        yield self._find(UUID(selection.upload)).version

    def spool(self, object: ObjectVersion, path: Path, progress: Progress) -> int:
        """Bring its bytes, compared with their sum."""
        self._storage.get_blob(self._stored(object).uri, path, tenant=self._tenant)
        progress.add(bytes=object.size)
        return 0

    def head(self, object: ObjectVersion, path: Path, size: int) -> bool:
        """Bring the first bytes only."""
        self._storage.blob_head(self._stored(object).uri, path, size, tenant=self._tenant)
        return object.size <= size

    def _stored(self, object: ObjectVersion) -> Stored:
        return self._find(UUID(object.version_id or ""))
