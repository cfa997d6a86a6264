"""Every example ever committed parses for ever: they are what consumers may still find in a topic."""

import json
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from contracts.catalog import EVENTS, EventInvalid, EventUnknown, EventVersionUnknown, decode
from contracts.envelope import Envelope, EnvelopeInvalid

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "contracts" / "examples").glob("*/*.json"))


def envelope(event_type: str) -> Envelope:
    return Envelope(
        id=uuid.uuid4(),
        source="/services/any",
        type=event_type,
        subject="any",
        time=datetime.now(UTC),
        tenant=uuid.uuid4(),
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_parses(path: Path) -> None:
    body = path.read_bytes()
    event = decode(envelope(path.parent.name), body)
    schema = json.loads((ROOT / "contracts" / "schemas" / "events" / f"{path.parent.name}.json").read_text())
    jsonschema.validate(json.loads(body), schema)
    assert type(event) is EVENTS[path.parent.name]


def test_every_event_has_an_example() -> None:
    assert {path.parent.name for path in EXAMPLES} == set(EVENTS)


def test_no_example_was_edited_or_removed() -> None:
    """An example is a message that somebody has stored; a new shape gets a new file beside it."""
    log = subprocess.run(
        ["git", "log", "--diff-filter=MDR", "--name-status", "--format=", "--", "contracts/examples"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert log.strip() == ""


def test_a_newer_producer_is_understood() -> None:
    path = ROOT / "contracts" / "examples" / "run.started.v1" / "first.json"
    body = json.loads(path.read_text()) | {"a_field_of_tomorrow": 1}
    assert decode(envelope("run.started.v1"), json.dumps(body).encode())


@pytest.mark.parametrize(
    ("event_type", "body", "error"),
    [
        ("run.danced.v1", b"{}", EventUnknown),
        ("run.started.v9", b"{}", EventVersionUnknown),
        ("run.started.v1", b"\xff\xfe", EventInvalid),
        ("run.started.v1", b'{"run_id": "CANARY"}', EventInvalid),
    ],
)
def test_what_cannot_be_decoded_says_so_without_its_values(
    event_type: str, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        decode(envelope(event_type), body)
    assert "CANARY" not in str(caught.value)


def test_an_envelope_comes_back_as_it_went() -> None:
    sent = envelope("run.started.v1")
    assert Envelope.from_headers(sent.to_headers()) == sent


@pytest.mark.parametrize("missing", ["ce_specversion", "ce_id", "ce_type", "ce_tenant", "ce_time"])
def test_an_envelope_without_a_needed_header_is_refused(missing: str) -> None:
    headers = [(name, value) for name, value in envelope("run.started.v1").to_headers() if name != missing]
    with pytest.raises(EnvelopeInvalid, match=missing):
        Envelope.from_headers(headers)
