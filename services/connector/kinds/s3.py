"""The kind `s3`: a bucket of any store that speaks the protocol."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from contracts.commands.connector import Problem
from services.connector.kinds.base import Capabilities, Document, Kind, SecretDocument
from services.connector.kinds.file_formats import FORMATS, FileFormat, ParquetFormat, WrittenFormat

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must be http://host[:port] or https://host[:port]")
    if parts.username is not None or parts.password is not None or "@" in url or "\\" in url or "%" in parts.netloc:
        raise ValueError("must not hold a user, a password or escapes")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "#" in url or "?" in url:
        raise ValueError("must not hold a path, a query or a fragment")
    if _CONTROL.search(url) or " " in url:
        raise ValueError("must not hold spaces or control characters")
    return url.rstrip("/")


def usable_key(key: str) -> str:
    """A key or a prefix that is only ever a name inside its bucket; raises ValueError."""
    if key.startswith("/") or _CONTROL.search(key) or "\\" in key:
        raise ValueError("must not begin with a slash or hold backslashes or control characters")
    if any(part in (".", "..") for part in key.split("/")):
        raise ValueError("must not hold the folders '.' or '..'")
    return key


Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Name of the bucket")]
Secret = Annotated[str, Field(min_length=1, max_length=4_096, pattern=r"^[\x21-\x7e]+$")]


class S3Settings(Document):
    """Where the bucket is."""

    bucket: Bucket
    endpoint_url: Annotated[str, AfterValidator(_endpoint), Field(max_length=500)] | None = Field(
        default=None, description="The store's address; Amazon's, if not said"
    )
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]{1,50}$")
    addressing_style: Literal["auto", "path", "virtual"] = Field(
        default="auto", description="auto: by path when there is an endpoint_url"
    )


class S3Secrets(SecretDocument):
    """Who asks."""

    access_key_id: Secret
    secret_access_key: Secret
    session_token: Secret | None = None


class S3Selection(Document):
    """Which objects to read."""

    path: Annotated[str, AfterValidator(usable_key), Field(min_length=1, max_length=1_024)] = Field(
        description="A key or a pattern: * and ? within a folder, ** across folders", examples=["flights/*.csv"]
    )
    bucket: Bucket | None = Field(default=None, description="Must be the connection's bucket")
    format: FileFormat | None = Field(default=None, description="By the content of the file, if not said")


class S3Target(Document):
    """Where to write."""

    prefix: Annotated[str, AfterValidator(usable_key), Field(min_length=1, max_length=800)] = Field(
        description="The folder of the table; readers find its rows through the manifests below _modulardata/"
    )
    bucket: Bucket | None = Field(default=None, description="Must be the connection's bucket")
    format: WrittenFormat = Field(default_factory=lambda: ParquetFormat(kind="parquet"))

    @field_validator("prefix")
    @classmethod
    def _without_end(cls, prefix: str) -> str:
        stripped = prefix.strip("/")
        if not stripped:
            raise ValueError("must name a folder")
        return stripped


def _agree(settings: Any, document: Any) -> list[Problem]:
    if document.bucket is not None and document.bucket != settings.bucket:
        return [Problem(pointer="/bucket", code="bucket_differs", message="is not the connection's bucket")]
    return []


S3 = Kind(
    name="s3",
    title="S3 bucket",
    settings=S3Settings,
    secrets=S3Secrets,
    selection=S3Selection,
    target=S3Target,
    capabilities=Capabilities(
        source=True,
        destination=True,
        reads="objects",
        formats=FORMATS,
        write_modes=("append", "replace"),
        incremental=True,
        uploads=True,
        undo=True,
    ),
    bound=("endpoint_url", "bucket", "region"),
    agree=_agree,
)
