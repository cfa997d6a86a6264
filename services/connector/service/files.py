"""Files of a bucket: listed page by page, and uploaded as a stream that never lies in memory whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from contracts.commands.connector import Problem
from contracts.data import ObjectVersion
from services.chassis.problems import ProblemError, invalid
from services.connector.clients.s3 import Listed, S3Store
from services.connector.failures import ConnectorError
from services.connector.kinds.s3 import usable_key
from services.connector.service.looking import as_problem

_PART = 8 << 20
_MAX_KEY = 1_024


@dataclass
class _Upload:
    store: S3Store
    key: str
    id: str
    parts: list[dict[str, Any]]


class Files:
    """The files of a connection whose kind has files."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    async def page(self, store: S3Store, prefix: str, after: str | None, count: int) -> list[Listed]:
        """Up to `count` files below a prefix, after a key."""

        def read() -> list[Listed]:
            return list(islice(store.listing(prefix, after=after or "", page=min(count, 1_000)), count))

        try:
            return await asyncio.to_thread(read)
        except ConnectorError as error:
            raise as_problem(error) from None

    async def put(self, store: S3Store, key: str, body: AsyncIterator[bytes]) -> ObjectVersion:
        """Store a stream of bytes under a key; what ends early leaves nothing behind."""
        try:
            usable_key(key)
            if not key or key.endswith("/") or len(key.encode()) > _MAX_KEY:
                raise ValueError("must be the name of a file of at most 1,024 bytes")
        except ValueError as error:
            raise invalid([Problem(pointer="/path/key", code="key_invalid", message=str(error))]) from None
        try:
            return await self._put(store, key, body)
        except ConnectorError as error:
            raise as_problem(error) from None

    async def _put(self, store: S3Store, key: str, body: AsyncIterator[bytes]) -> ObjectVersion:
        waiting, size = bytearray(), 0
        upload: _Upload | None = None
        try:
            async for chunk in body:
                waiting += chunk
                size += len(chunk)
                if size > self._limit:
                    raise ProblemError(413, "body_too_large", f"A file has at most {self._limit} bytes.")
                while len(waiting) >= _PART:
                    if upload is None:
                        upload = await asyncio.to_thread(_begin, store, key)
                    part, waiting = bytes(waiting[:_PART]), waiting[_PART:]
                    await asyncio.to_thread(_add, upload, part)
            if upload is None:
                return await asyncio.to_thread(_put_whole, store, key, bytes(waiting))
            if waiting:
                await asyncio.to_thread(_add, upload, bytes(waiting))
            return await asyncio.to_thread(_complete, upload, size)
        except BaseException:
            if upload is not None:
                await asyncio.shield(asyncio.to_thread(_abort, upload))
            raise


def _put_whole(store: S3Store, key: str, body: bytes) -> ObjectVersion:
    with store.errors(key):
        answer = store.client.put_object(Bucket=store.bucket, Key=key, Body=body)
    return _version(store, key, answer, len(body))


def _begin(store: S3Store, key: str) -> _Upload:
    with store.errors(key):
        answer = store.client.create_multipart_upload(Bucket=store.bucket, Key=key)
    return _Upload(store, key, answer["UploadId"], [])


def _add(upload: _Upload, body: bytes) -> None:
    number = len(upload.parts) + 1
    with upload.store.errors(upload.key):
        answer = upload.store.client.upload_part(
            Bucket=upload.store.bucket, Key=upload.key, UploadId=upload.id, PartNumber=number, Body=body
        )
    upload.parts.append({"PartNumber": number, "ETag": answer["ETag"]})


def _complete(upload: _Upload, size: int) -> ObjectVersion:
    with upload.store.errors(upload.key):
        answer = upload.store.client.complete_multipart_upload(
            Bucket=upload.store.bucket,
            Key=upload.key,
            UploadId=upload.id,
            MultipartUpload={"Parts": upload.parts},  # type: ignore[typeddict-item]
        )
    return _version(upload.store, upload.key, answer, size)


def _abort(upload: _Upload) -> None:
    # The reason why it ends is the one to tell; a store that cannot even forget keeps a part for its own janitor.
    with suppress(ConnectorError), upload.store.errors(upload.key):
        upload.store.client.abort_multipart_upload(Bucket=upload.store.bucket, Key=upload.key, UploadId=upload.id)


def _version(store: S3Store, key: str, answer: Any, size: int) -> ObjectVersion:
    version = answer.get("VersionId")
    return ObjectVersion(
        bucket=store.bucket,
        key=key,
        etag=answer["ETag"].strip('"'),
        size=size,
        version_id=None if version in (None, "null") else version,
    )
