"""Takes a load out of a table in a bucket again: first the pointer stops naming it, then its manifest is void.

Whoever reads in between finds the table as it was before the load, and whoever dies in between finds in the pointer
that the rest is left to do.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from services.connector.clients.s3 import Listed, S3Store
from services.connector.destinations.base import Undo, Undone
from services.connector.destinations.s3_documents import (
    POINTER,
    VERSION,
    Documents,
    Json,
    folder_of,
    manifest_key,
    pointed_back,
    pointer_key,
    target_of,
)
from services.connector.failures import UndoRefused
from services.connector.progress import Progress

_CHUNK = 1 << 20


class Taking:
    """One window that is taken back."""

    def __init__(self, store: S3Store, undo: Undo, progress: Progress) -> None:
        self._store = store
        self._documents = Documents(store)
        self._undo = undo
        self._progress = progress
        self._target = target_of(undo.target)
        self._listed: dict[str, Listed] | None = None

    def run(self) -> Undone:
        """Look whether it can be done, and do it; raises UndoRefused."""
        keys = [manifest_key(self._target, self._undo.key(part)) for part in self._undo.parts]
        found = {key: manifest for key in keys if (manifest := self._documents.read(key)) is not None}
        ours = {key: manifest for key, manifest in found.items() if "undone" in manifest or not manifest.get("void")}
        if not ours:
            raise self._refused("nothing of this run was ever loaded")
        self._check_by_us(item["undone"] for item in ours.values() if "undone" in item)
        done = [item["undone"] for item in ours.values()] if all("undone" in item for item in ours.values()) else []
        if done:
            return Undone(done[0]["removed"], done[0]["restored"], already=True)
        undone = self._take(ours)
        self._progress.reached("undo.after_commit")
        return undone

    def _take(self, ours: dict[str, Json]) -> Undone:
        place, window = pointer_key(self._target, self._undo.key("")), str(self._undo.window_id)
        pointer = self._documents.read_with_etag(place)
        begun = pointer[0].get("undone", {}).get(window) if pointer else None
        if begun is not None:
            self._check_by_us([begun])
        note = begun or self._note(ours, pointer[0] if pointer else None)
        self._progress.reached("undo.taken_back")
        if self._undo.dry_run:
            return Undone(note["removed"], note["restored"])
        if begun is None and pointer is not None and set(ours) & set(pointer[0]["manifests"]):
            back = pointed_back(pointer[0], window, list(ours), note.pop("manifests"), self._undo.epoch, note)
            if not self._documents.put_over(place, back, pointer[1]):
                raise self._refused("somebody else loads into it at this moment")
        self._progress.reached("undo.before_commit")
        kept = {name: note[name] for name in ("by", "removed", "restored")}
        for key in ours:
            self._documents.change(key, lambda found: _void(found, kept))
        return Undone(note["removed"], note["restored"])

    def _note(self, ours: dict[str, Json], pointer: Json | None) -> Json:
        """What is going to be done, after a look at everything that it needs; raises UndoRefused."""
        for key, manifest in ours.items():
            self._check_parts(key, manifest)
        restored: dict[str, Json] = {}
        counting = set(ours) & set(pointer["manifests"]) if pointer else set()
        if pointer and not counting and any(item["rows"] for item in ours.values()):
            late = all(item["mode"] == "append" and item["epoch"] > pointer["epoch"] for item in ours.values())
            if not late:
                raise self._refused(f"run {self._run_of(pointer)} has replaced its rows; undo that one first")
        if pointer and counting and pointer["window"] == str(self._undo.window_id):
            history = pointer.get("before", [])
            if not history:
                raise self._refused("what it replaced is not remembered any more")
            restored = self._manifests(history[0]["manifests"], beside=set(ours))
        return {
            "by": str(self._undo.run_id),
            "removed": sum(item["rows"] for item in ours.values()),
            "restored": sum(item["rows"] for item in restored.values()),
            "manifests": list(restored),
        }

    def _manifests(self, keys: list[str] | None, beside: set[str]) -> dict[str, Json]:
        """The manifests that made the table, with all that they name still there."""
        if keys is None:
            # Before the first replacement the table was all that had been added.
            prefix = f"{folder_of(self._target, self._undo.key(''))}/"
            keys = [one.key for one in self._store.listing(prefix) if not one.key.endswith(f"/{POINTER}")]
            read = {key: self._documents.read(key) for key in keys if key not in beside}
            found = {key: item for key, item in read.items() if item and not item.get("void")}
            found = {key: item for key, item in found.items() if item["mode"] == "append"}
        else:
            found = {}
            for key in keys:
                item = self._documents.read(key)
                if item is None or item.get("void"):
                    raise self._refused(f"{key}, a part of what it replaced, is gone or was undone")
                found[key] = item
        for key, item in found.items():
            self._check_parts(key, item)
        return found

    def _check_parts(self, key: str, manifest: Json) -> None:
        """Raise UndoRefused unless every file of the manifest is there as it was written."""
        written = next((one.modified for one in self._store.listing(key, page=1) if one.key == key), None)
        for part in manifest["parts"]:
            there = self._files().get(part["key"])
            if there is None:
                raise self._refused(f"{part['key']} was removed since")
            if there.size != part["bytes"] or not self._same(there, part["sha256"], written):
                raise self._refused(f"{part['key']} was changed since")

    def _same(self, there: Listed, digest: str, written: datetime | None) -> bool:
        if written is not None and there.modified <= written:
            return True
        # Somebody wrote it again; that is no change if it is the same.
        found = hashlib.sha256()
        with self._store.errors(there.key):
            body = self._store.client.get_object(Bucket=self._store.bucket, Key=there.key)["Body"]
            for chunk in body.iter_chunks(_CHUNK):
                self._progress.check()
                found.update(chunk)
        return found.hexdigest() == digest

    def _files(self) -> dict[str, Listed]:
        if self._listed is None:
            self._listed = {one.key: one for one in self._store.listing(f"{self._target.prefix}/parts/")}
        return self._listed

    def _run_of(self, pointer: Json) -> str:
        """The run whose load is the table now."""
        for key in pointer["manifests"]:
            manifest = self._documents.read(key)
            if manifest is not None and manifest["window"] == pointer["window"]:
                return str(manifest["run"])
        return "of a later window"

    def _check_by_us(self, notes: Iterator[Json] | list[Json]) -> None:
        for note in notes:
            if note["by"] != str(self._undo.run_id):
                raise self._refused(f"run {note['by']} has undone it already")

    def _refused(self, reason: str) -> UndoRefused:
        return UndoRefused(f"{self._store.where}, {self._target.prefix}: {reason}")


def _void(found: Json | None, note: Json) -> Json | None:
    if found is None or "undone" in found:
        return None
    kept: dict[str, Any] = {**found, "version": VERSION, "void": True, "undone": note}
    return kept
