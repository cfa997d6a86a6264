"""The table from event types to handlers, and what a message is judged to be."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.catalog import type_of
from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.runs import RunFinished, RunRequested, RunStarted
from services.chassis.database import UnitOfWork
from services.chassis.decoding import Bad, Decoder, Heard, Passed
from services.chassis.handlers import FEW, MANY, Handlers

EVENT = RunRequested(
    run_id=uuid.UUID(int=1), workflow_id=uuid.UUID(int=2), workflow="w", workflow_version=1, trigger="manual"
)


async def one(work: UnitOfWork, event: Contract, envelope: Envelope) -> None:
    """Nothing."""


async def many(work: UnitOfWork, events: Sequence[tuple[Envelope, Contract]]) -> None:
    """Nothing."""


def record(**changes: Any) -> Any:
    """A message as the client hands it over."""
    envelope = Envelope(
        id=uuid.UUID(int=3),
        source="/services/orchestrator",
        type=type_of(EVENT),
        subject="k",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        tenant=uuid.UUID(int=4),
    )
    headers = dict(envelope.to_headers()) | changes.pop("headers", {})
    values = {"key": b"k", "value": EVENT.model_dump_json().encode()} | changes
    return SimpleNamespace(headers=[pair for pair in headers.items() if pair[1] is not ...], **values)


def test_one_handler_for_each_type_and_topics_follow() -> None:
    handlers = Handlers()
    handlers.on_batch([RunRequested, RunFinished], many)
    assert (handlers.topics, handlers.most_at_once) == (("runs",), MANY)
    handlers.on(RunStarted, one)
    assert handlers.most_at_once == FEW
    with pytest.raises(ValueError, match=r"run\.finished\.v1"):
        handlers.on(RunFinished, one)


def test_judgements() -> None:
    handlers = Handlers()
    handlers.on(RunRequested, one)
    decode = Decoder(handlers).decode
    heard = decode(record())
    assert isinstance(heard, Heard)
    assert heard.event == EVENT
    newer = decode(record(value=EVENT.model_dump_json().encode()[:-1] + b',"added_later": 1}'))
    assert isinstance(newer, Heard)
    passed = decode(record(headers={"ce_type": b"run.started.v1"}))
    assert isinstance(passed, Passed)
    assert not passed.unknown
    unknown = decode(record(headers={"ce_type": b"run.exploded.v1"}))
    assert isinstance(unknown, Passed)
    assert unknown.unknown
    # Another version of what is handled here may not pass by in silence.
    bad = decode(record(headers={"ce_type": b"run.requested.v2"}))
    assert isinstance(bad, Bad)
    assert bad.kind == "version_unknown"
    for changed in (
        {"value": b"{"},
        {"value": None},
        {"key": None},
        {"key": b"another"},
        {"headers": {"ce_tenant": ...}},
        {"headers": {"ce_tenant": b"nobody"}},
        {"headers": {"ce_id": b"\xff"}},
        {"headers": {"ce_type": b"\xff"}},
        {"headers": {"ce_type": ...}},
        {"headers": {"ce_specversion": b"2.0"}},
        {"headers": {"traceparent": None}},
    ):
        assert isinstance(decode(record(**changed)), Bad), changed
