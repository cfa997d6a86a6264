"""The documents of ours in somebody else's bucket: manifests, and the pointer that says which of them are the table."""

import json
from collections.abc import Callable
from typing import Any

from contracts.runs import ErrorType
from services.connector.clients.s3 import S3Store
from services.connector.destinations.base import LoadKey
from services.connector.failures import ConnectorError
from services.connector.kinds.base import Document
from services.connector.kinds.s3 import S3Target

VERSION = 1
POINTER = "current.json"
_TRIES = 20
_REMEMBERED = 50  # replacements that can be undone one after another
Json = dict[str, Any]
Change = Callable[[Json | None], Json | None]


class Documents:
    """Reads and writes them; a write names what it replaces, so that of two at once one notices."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def read(self, key: str) -> Json | None:
        """A document, if it is there."""
        found = self.read_with_etag(key)
        return found[0] if found else None

    def read_with_etag(self, key: str) -> tuple[Json, str] | None:
        """A document and what it is to be replaced by name of."""
        try:
            with self._store.errors(key):
                answer = self._store.client.get_object(Bucket=self._store.bucket, Key=key)
                document: Json = json.loads(answer["Body"].read())
                return document, answer["ETag"]
        except ConnectorError as error:
            if error.type == ErrorType.NOT_FOUND:
                return None
            raise

    def put_if_new(self, key: str, document: Json) -> Json:
        """The document at this key: this one, or the one that was there before."""
        return document if self._put(key, document, {"IfNoneMatch": "*"}) else self._surely(key)

    def put_over(self, key: str, document: Json, etag: str | None) -> bool:
        """Replace what was read, or what was not there; False when it is another one by now."""
        return self._put(key, document, {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag})

    def change(self, key: str, changed: Change) -> None:
        """Replace a document by what comes out of it, until nobody else came in between; None: it stays."""
        for _ in range(_TRIES):
            found = self.read_with_etag(key)
            document = changed(found[0] if found else None)
            if document is None or self.put_over(key, document, found[1] if found else None):
                return
        raise ConnectorError(ErrorType.LEASE_HELD, f"{self._store.where}, {key}: others keep changing it.")

    def _put(self, key: str, document: Json, condition: dict[str, str]) -> bool:
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
                return False
            raise
        return True

    def _surely(self, key: str) -> Json:
        found = self.read(key)
        if found is None:
            raise ConnectorError(ErrorType.UNREACHABLE_REFUSED, f"{self._store.where}, {key}: there and not there.")
        return found


def target_of(document: Document) -> S3Target:
    """The target of a load, which is of this kind."""
    assert isinstance(document, S3Target)  # noqa: S101 - for the type checker
    return document


def folder_of(target: S3Target, key: LoadKey) -> str:
    """Where the documents of a stream are."""
    return f"{target.prefix}/_modulardata/{key.workflow_id}/{key.stream}"


def manifest_key(target: S3Target, key: LoadKey) -> str:
    """Where the manifest of a load is."""
    return f"{folder_of(target, key)}/{key.window_id}-{key.part}.json"


def pointer_key(target: S3Target, key: LoadKey) -> str:
    """Where it says which manifests are the whole table, if some replace others."""
    return f"{folder_of(target, key)}/{POINTER}"


def pointed(found: Json | None, window: str, mine: str, manifest: Json) -> Json | None:
    """The pointer once this manifest belongs to the table; None when it does already, or came too late for it."""
    before = found or {"window": None, "epoch": 0, "manifests": []}
    same = before["window"] == window
    if mine in before["manifests"] or window in before.get("undone", {}):
        return None
    if not same and before["epoch"] >= manifest["epoch"]:
        return None
    history = before.get("before", [])
    if not same:
        # Without a pointer the table was whatever had been added; that can still be told when it is asked for.
        was = {"window": before["window"], "manifests": before["manifests"] if found else None}
        history = [was, *history][:_REMEMBERED]
    return {
        "version": VERSION,
        "window": window,
        "epoch": max(before["epoch"], manifest["epoch"]),
        "manifests": sorted([*(before["manifests"] if same else []), mine]),
        "before": history,
        "undone": before.get("undone", {}),
    }


def pointed_back(found: Json, window: str, mine: list[str], manifests: list[str], epoch: int, note: Json) -> Json:
    """The pointer once a window is out of the table: what else it names stays, and what was there before it is back."""
    replaced = found["window"] == window
    history = found.get("before", [])
    undone = dict(list(found.get("undone", {}).items())[-_REMEMBERED:])
    return {
        **found,
        "window": history[0]["window"] if replaced else found["window"],
        "epoch": max(found["epoch"], epoch),
        "manifests": sorted({*(name for name in found["manifests"] if name not in mine), *manifests}),
        "before": history[1:] if replaced else history,
        "undone": {**undone, window: note},
    }
