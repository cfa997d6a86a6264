"""Speaks S3 with somebody else's store: checked addresses, limits on every wait, and verdicts for what fails."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from contracts.data import ObjectVersion
from contracts.runs import ErrorType
from services.chassis.egress import Egress, EgressRefused, HostUnknown
from services.connector.classification import of_s3
from services.connector.failures import ConnectorError
from services.connector.kinds.s3 import S3Secrets, S3Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_RESOLVED_SECONDS = 30.0
_OWN_MARK = "size-and-time-"
# An address in the process's environment is not this connection's.
_OWN_ENDPOINT: dict[str, Any] = {"ignore_configured_endpoint_urls": True}


@dataclass(frozen=True)
class S3Waits:
    """Seconds until a wait is given up, and how often a request is tried."""

    connect: float = 5.0
    read: float = 60.0
    attempts: int = 3


@dataclass(frozen=True)
class Listed:
    """One line of a listing."""

    key: str
    etag: str
    size: int
    modified: datetime

    def version_in(self, bucket: str) -> ObjectVersion:
        """The object version as windows and events name it."""
        return ObjectVersion(bucket=bucket, key=self.key, etag=self.etag, size=self.size)


class S3Factory:
    """Makes clients; one for each process, because the driver's description of the protocol is large."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._lock = threading.Lock()
        self._session: Any = None

    def client(self, settings: S3Settings, secrets: S3Secrets, waits: S3Waits) -> "S3Client":
        """A client that asks for each request whether its host may be reached."""
        import boto3.session
        from botocore.config import Config

        style = settings.addressing_style
        if style == "auto" and settings.endpoint_url is not None:
            style = "path"
        with self._lock:
            if self._session is None:
                self._session = boto3.session.Session()
            client: S3Client = self._session.client(
                "s3",
                endpoint_url=settings.endpoint_url,
                region_name=settings.region,
                aws_access_key_id=secrets.access_key_id,
                aws_secret_access_key=secrets.secret_access_key,
                aws_session_token=secrets.session_token,
                config=Config(
                    signature_version="s3v4",
                    s3={"addressing_style": style},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    connect_timeout=waits.connect,
                    read_timeout=waits.read,
                    retries={"total_max_attempts": waits.attempts, "mode": "standard"},
                    max_pool_connections=10,
                    proxies={},
                    **_OWN_ENDPOINT,
                ),
            )
        client.meta.events.register("before-send.s3", _Door(self._egress))
        return client


class _Door:
    """Called before each request, redirected ones among them."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._passed: dict[tuple[str, int], float] = {}

    def __call__(self, request: Any, **_: Any) -> None:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if time.monotonic() - self._passed.get((host, port), float("-inf")) > _RESOLVED_SECONDS:
            self._egress.resolve(host, port)
            self._passed[host, port] = time.monotonic()


@dataclass(frozen=True)
class Fetched:
    """An object's body as a stream, and what its writer noted about it."""

    body: Any
    metadata: Mapping[str, str]


class S3Store:
    """One bucket through one connection."""

    def __init__(
        self, factory: S3Factory, settings: S3Settings, secrets: S3Secrets, waits: S3Waits | None = None
    ) -> None:
        self._factory = factory
        self._settings = settings
        self._secrets = secrets
        self._waits = waits or S3Waits()
        self._client: S3Client | None = None
        self.clock_difference = timedelta()  # how far the store's clock was ahead of ours when it last listed

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._settings.bucket

    @property
    def where(self) -> str:
        """The bucket in words, without who asks."""
        return f"S3 bucket {self.bucket}" + (
            f" at {self._settings.endpoint_url}" if self._settings.endpoint_url else ""
        )

    @property
    def client(self) -> "S3Client":
        """The driver's client; use it inside `errors`."""
        if self._client is None:
            self._client = self._factory.client(self._settings, self._secrets, self._waits)
        return self._client

    @contextmanager
    def errors(self, what: str | None = None) -> Iterator[None]:
        """The driver's exceptions as verdicts."""
        where = f"{self.where}, {what}" if what else self.where
        try:
            yield
        except HostUnknown:
            raise ConnectorError(ErrorType.UNREACHABLE_DNS, f"{where}: the host name is not known.") from None
        except EgressRefused as error:
            raise ConnectorError(ErrorType.CONFIGURATION_INVALID, f"{where}: {error}.") from None
        except ConnectorError:
            raise
        except Exception as error:
            found = of_s3(error, where)
            if found is None:
                raise
            raise found from None

    def listing(self, prefix: str, *, after: str = "", page: int = 1_000) -> Iterator[Listed]:
        """All objects below a prefix in the order of their keys, page after page."""
        asked: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix, "MaxKeys": page}
        if after:
            asked["StartAfter"] = after
        while True:
            with self.errors():
                answer = self.client.list_objects_v2(**asked)
            self._compare_clocks(answer["ResponseMetadata"]["HTTPHeaders"].get("date"))
            for item in answer.get("Contents", []):
                yield Listed(
                    item["Key"], _etag(item, item["Size"], item["LastModified"]), item["Size"], item["LastModified"]
                )
            if not answer.get("IsTruncated"):
                return
            asked["ContinuationToken"] = answer["NextContinuationToken"]

    def _compare_clocks(self, date: str | None) -> None:
        with suppress(TypeError, ValueError):
            self.clock_difference = parsedate_to_datetime(date or "") - datetime.now(UTC)

    def head(self, key: str) -> tuple[ObjectVersion, datetime]:
        """The version that is there now, with its version id where the bucket keeps versions."""
        with self.errors(key):
            found = self.client.head_object(Bucket=self.bucket, Key=key)
        version = found.get("VersionId")
        return (
            ObjectVersion(
                bucket=self.bucket,
                key=key,
                etag=_etag(found, found["ContentLength"], found["LastModified"]),
                size=found["ContentLength"],
                version_id=None if version in (None, "null") else version,
            ),
            found["LastModified"],
        )

    def get(self, object: ObjectVersion, *, first: int | None = None) -> Fetched:
        """The body of exactly this version as a stream; raises OBJECT_CHANGED when it is another one by now."""
        asked: dict[str, Any] = {"Bucket": self.bucket, "Key": object.key}
        if not object.etag.startswith(_OWN_MARK):
            asked["IfMatch"] = f'"{object.etag}"'
        if object.version_id is not None:
            asked["VersionId"] = object.version_id
        if first is not None:
            asked["Range"] = f"bytes=0-{first - 1}"
        with self.errors(object.key):
            answer = self.client.get_object(**asked)
        # Not every store minds the condition.
        if _etag(answer, _whole_size(answer), answer["LastModified"]) != object.etag:
            answer["Body"].close()
            raise ConnectorError(
                ErrorType.OBJECT_CHANGED, f"{self.where}, {object.key}: the object has changed since it was seen."
            )
        return Fetched(answer["Body"], answer.get("Metadata", {}))


def _etag(answer: Any, size: int, modified: datetime) -> str:
    """The ETag without its quotes. A file that got into the store past its front door has none: a mark of ours."""
    found = answer.get("ETag")
    return found.strip('"') if found else f"{_OWN_MARK}{size}-{int(modified.timestamp())}"


def _whole_size(answer: Any) -> int:
    total = (answer.get("ContentRange") or "").rpartition("/")[2]
    return int(total) if total.isdigit() else int(answer["ContentLength"])
