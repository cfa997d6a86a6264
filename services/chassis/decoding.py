"""From a Kafka message to an event with its envelope, or the reason why it is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.catalog import EVENTS, EventInvalid, EventUnknown, EventVersionUnknown, decode
from contracts.data import Contract
from contracts.envelope import Envelope, EnvelopeInvalid
from services.chassis.handlers import Handlers, Registered


@dataclass(slots=True)
class Heard:
    """An event, and who handles it."""

    record: Any
    envelope: Envelope
    event: Contract
    handler: Registered


@dataclass(slots=True)
class Passed:
    """A message that is none of this service's business; `unknown` when nobody here knows its type."""

    record: Any
    type: str
    unknown: bool


@dataclass(slots=True)
class Bad:
    """A message that can never be handled; neither the kind nor the reason holds a value of it."""

    record: Any
    kind: str
    reason: str
    type: str = "?"


Item = Heard | Passed | Bad


class Decoder:
    """Decodes the messages of one service's topics."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._stems = {_stem(name) for name in handlers.types}

    def decode(self, record: Any) -> Item:
        """Judge one message."""
        name = _type_name(record.headers)
        handler = self._handlers.of(name)
        if handler is None and name and _stem(name) not in self._stems:
            return Passed(record, name if name in EVENTS else "?", name not in EVENTS)
        label = name if name in EVENTS else "?"
        try:
            envelope = Envelope.from_headers(record.headers)
            if record.key != envelope.subject.encode("utf-8", "surrogatepass"):
                raise EnvelopeInvalid("the key is not the subject")
            event = decode(envelope, record.value or b"")
        except EnvelopeInvalid as error:
            return Bad(record, "envelope_invalid", str(error), label)
        except EventVersionUnknown as error:
            return Bad(record, "version_unknown", str(error), label)
        except EventInvalid as error:
            return Bad(record, "event_invalid", str(error), label)
        except EventUnknown:
            return Passed(record, "?", True)
        if handler is None:
            # Another version of a type that is handled, known to the catalog: this service does not want it.
            return Passed(record, envelope.type, False)
        return Heard(record, envelope, event, handler)


def _type_name(headers: Sequence[tuple[str, bytes]]) -> str:
    """The type that a message names, or nothing; found before the rest is judged, because most may be nobody's here."""
    for name, value in headers:
        if name == "ce_type":
            try:
                return value.decode()
            except (UnicodeDecodeError, AttributeError):
                return ""
    return ""


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
