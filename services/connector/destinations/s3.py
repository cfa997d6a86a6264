"""Writes to S3: parts named by their content, then one manifest that says they count. Readers trust manifests only.

Below the target's prefix: `parts/<sha256>.<format>`, one `_modulardata/<workflow>/<stream>/<window>-<part>.json` for
each load, and in mode `replace` a `current.json` beside these that names the manifests which hold the whole table.
A load that was undone keeps its manifest, which is void then. Its parts stay: others may have the same content.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from contracts.runs import ErrorType
from services.connector.clients.s3 import S3Store
from services.connector.destinations.base import Destination, Load, Loaded, LoadKey, LoadTable, Undo, Undone
from services.connector.destinations.s3_documents import (
    VERSION,
    Documents,
    Json,
    manifest_key,
    pointed,
    pointer_key,
    target_of,
)
from services.connector.destinations.s3_undo import Taking
from services.connector.failures import ConnectorError, Fenced
from services.connector.formats.csv_export import export_csv
from services.connector.hops import marked
from services.connector.kinds.base import Document, Kind
from services.connector.kinds.s3 import S3, S3Target
from services.connector.progress import Progress
from services.connector.sources.base import Discovered
from services.connector.sources.s3 import S3Source


class S3Destination(Destination):
    """A bucket to write to."""

    spec: ClassVar[Kind] = S3

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self._documents = Documents(store)

    def check(self) -> None:
        """Reach the bucket and list in it."""
        S3Source(self._store).check()

    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """Files and folders that are there."""
        return S3Source(self._store).discover(prefix, limit)

    def write(self, load: Load, progress: Progress) -> Loaded:
        """Load everything or nothing, once."""
        target = target_of(load.target)
        if load.mode == "upsert":
            raise ConnectorError(
                ErrorType.CONFIGURATION_INVALID, f"{self._store.where}: files cannot be updated row by row."
            )
        progress.expect(load.bytes)
        key = manifest_key(target, load.key)
        found = self._documents.read(key)
        if found is None:
            parts = [part for table in load.tables for part in self._upload(target, table, load.hops, progress)]
            progress.reached("push.staged")
            progress.reached("push.before_commit")
            found = self._documents.put_if_new(key, _manifest(load, target, parts))
            progress.reached("push.after_commit")
        if found.get("undone"):
            return _loaded(found, already=True)
        if found.get("void"):
            raise Fenced
        if load.mode == "replace" and found["rows"]:
            self._point(target, load.key, found)
        progress.reached("push.ledger_written")
        return _loaded(found, already=(found["attempt"], found["epoch"]) != (load.attempt, load.epoch))

    def settle(self, key: LoadKey, epoch: int, target: Document) -> Loaded | None:
        """Take the place of the manifest unless it is there: whoever comes later finds it taken."""
        void = {"version": VERSION, "void": True, "epoch": epoch, "window": str(key.window_id), "part": key.part}
        found = self._documents.put_if_new(manifest_key(target_of(target), key), void)
        return _loaded(found, already=True) if "undone" in found or not found.get("void") else None

    def undo(self, undo: Undo, progress: Progress) -> Undone:
        """Take a window out again, everything or nothing, once."""
        return Taking(self._store, undo, progress).run()

    def _upload(self, target: S3Target, table: LoadTable, hops: int, progress: Progress) -> Iterator[Json]:
        for path in table.parts:
            with _written(target, path) as (file, rows):
                with file.open("rb") as body:
                    digest = hashlib.file_digest(body, "sha256").hexdigest()
                key = f"{target.prefix}/parts/{digest}.{target.format.kind}"
                self._put_part(key, file, hops)
                yield {"key": key, "sha256": digest, "rows": rows, "bytes": file.stat().st_size}
            progress.add(rows=rows, bytes=path.stat().st_size)

    def _put_part(self, key: str, file: Path, hops: int) -> None:
        from boto3.s3.transfer import TransferConfig

        if any(item.key == key and item.size == file.stat().st_size for item in self._store.listing(key, page=1)):
            return
        with self._store.errors(key):
            self._store.client.upload_file(
                str(file),
                self._store.bucket,
                key,
                ExtraArgs={"Metadata": marked(hops)},
                Config=TransferConfig(max_concurrency=2, use_threads=True),
            )

    def _point(self, target: S3Target, key: LoadKey, manifest: Json) -> None:
        """Make the manifests of this window the whole table, unless a later window's are it already."""
        mine = manifest_key(target, key)
        self._documents.change(
            pointer_key(target, key), lambda found: pointed(found, str(key.window_id), mine, manifest)
        )


def _manifest(load: Load, target: S3Target, parts: list[Json]) -> Json:
    schemas = [table.schema.model_dump(mode="json") for table in load.tables]
    return {
        "version": VERSION,
        "workflow": str(load.key.workflow_id),
        "stream": load.key.stream,
        "window": str(load.key.window_id),
        "part": load.key.part,
        "run": str(load.run_id),
        "attempt": load.attempt,
        "epoch": load.epoch,
        "mode": load.mode,
        "format": target.format.kind,
        "rows": load.rows,
        "bytes": load.bytes,
        "checksum": load.checksum,
        "cursor": load.cursor,
        "schemas": schemas,
        "parts": parts,
    }


def _loaded(manifest: Json, already: bool) -> Loaded:
    rows, attempt = int(manifest["rows"]), int(manifest["attempt"])
    return Loaded(rows, rows, 0, 0, int(manifest["bytes"]), attempt, already=already)


@contextmanager
def _written(target: S3Target, path: Path) -> Iterator[tuple[Path, int]]:
    """The part as it goes into the bucket, and its rows."""
    import pyarrow.parquet as pq

    rows = pq.read_metadata(path).num_rows
    if target.format.kind == "parquet":
        yield path, rows
        return
    with tempfile.TemporaryDirectory(prefix="modulardata-part-") as folder:
        file = Path(folder) / "part.csv"
        export_csv(path, file)
        yield file, rows
