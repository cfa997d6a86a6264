"""S3 event notifications as stores really send them: which object versions they name, and what else is in them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.data import ObjectVersion
from contracts.objects import matches, why_ignored

MAX_RECORDS = 1_000
MAX_KEY_BYTES = 1_024  # what S3 itself allows


class NotAnEvent(Exception):
    """The document is no S3 event notification."""


@dataclass(frozen=True)
class Place:
    """What a trigger watches. An empty bucket is one that nobody could name: any is taken."""

    bucket: str
    pattern: str

    def why_not(self, version: ObjectVersion) -> str | None:
        """Why an object version starts nothing here, as a code; None when it does."""
        if self.bucket and version.bucket != self.bucket:
            return "other_bucket"
        if not matches(self.pattern, version.key):
            return "outside_path"
        return why_ignored(version.key, version.size)


@dataclass(frozen=True)
class Ignored:
    """One record that starts nothing, and why."""

    key: str
    reason: str


@dataclass
class Notification:
    """What a delivery says."""

    test: bool = False
    objects: list[ObjectVersion] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)


class _Lenient(BaseModel):
    # Stores add fields of their own, and old ones leave some out.
    model_config = ConfigDict(extra="ignore")


class _Bucket(_Lenient):
    name: str = Field(max_length=255)


class _Object(_Lenient):
    key: str
    size: int = 1  # not said: not known to be empty
    eTag: str = Field(default="", max_length=200)
    versionId: str | None = Field(default=None, max_length=1_024)


class _S3(_Lenient):
    bucket: _Bucket
    object: _Object


class _Record(_Lenient):
    eventName: str
    s3: _S3


def read(document: Any) -> Notification:
    """The notification in a JSON document; raises NotAnEvent."""
    if isinstance(document, dict) and document.get("Event") == "s3:TestEvent":
        return Notification(test=True)
    records = document.get("Records") if isinstance(document, dict) else None
    if not isinstance(records, list) or not records:
        raise NotAnEvent("there are no Records")
    if len(records) > MAX_RECORDS:
        raise NotAnEvent(f"there are more than {MAX_RECORDS} Records")
    found = Notification()
    for number, item in enumerate(records):
        try:
            record = _Record.model_validate(item, strict=True)
        except ValidationError:
            raise NotAnEvent(f"/Records/{number} is no record of an S3 event") from None
        _sort(record, found)
    return found


def _sort(record: _Record, found: Notification) -> None:
    # Some stores write the prefix, some do not.
    name, thing = record.eventName.removeprefix("s3:"), record.s3.object
    if not name.startswith("ObjectCreated:"):
        found.ignored.append(Ignored(thing.key, "other_event"))
        return
    try:
        # Keys come form-encoded, once: a plus is a space, and %2B is a plus.
        key = unquote_plus(thing.key, errors="strict")
    except UnicodeDecodeError:
        found.ignored.append(Ignored(thing.key, "key_undecodable"))
        return
    if "\x00" in key or len(key.encode()) > MAX_KEY_BYTES:
        found.ignored.append(Ignored(thing.key[:200], "key_impossible"))
        return
    etag = thing.eTag.strip('"')
    if not key or (not etag and not thing.versionId):
        found.ignored.append(Ignored(key, "version_unknown"))
        return
    found.objects.append(
        ObjectVersion(
            bucket=record.s3.bucket.name,
            key=key,
            etag=etag,
            size=max(0, thing.size),
            # Buckets without versions say "null", or nothing.
            version_id=None if thing.versionId in (None, "", "null") else thing.versionId,
        )
    )
