"""The envelope of every event: CloudEvents 1.0 attributes in Kafka headers, binary mode."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
MAX_PAYLOAD_BYTES = 64 * 1024

Headers = Sequence[tuple[str, bytes]]


# Header → attribute; other headers are other people's.
_FIELDS = {
    "ce_specversion": "specversion",
    "ce_id": "id",
    "ce_source": "source",
    "ce_type": "type",
    "ce_subject": "subject",
    "ce_time": "time",
    "ce_tenant": "tenant",
    "ce_run": "run",
    "traceparent": "traceparent",
}


class EnvelopeInvalid(Exception):
    """The headers of a message are not those of one of our events."""


class Envelope(BaseModel):
    """Who said what about which tenant, when, and in which trace."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    source: str  # /services/<name>
    type: str  # run.finished.v1
    subject: str  # the aggregate's id; also the Kafka key
    time: datetime
    tenant: UUID
    run: UUID | None = None
    traceparent: str | None = None

    def to_headers(self) -> list[tuple[str, bytes]]:
        """The Kafka headers of this envelope."""
        headers = {
            "ce_specversion": SPEC_VERSION,
            "ce_id": str(self.id),
            "ce_source": self.source,
            "ce_type": self.type,
            "ce_subject": self.subject,
            "ce_time": self.time.isoformat(),
            "ce_tenant": str(self.tenant),
            "content-type": CONTENT_TYPE,
        }
        if self.run is not None:
            headers["ce_run"] = str(self.run)
        if self.traceparent is not None:
            headers["traceparent"] = self.traceparent
        return [(name, value.encode()) for name, value in headers.items()]

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> "Envelope":
        """Read the envelope back; raises EnvelopeInvalid with a reason that holds no value of the message."""
        try:
            found = {_FIELDS[name]: value.decode() for name, value in headers if name in _FIELDS}
        except (UnicodeDecodeError, AttributeError):
            raise EnvelopeInvalid("a header is not UTF-8 text") from None
        if found.pop("specversion", None) != SPEC_VERSION:
            raise EnvelopeInvalid("header 'ce_specversion' is not 1.0")
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            where = ", ".join(sorted({f"ce_{item['loc'][0]}" for item in error.errors() if item["loc"]}))
            raise EnvelopeInvalid(f"missing or malformed headers: {where}") from None
