"""Reads objects from S3: lists what a pattern means, and brings each version's bytes to this machine unchanged."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from contracts.data import ObjectVersion
from contracts.objects import literal_prefix, matches, why_ignored
from contracts.runs import ErrorType
from services.connector.clients.s3 import S3Store
from services.connector.failures import ConnectorError
from services.connector.hops import hops_of
from services.connector.kinds.base import Document, Kind
from services.connector.kinds.s3 import S3, S3Selection
from services.connector.progress import Progress
from services.connector.sources.base import Discovered, DiscoveredStream, ObjectSource

_CHUNK = 1 << 20


class S3Source(ObjectSource):
    """A bucket to read from."""

    spec: ClassVar[Kind] = S3

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def check(self) -> None:
        """Reach the bucket and list in it."""
        with self._store.errors():
            self._store.client.list_objects_v2(Bucket=self._store.bucket, MaxKeys=1)

    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """Files below a prefix."""
        files = (item for item in self._store.listing(prefix) if not why_ignored(item.key, item.size))
        found = list(islice(files, limit + 1))
        streams = [
            DiscoveredStream(name=item.key, selection={"path": item.key}, size=item.size, modified_at=item.modified)
            for item in found[:limit]
        ]
        return Discovered(tuple(streams), more=len(found) > limit)

    def objects(self, selection: Document) -> Iterator[ObjectVersion]:
        """The object versions that the path means now."""
        assert isinstance(selection, S3Selection)  # noqa: S101 - for the type checker
        for item in self._store.listing(literal_prefix(selection.path)):
            if matches(selection.path, item.key) and not why_ignored(item.key, item.size):
                yield item.version_in(self._store.bucket)

    def spool(self, object: ObjectVersion, path: Path, progress: Progress) -> int:
        """Bring the bytes of exactly this version to this machine."""
        self._own(object)
        fetched = self._store.get(object)
        body = fetched.body
        # The driver compares what came with what its answer announced; sizes in events are never relied on.
        with self._store.errors(object.key), path.open("wb") as file:
            try:
                while chunk := body.read(_CHUNK):
                    file.write(chunk)
                    progress.add(bytes=len(chunk))
            finally:
                body.close()
        return hops_of(fetched.metadata)

    def head(self, object: ObjectVersion, path: Path, size: int) -> bool:
        """Bring the first bytes only."""
        self._own(object)
        body = self._store.get(object, first=size).body
        with self._store.errors(object.key), path.open("wb") as file:
            try:
                while chunk := body.read(_CHUNK):
                    file.write(chunk)
            finally:
                body.close()
        return object.size <= size

    def _own(self, object: ObjectVersion) -> None:
        if object.bucket != self._store.bucket:
            raise ConnectorError(
                ErrorType.NOT_FOUND, f"{self._store.where}: the object is said to be in bucket {object.bucket!r}."
            )
