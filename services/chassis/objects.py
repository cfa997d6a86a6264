"""Bytes by key in a folder or a bucket, behind one small interface."""

import errno
import filecmp
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3.client import S3Client


class ObjectMissing(Exception):
    """There is no object under this key."""


class Objects(Protocol):
    """What a folder and a bucket have in common. Objects are written whole or not at all, and never changed."""

    def put_file(self, key: str, source: Path, *, move: bool = False) -> None:
        """Store a file; with `move` the file itself may be taken."""

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store bytes."""

    def get_bytes(self, key: str) -> bytes:
        """All of an object; raises ObjectMissing."""

    def chunks(self, key: str) -> Iterator[bytes]:
        """An object piece by piece; raises ObjectMissing."""

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""

    def size(self, key: str) -> int | None:
        """How many bytes an object has; None when there is none."""

    def local_path(self, key: str) -> Path | None:
        """The object as a file on this machine, if it is one."""

    def piece(self, key: str, start: int, size: int) -> bytes:
        """So many bytes from a position; raises ObjectMissing."""

    def remove(self, key: str) -> None:
        """Remove an object; nothing when there is none."""


_CHUNK = 1 << 20
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # file systems where a file has one name only


class Folder:
    """Objects as files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def put_file(self, key: str, source: Path, *, move: bool = False) -> None:
        """Store a file under a name that appears when it is whole."""
        target = self._target(key)
        if move and _same_device(source, target.parent):
            _publish(source, target)
            return
        temporary = self._temporary()
        try:
            shutil.copyfile(source, temporary)
            _publish(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store bytes under a name that appears when they are whole."""
        target = self._target(key)
        temporary = self._temporary()
        try:
            temporary.write_bytes(content)
            _publish(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def get_bytes(self, key: str) -> bytes:
        """All of a file; raises ObjectMissing."""
        try:
            return (self._root / key).read_bytes()
        except FileNotFoundError:
            raise ObjectMissing(key) from None

    def chunks(self, key: str) -> Iterator[bytes]:
        """A file piece by piece; raises ObjectMissing."""
        try:
            with (self._root / key).open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece
        except FileNotFoundError:
            raise ObjectMissing(key) from None

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        return (self._root / key).is_file()

    def size(self, key: str) -> int | None:
        """How many bytes a file has; None when there is none."""
        try:
            return (self._root / key).stat().st_size
        except FileNotFoundError:
            return None

    def local_path(self, key: str) -> Path:
        """The file itself; raises ObjectMissing."""
        path = self._root / key
        if not path.is_file():
            raise ObjectMissing(key)
        return path

    def piece(self, key: str, start: int, size: int) -> bytes:
        """Bytes from a position; raises ObjectMissing."""
        with self.local_path(key).open("rb") as file:
            file.seek(start)
            return file.read(size)

    def remove(self, key: str) -> None:
        """Remove a file; nothing when there is none."""
        (self._root / key).unlink(missing_ok=True)

    def _target(self, key: str) -> Path:
        target = self._root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _temporary(self) -> Path:
        self._incoming.mkdir(parents=True, exist_ok=True)
        return self._incoming / uuid.uuid4().hex


class Bucket:
    """Objects in an S3 bucket below a prefix."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""

    def put_file(self, key: str, source: Path, *, move: bool = False) -> None:
        """Upload a file, in parts when it is large."""
        self._client.upload_file(str(source), self._bucket, self._prefix + key)
        if move:
            source.unlink()

    def put_bytes(self, key: str, content: bytes) -> None:
        """Upload bytes."""
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content)

    def get_bytes(self, key: str) -> bytes:
        """All of an object; raises ObjectMissing."""
        return b"".join(self.chunks(key))

    def chunks(self, key: str) -> Iterator[bytes]:
        """An object piece by piece; raises ObjectMissing."""
        from botocore.exceptions import ClientError

        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError as error:
            raise _as_missing(error, key) from error
        yield from answer["Body"].iter_chunks(_CHUNK)

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        return self.size(key) is not None

    def size(self, key: str) -> int | None:
        """How many bytes an object has; None when there is none."""
        from botocore.exceptions import ClientError

        try:
            return int(self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)["ContentLength"])
        except ClientError as error:
            if isinstance(_as_missing(error, key), ObjectMissing):
                return None
            raise

    def local_path(self, key: str) -> Path | None:
        """None: it is elsewhere."""
        return None

    def piece(self, key: str, start: int, size: int) -> bytes:
        """Bytes from a position; raises ObjectMissing."""
        from botocore.exceptions import ClientError

        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._prefix + key, Range=f"bytes={start}-{start + size - 1}"
            )
        except ClientError as error:
            raise _as_missing(error, key) from error
        return bytes(answer["Body"].read())

    def remove(self, key: str) -> None:
        """Remove an object; nothing when there is none."""
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)


def open_objects(location: str, s3_endpoint: str | None) -> Objects:
    """The object store at `file:///folder` or `s3://bucket/prefix`; credentials of S3 come from its usual variables."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        import boto3

        client = boto3.client("s3", endpoint_url=s3_endpoint, config=s3_config(s3_endpoint))
        return Bucket(client, parts.netloc, parts.path)
    raise ValueError(f"a store is a file: or an s3: address, not {parts.scheme!r}")


def s3_config(endpoint: str | None) -> "Config":
    """How every client of an S3 server behaves here: signatures, checksums and patience that all servers know."""
    from botocore.config import Config

    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 5, "mode": "standard"},
    )


def _as_missing(error: Any, key: str) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    return ObjectMissing(key) if code in ("404", "NoSuchKey", "NotFound") else error


def _publish(source: Path, target: Path) -> None:
    """Give a whole file its name, and leave the file that has the name already where it is, unless it was damaged.

    Who reads an object holds the very file: a job behind walls may open that one again and no other, whatever the
    other holds. So the same content written once more must not put a new file in its place.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, *_NO_LINKS):
            raise
        if not target.exists() or not filecmp.cmp(source, target, shallow=False):
            os.replace(source, target)
            return
    source.unlink()


def _same_device(source: Path, folder: Path) -> bool:
    return source.stat().st_dev == folder.stat().st_dev
