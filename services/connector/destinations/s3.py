"""Writes to S3: parts named by their content, then one manifest that says they count. Readers trust manifests only.

Below the target's prefix: `parts/<sha256>.<format>`, one `_modulardata/<workflow>/<stream>/<window>-<part>.json` for
each load, and in mode `replace` a `current.json` beside these that names the manifests which hold the whole table.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from contracts.runs import ErrorType
from services.connector.clients.s3 import S3Store
from services.connector.destinations.base import Destination, Load, Loaded, LoadKey, LoadTable
from services.connector.failures import ConnectorError, Fenced
from services.connector.formats.csv_export import export_csv
from services.connector.hops import marked
from services.connector.kinds.base import Document, Kind
from services.connector.kinds.s3 import S3, S3Target
from services.connector.progress import Progress
from services.connector.sources.base import Discovered
from services.connector.sources.s3 import S3Source

_VERSION = 1
_TRIES = 20


class S3Destination(Destination):
    """A bucket to write to."""

    spec: ClassVar[Kind] = S3

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def check(self) -> None:
        """Reach the bucket and list in it."""
        S3Source(self._store).check()

    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """Files and folders that are there."""
        return S3Source(self._store).discover(prefix, limit)

    def write(self, load: Load, progress: Progress) -> Loaded:
        """Load everything or nothing, once."""
        target = _target(load.target)
        if load.mode == "upsert":
            raise ConnectorError(
                ErrorType.CONFIGURATION_INVALID, f"{self._store.where}: files cannot be updated row by row."
            )
        progress.expect(load.bytes)
        key = _manifest_key(target, load.key)
        found = self._read(key)
        if found is None:
            parts = [part for table in load.tables for part in self._upload(target, table, load.hops, progress)]
            progress.reached("push.staged")
            progress.reached("push.before_commit")
            found = self._put_manifest(key, _manifest(load, target, parts))
            progress.reached("push.after_commit")
        if found.get("void"):
            raise Fenced
        if load.mode == "replace" and found["rows"]:
            self._point(target, load.key, found)
        progress.reached("push.ledger_written")
        return _loaded(found, already=(found["attempt"], found["epoch"]) != (load.attempt, load.epoch))

    def settle(self, key: LoadKey, epoch: int, target: Document) -> Loaded | None:
        """Take the place of the manifest unless it is there: whoever comes later finds it taken."""
        void = {"version": _VERSION, "void": True, "epoch": epoch, "window": str(key.window_id), "part": key.part}
        found = self._put_manifest(_manifest_key(_target(target), key), void)
        return None if found.get("void") else _loaded(found, already=True)

    def _upload(self, target: S3Target, table: LoadTable, hops: int, progress: Progress) -> Iterator[dict[str, Any]]:
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

    def _put_manifest(self, key: str, manifest: dict[str, Any]) -> dict[str, Any]:
        """The manifest at this key: ours, or the one that was there before."""
        return self._put_if(key, manifest, {"IfNoneMatch": "*"}) or self._surely(key)

    def _put_if(self, key: str, document: dict[str, Any], condition: dict[str, str]) -> dict[str, Any] | None:
        """Write when the condition holds; None when it does not."""
        body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        try:
            with self._store.errors(key):
                self._store.client.put_object(
                    Bucket=self._store.bucket,
                    Key=key,
                    Body=body,
                    ContentType="application/json",
                    **condition,  # type: ignore[arg-type]
                )
        except ConnectorError as error:
            if error.type == ErrorType.OBJECT_CHANGED:
                return None
            raise
        return document

    def _read(self, key: str) -> dict[str, Any] | None:
        found = self._read_with_etag(key)
        return found[0] if found else None

    def _read_with_etag(self, key: str) -> tuple[dict[str, Any], str] | None:
        try:
            with self._store.errors(key):
                answer = self._store.client.get_object(Bucket=self._store.bucket, Key=key)
                document: dict[str, Any] = json.loads(answer["Body"].read())
                return document, answer["ETag"]
        except ConnectorError as error:
            if error.type == ErrorType.NOT_FOUND:
                return None
            raise

    def _surely(self, key: str) -> dict[str, Any]:
        found = self._read(key)
        if found is None:
            raise ConnectorError(ErrorType.UNREACHABLE_REFUSED, f"{self._store.where}, {key}: there and not there.")
        return found

    def _point(self, target: S3Target, key: LoadKey, manifest: dict[str, Any]) -> None:
        """Make the manifests of this window the whole table, unless a later window's are it already."""
        place = f"{_folder(target, key)}/current.json"
        mine = _manifest_key(target, key)
        for _ in range(_TRIES):
            found = self._read_with_etag(place)
            before: dict[str, Any] = found[0] if found else {"window": None, "epoch": 0, "manifests": []}
            same = before["window"] == str(key.window_id)
            if mine in before["manifests"] or (not same and before["epoch"] >= manifest["epoch"]):
                return
            pointer = {
                "version": _VERSION,
                "window": str(key.window_id),
                "epoch": max(before["epoch"], manifest["epoch"]),
                "manifests": sorted([*(before["manifests"] if same else []), mine]),
            }
            condition = {"IfNoneMatch": "*"} if found is None else {"IfMatch": found[1]}
            if self._put_if(place, pointer, condition) is not None:
                return
        raise ConnectorError(ErrorType.LEASE_HELD, f"{self._store.where}, {place}: others keep changing it.")


def _target(document: Document) -> S3Target:
    assert isinstance(document, S3Target)  # noqa: S101 - for the type checker
    return document


def _folder(target: S3Target, key: LoadKey) -> str:
    return f"{target.prefix}/_modulardata/{key.workflow_id}/{key.stream}"


def _manifest_key(target: S3Target, key: LoadKey) -> str:
    return f"{_folder(target, key)}/{key.window_id}-{key.part}.json"


def _manifest(load: Load, target: S3Target, parts: list[dict[str, Any]]) -> dict[str, Any]:
    schemas = [table.schema.model_dump(mode="json") for table in load.tables]
    return {
        "version": _VERSION,
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


def _loaded(manifest: dict[str, Any], already: bool) -> Loaded:
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
