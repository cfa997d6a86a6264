"""Datasets and blobs in the platform's own object store: immutable, named by content, one prefix for each tenant.

A dataset is Parquet parts and a manifest with their sums; its address is `dataset://<tenant>/<id>`, which stays the
same when the store moves. Everything here is synchronous: call it in a thread.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.data import DatasetRef, Schema
from services.chassis.arrow import from_arrow, to_arrow
from services.chassis.dataset_writer import DatasetWriter as DatasetWriter
from services.chassis.dataset_writer import Part, file_digest
from services.chassis.objects import ObjectMissing, Objects, open_objects
from services.chassis.tenancy import acting_tenant

PART_ROWS = 500_000
_MANIFEST_VERSION = 1
_DATASET = re.compile(r"dataset://([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([0-9a-f]{64})")
_BLOB = re.compile(r"blob://([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([0-9a-f]{64})/([A-Za-z0-9_.~%-]{1,1024})")


class DatasetCorrupt(Exception):
    """Stored bytes are missing or are not those that were written."""


class AddressRefused(Exception):
    """An address that this store did not give out, or that belongs to another tenant."""


class StorageSettings(Protocol):
    """Where the store is."""

    @property
    def storage(self) -> str:
        """file:///folder or s3://bucket/prefix."""

    @property
    def storage_s3_endpoint(self) -> str | None:
        """The S3 server, if it is not the usual one."""


@dataclass(frozen=True)
class _Manifest:
    schema: Schema
    content_hash: str
    parts: tuple[Part, ...]


class Storage:
    """The object store of the platform."""

    def __init__(
        self, settings: StorageSettings, *, scratch: Path | None = None, objects: Objects | None = None
    ) -> None:
        self._objects = objects or open_objects(settings.storage, settings.storage_s3_endpoint)
        self._scratch = scratch

    def writer(self, tenant: UUID, schema: Schema, *, part_rows: int = PART_ROWS) -> DatasetWriter:
        """Write a dataset batch by batch in flat memory; nothing is visible before `finish`."""
        _refuse_foreign(tenant)
        return DatasetWriter(
            arrow_schema=to_arrow(schema),
            part_rows=part_rows,
            folder=self._folder(),
            store=lambda path, part: self._objects.put_file(_part_key(tenant, part.sha256), path, move=True),
            complete=lambda parts: self._complete(tenant, schema, parts),
        )

    def adopt(self, tenant: UUID, parts: Sequence[Path], schema: Schema) -> DatasetRef:
        """Make a dataset of finished Parquet files, in their order. The files are taken, not copied."""
        _refuse_foreign(tenant)
        adopted = []
        for path in parts:
            metadata = pq.read_metadata(path)
            found = from_arrow(metadata.schema.to_arrow_schema())
            if found.fingerprint != schema.fingerprint:
                raise ValueError(f"{path.name} does not have the columns and types of the dataset")
            adopted.append(Part(sha256=file_digest(path), rows=metadata.num_rows, bytes=path.stat().st_size))
        if not adopted:
            with self.writer(tenant, schema) as writer:
                return writer.finish()
        for path, part in zip(parts, adopted, strict=True):
            self._objects.put_file(_part_key(tenant, part.sha256), path, move=True)
        return self._complete(tenant, schema, adopted)

    def known(self, tenant: UUID, identity: str) -> DatasetRef | None:
        """A dataset of this workspace by its id; None if there is none. Raises DatasetCorrupt."""
        _refuse_foreign(tenant)
        try:
            manifest = self._read_manifest(tenant, identity)
        except ObjectMissing:
            return None
        return _reference(tenant, identity, manifest)

    @contextmanager
    def local_parts(self, ref: DatasetRef, *, tenant: UUID | None = None) -> Iterator[list[Path]]:
        """The parts as files on this machine, in order, each compared with its sum; raises DatasetCorrupt."""
        owner, manifest = self._manifest(ref, tenant)
        folder = self._folder()
        try:
            paths = []
            for number, part in enumerate(manifest.parts):
                paths.append(self._local(_part_key(owner, part.sha256), part.sha256, folder / f"{number:06}.parquet"))
            yield paths
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def batches(self, ref: DatasetRef, *, tenant: UUID | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in order, batch by batch, part after part; raises DatasetCorrupt."""
        owner, manifest = self._manifest(ref, tenant)
        folder = self._folder()
        try:
            for part in manifest.parts:
                path = folder / "part.parquet"
                local = self._local(_part_key(owner, part.sha256), part.sha256, path)
                with pq.ParquetFile(local, memory_map=False) as file:
                    yield from file.iter_batches()
                path.unlink(missing_ok=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put_blob(self, tenant: UUID, source: Path | bytes, name: str) -> str:
        """Keep bytes as they are, under a name for people; returns the address."""
        _refuse_foreign(tenant)
        digest = hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else file_digest(source)
        key = _blob_key(tenant, digest)
        if not self._objects.exists(key):
            if isinstance(source, bytes):
                self._objects.put_bytes(key, source)
            else:
                self._objects.put_file(key, source)
        return f"blob://{tenant}/{digest}/{quote(name[-200:] or 'blob', safe='')}"

    def get_blob(self, uri: str, target: Path, *, tenant: UUID | None = None, first: int | None = None) -> None:
        """Write a blob's bytes to a file; raises AddressRefused or DatasetCorrupt. Of `first` bytes there is no sum."""
        key, digest = self._blob(uri, tenant)
        if first is None:
            self._download(key, digest, target)
            return
        try:
            with target.open("wb") as file:
                for piece in self._objects.chunks(key):
                    first -= file.write(piece[:first])
                    if first <= 0:
                        break
        except ObjectMissing:
            raise DatasetCorrupt(f"object {digest} is not there") from None

    def blob_size(self, uri: str, *, tenant: UUID | None = None) -> int | None:
        """How many bytes a blob has; None when it is not there. Raises AddressRefused."""
        return self._objects.size(self._blob(uri, tenant)[0])

    def _blob(self, uri: str, tenant: UUID | None) -> tuple[str, str]:
        found = _BLOB.fullmatch(uri)
        if found is None:
            raise AddressRefused("not the address of a blob")
        owner = _refuse_foreign(UUID(found[1]), tenant)
        return _blob_key(owner, found[2]), found[2]

    def blob_name(self, uri: str) -> str:
        """The name a blob was kept under."""
        found = _BLOB.fullmatch(uri)
        if found is None:
            raise AddressRefused("not the address of a blob")
        return unquote(found[3])

    def _complete(self, tenant: UUID, schema: Schema, parts: Sequence[Part]) -> DatasetRef:
        content = hashlib.sha256()
        for part in parts:
            content.update(bytes.fromhex(part.sha256))
        content_hash = content.hexdigest()
        manifest = {
            "version": _MANIFEST_VERSION,
            "schema": schema.model_dump(mode="json"),
            "content_hash": content_hash,
            "parts": [{"sha256": part.sha256, "rows": part.rows, "bytes": part.bytes} for part in parts],
        }
        encoded = json.dumps(manifest, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()
        identity = hashlib.sha256(encoded).hexdigest()
        self._objects.put_bytes(_manifest_key(tenant, identity), encoded)
        return _reference(tenant, identity, _Manifest(schema, content_hash, tuple(parts)))

    def _manifest(self, ref: DatasetRef, tenant: UUID | None) -> tuple[UUID, _Manifest]:
        found = _DATASET.fullmatch(ref.uri)
        if found is None:
            raise AddressRefused("not the address of a dataset")
        owner = _refuse_foreign(UUID(found[1]), tenant)
        try:
            return owner, self._read_manifest(owner, found[2])
        except ObjectMissing:
            raise DatasetCorrupt(f"dataset {found[2]}: its manifest is not there") from None

    def _read_manifest(self, owner: UUID, identity: str) -> _Manifest:
        encoded = self._objects.get_bytes(_manifest_key(owner, identity))
        if hashlib.sha256(encoded).hexdigest() != identity:
            raise DatasetCorrupt(f"dataset {identity}: its manifest was changed")
        document: dict[str, Any] = json.loads(encoded)
        parts = tuple(Part(**part) for part in document["parts"])
        return _Manifest(Schema.model_validate_json(json.dumps(document["schema"])), document["content_hash"], parts)

    def _local(self, key: str, digest: str, target: Path) -> Path:
        try:
            path = self._objects.local_path(key)
        except ObjectMissing:
            raise DatasetCorrupt(f"part {digest} is not there") from None
        if path is None:
            self._download(key, digest, target)
            return target
        if file_digest(path) != digest:
            raise DatasetCorrupt(f"part {digest} is not what was written")
        return path

    def _download(self, key: str, digest: str, target: Path) -> None:
        found = hashlib.sha256()
        try:
            with target.open("wb") as file:
                for piece in self._objects.chunks(key):
                    found.update(piece)
                    file.write(piece)
        except ObjectMissing:
            raise DatasetCorrupt(f"object {digest} is not there") from None
        if found.hexdigest() != digest:
            target.unlink(missing_ok=True)
            raise DatasetCorrupt(f"object {digest} is not what was written")

    def _folder(self) -> Path:
        if self._scratch is not None:
            self._scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="modulardata-", dir=self._scratch))


def _reference(tenant: UUID, identity: str, manifest: _Manifest) -> DatasetRef:
    return DatasetRef(
        id=identity,
        uri=f"dataset://{tenant}/{identity}",
        table_schema=manifest.schema,
        fingerprint=manifest.schema.fingerprint,
        content_hash=manifest.content_hash,
        rows=sum(part.rows for part in manifest.parts),
        bytes=sum(part.bytes for part in manifest.parts),
    )


def _refuse_foreign(owner: UUID, tenant: UUID | None = None) -> UUID:
    for expected in (tenant, acting_tenant()):
        if expected is not None and expected != owner:
            raise AddressRefused("the address belongs to another workspace")
    return owner


def _part_key(tenant: UUID, digest: str) -> str:
    return f"tenants/{tenant}/parts/{digest}.parquet"


def _manifest_key(tenant: UUID, identity: str) -> str:
    return f"tenants/{tenant}/datasets/{identity}.json"


def _blob_key(tenant: UUID, digest: str) -> str:
    return f"tenants/{tenant}/blobs/{digest}"
