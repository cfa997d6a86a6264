"""The kind `s3`: a bucket of any store that speaks the protocol."""

import codecs
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from contracts.commands.connector import Problem
from services.connector.formats.base import Answer
from services.connector.kinds.base import Capabilities, Document, Kind, SecretDocument

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


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise ValueError("is not a known encoding") from None
    if not found._is_text_encoding:
        raise ValueError("is not an encoding of texts")
    return {"utf-8-sig": "utf-8", "utf_8_sig": "utf-8"}.get(found.name, found.name)


Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Name of the bucket")]
Sign = Annotated[str, Field(pattern=r"^[\x09\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]$")]
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


class CsvFormat(Document):
    """Delimited text. What is not said is found out from the file."""

    kind: Literal["csv"]
    delimiter: Sign | None = None
    quote: Sign | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding), Field(max_length=40)] | None = None
    header: bool | None = None
    columns: dict[str, Answer] | None = Field(
        default=None, description='Answers to what single columns leave open, e.g. {"day": "day_first"}'
    )
    member: str | None = Field(default=None, max_length=1_000, description="The file to read in an archive of several")


class ParquetFormat(Document):
    """Apache Parquet."""

    kind: Literal["parquet"]
    member: str | None = Field(default=None, max_length=1_000, description="The file to read in an archive of several")


class JsonFormat(Document):
    """A JSON document, or one record a line."""

    kind: Literal["json", "jsonl"]
    records: str | None = Field(default=None, max_length=1_000, description="JSON pointer to the records")
    member: str | None = Field(default=None, max_length=1_000, description="The file to read in an archive of several")


class WorkbookFormat(Document):
    """A sheet of a workbook; the first visible one, if none is named."""

    kind: Literal["xlsx", "xls", "ods"]
    sheet: str | None = Field(default=None, max_length=255)
    header: bool | None = None
    columns: dict[str, Answer] | None = Field(
        default=None, description='Answers to what single columns leave open, e.g. {"day": "day_first"}'
    )
    member: str | None = Field(default=None, max_length=1_000, description="The file to read in an archive of several")


Format = Annotated[CsvFormat | ParquetFormat, Field(discriminator="kind")]
AnyFormat = Annotated[CsvFormat | ParquetFormat | JsonFormat | WorkbookFormat, Field(discriminator="kind")]


class S3Selection(Document):
    """Which objects to read."""

    path: Annotated[str, AfterValidator(usable_key), Field(min_length=1, max_length=1_024)] = Field(
        description="A key or a pattern: * and ? within a folder, ** across folders", examples=["flights/*.csv"]
    )
    bucket: Bucket | None = Field(default=None, description="Must be the connection's bucket")
    format: AnyFormat | None = Field(default=None, description="By the content of the file, if not said")


class S3Target(Document):
    """Where to write."""

    prefix: Annotated[str, AfterValidator(usable_key), Field(min_length=1, max_length=800)] = Field(
        description="The folder of the table; readers find its rows through the manifests below _modulardata/"
    )
    bucket: Bucket | None = Field(default=None, description="Must be the connection's bucket")
    format: Format = Field(default_factory=lambda: ParquetFormat(kind="parquet"))

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
        formats=("csv", "parquet", "json", "jsonl", "xlsx", "xls", "ods"),
        write_modes=("append", "replace"),
        incremental=True,
        uploads=True,
    ),
    bound=("endpoint_url", "bucket", "region"),
    agree=_agree,
)
