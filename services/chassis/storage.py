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
from typing import Any, Literal, Protocol
from urllib.parse import quote, unquote
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.data import DatasetRef, Schema
from services.chassis.arrow import from_arrow, to_arrow
from services.chassis.dataset_writer import DatasetWriter as DatasetWriter
from services.chassis.dataset_writer import Part, file_digest
from services.chassis.objects import ObjectMissing, Objects, open_objects
from services.chassis.pages import rows_of
from services.chassis.ranged import RangedFile
from services.chassis.tenancy import acting_tenant

PART_ROWS = 500_000
_SEEN_PARTS = 10_000
_MANIFEST_VERSION = 1
_DATASET = re.compile(r"dataset://([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([0-9a-f]{64})")
_BLOB = re.compile(
    r"(blob|upload)://([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([0-9a-f]{64})/([A-Za-z0-9_.~%-]{1,1024})"
)
# Where blobs lie by the scheme of their address. What people send may be removed again, and lies apart for that: what
# the platform preserves of the same content stays.
_AREAS = {"blob": "blobs", "upload": "uploads"}
Kept = Literal["blob", "upload"]


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
        self._seen: dict[str, tuple[int, int, int]] = {}

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
    def local_parts(self, ref: DatasetRef, *, tenant: UUID | None = None, once: bool = False) -> Iterator[list[Path]]:
        """The parts as files on this machine, in order, each compared with its sum; raises DatasetCorrupt.

        With `once`, a file that is the same as when it was last compared is not compared again: for a glance.
        """
        owner, manifest = self._manifest(ref, tenant)
        folder = self._folder()
        try:
            paths = []
            for number, part in enumerate(manifest.parts):
                paths.append(
                    self._local(_part_key(owner, part.sha256), part.sha256, folder / f"{number:06}.parquet", once=once)
                )
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

    def page(
        self,
        ref: DatasetRef,
        offset: int,
        limit: int,
        *,
        tenant: UUID | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Some rows and columns, reading no more than the pieces of parts that hold them; raises DatasetCorrupt.

        A part on this machine is compared with its sum when first looked into. Of a part that lies elsewhere only
        pieces are read, which have no sums of their own.
        """
        owner, manifest = self._manifest(ref, tenant)
        found: list[pa.Table] = []
        wanted = limit
        for part in manifest.parts:
            if offset >= part.rows:
                offset -= part.rows
                continue
            if wanted <= 0:
                break
            with self._open_part(owner, part) as file:
                piece = rows_of(file, offset, wanted, columns)
            found.append(piece)
            wanted -= piece.num_rows
            offset = 0
        schema = to_arrow(manifest.schema)
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns])
        return pa.concat_tables(found) if found else schema.empty_table()

    @contextmanager
    def _open_part(self, owner: UUID, part: Part) -> Iterator[pq.ParquetFile]:
        key = _part_key(owner, part.sha256)
        try:
            path = self._objects.local_path(key)
        except ObjectMissing:
            raise DatasetCorrupt(f"part {part.sha256} is not there") from None
        if path is not None:
            self._verify_once(path, part.sha256)
            source: Any = path
        else:
            source = RangedFile(part.bytes, lambda start, size: self._objects.piece(key, start, size))
        try:
            with pq.ParquetFile(source, memory_map=False, pre_buffer=path is None) as file:
                yield file
        except ObjectMissing:
            raise DatasetCorrupt(f"part {part.sha256} is not there") from None
        except (pa.ArrowInvalid, OSError) as error:
            raise DatasetCorrupt(f"part {part.sha256} cannot be read") from error

    def _verify_once(self, path: Path, digest: str) -> None:
        """Compare a file with its sum, unless that was done and the file is the same as then."""
        state = path.stat()
        seen = (state.st_ino, state.st_mtime_ns, state.st_size)
        if self._seen.get(digest) == seen:
            return
        if file_digest(path) != digest:
            raise DatasetCorrupt(f"part {digest} is not what was written")
        if len(self._seen) >= _SEEN_PARTS:
            self._seen.clear()
        self._seen[digest] = seen

    def put_blob(self, tenant: UUID, source: Path | bytes, name: str, kept: Kept = "blob") -> str:
        """Keep bytes as they are, under a name for people; returns the address. Only an upload can be removed."""
        _refuse_foreign(tenant)
        digest = hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else file_digest(source)
        key = _blob_key(tenant, digest, kept)
        if not self._objects.exists(key):
            if isinstance(source, bytes):
                self._objects.put_bytes(key, source)
            else:
                self._objects.put_file(key, source)
        return f"{kept}://{tenant}/{digest}/{quote(name[-200:] or 'blob', safe='')}"

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

    def remove_upload(self, uri: str, *, tenant: UUID | None = None) -> None:
        """Remove the bytes of an upload, under all its names; raises AddressRefused for anything else."""
        if not uri.startswith("upload://"):
            raise AddressRefused("not the address of an upload")
        self._objects.remove(self._blob(uri, tenant)[0])

    def _blob(self, uri: str, tenant: UUID | None) -> tuple[str, str]:
        found = _BLOB.fullmatch(uri)
        if found is None:
            raise AddressRefused("not the address of a blob")
        owner = _refuse_foreign(UUID(found[2]), tenant)
        return _blob_key(owner, found[3], found[1]), found[3]

    def blob_name(self, uri: str) -> str:
        """The name a blob was kept under."""
        found = _BLOB.fullmatch(uri)
        if found is None:
            raise AddressRefused("not the address of a blob")
        return unquote(found[4])

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

    def _local(self, key: str, digest: str, target: Path, *, once: bool = False) -> Path:
        try:
            path = self._objects.local_path(key)
        except ObjectMissing:
            raise DatasetCorrupt(f"part {digest} is not there") from None
        if path is None:
            self._download(key, digest, target)
            return target
        if once:
            self._verify_once(path, digest)
        elif file_digest(path) != digest:
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


def _blob_key(tenant: UUID, digest: str, kept: str) -> str:
    return f"tenants/{tenant}/{_AREAS[kept]}/{digest}"
