"""The sentences people get, and when a delivery is tried again."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalog import EVENTS
from contracts.data import Contract
from contracts.events.drift import DriftDetected
from contracts.events.runs import RunFinished
from services.notification.backoff import Backoff
from services.notification.channels.webhook import UrlInvalid, origin, parse_url
from services.notification.messages import describe, links
from services.notification.service import message_bytes

EXAMPLES = Path(__file__).resolve().parents[3] / "contracts" / "examples"
ID = UUID("01930000-0000-7000-8000-000000000000")


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_every_event_has_words(event_type: str) -> None:
    paths = sorted((EXAMPLES / event_type).glob("*.json"))
    assert paths
    for path in paths:
        event = EVENTS[event_type].model_validate_json(path.read_text())
        found = describe(event_type, event)
        assert found.summary
        assert found.summary[0].isupper() or found.summary[0].isalnum()
        assert "{" not in found.summary


def test_a_rename_says_which_column_what_it_became_and_what_to_do() -> None:
    event = DriftDetected(
        report_id=ID,
        run_id=ID,
        workflow_id=ID,
        workflow="flights",
        module="clean-flights",
        stream="main",
        decision="quarantine",
        changes=(),
        summary="Column `dep_delay` is gone; `departure_delay` looks like it (name 0.87, type fits).",
        advice="Rename it back.",
    )
    found = describe("drift.detected.v2", event)
    assert found.summary.startswith("Workflow flights: Column `dep_delay` is gone; `departure_delay` looks like it")
    assert found.advice == "Rename it back."
    assert links(event.model_dump(mode="json"), "http://here/") == {
        "run": f"http://here/api/runs/{ID}",
        "drift_report": f"http://here/api/drift-reports/{ID}",
    }


def _example(event_type: str, **changes: object) -> Contract:
    text = (EXAMPLES / event_type / "first.json").read_text()
    return EVENTS[event_type].model_validate(json.loads(text) | changes)


def test_who_is_asked_learns_what_until_when_and_what_silence_means() -> None:
    asked = describe("drift.review_opened.v1", _example("drift.review_opened.v1", advice="Compare both."))
    assert asked.summary == (
        "Workflow flights waits for a decision until 2026-01-05 12:00 UTC. "
        "Column `dep_delay` may have become `delay_1` or `delay_2`."
    )
    look = "`modulardata drift review 0192f0c1-0000-7000-8000-000000000001`"
    assert asked.advice == f"Compare both. {look} shows it and asks; without an answer it stays out."
    veto = describe("drift.review_opened.v1", _example("drift.review_opened.v1", veto=True, advice=""))
    assert veto.summary.startswith("Workflow flights goes on at 2026-01-05 12:00 UTC unless somebody objects. ")
    assert veto.advice == f"{look} shows it; with `--reject` it stays out."


def test_who_hears_of_a_decision_or_a_version_learns_what_comes_of_it() -> None:
    decided = describe("drift.review_decided.v1", _example("drift.review_decided.v1", outcome="rejected"))
    assert decided.summary == (
        "A change of what workflow flights reads was rejected; what came stays out: The values agree."
    )
    adapted = describe("drift.adapted.v1", _example("drift.adapted.v1"))
    assert adapted.summary.startswith(
        "Workflow flights goes on with version 2 of module clean-flights, made of version 1. Version 2 of flights reads"
    )
    assert "`modulardata modules rollback clean-flights`" in adapted.advice
    assert "`modulardata drift proof 0192f0c1-0000-7000-8000-000000000002`" in adapted.advice


def test_a_failed_run_says_why_and_a_long_reason_is_cut() -> None:
    event = RunFinished.model_validate(
        {
            "run_id": ID,
            "workflow_id": ID,
            "workflow": "flights",
            "outcome": "failed",
            "books": {},
            "error_code": "destination_full",
            "message": "x" * 50_000,
            "finished_at": datetime.now(UTC),
        }
    )
    found = describe("run.finished.v1", event)
    assert found.summary.startswith("A run of workflow flights failed (destination_full): xxx")
    assert len(found.summary) == 2_000


def test_an_event_without_words_of_its_own_has_its_name() -> None:
    event = EVENTS["identity.workspace_created.v1"].model_validate({"workspace_id": ID, "name": "main"})
    assert describe("identity.workspace_created.v1", event).summary == "Identity: workspace created."


def test_a_message_is_the_same_bytes_at_every_attempt() -> None:
    body = {"type": "a", "data": {"z": 1, "a": "é"}}
    stored = json.loads(json.dumps(body))
    assert message_bytes(body) == message_bytes(dict(reversed(stored.items())))


NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(
    attempts=st.integers(1, 10_000),
    jitter=st.floats(0, 1),
    age=st.integers(0, 24 * 3600),
    asked=st.none() | st.integers(0, 10**6),
)
def test_the_next_attempt_is_later_bounded_and_not_before_the_target_asked(
    attempts: int, jitter: float, age: int, asked: int | None
) -> None:
    backoff, created = Backoff(), NOW - timedelta(seconds=age)
    retry_after = None if asked is None else timedelta(seconds=asked)
    due = backoff.next(attempts=attempts, now=NOW, created_at=created, jitter=jitter, retry_after=retry_after)
    if due is None:
        latest = max(backoff.most, retry_after or timedelta(0))
        assert NOW + latest > created + backoff.deadline
    else:
        assert due <= created + backoff.deadline
        assert due - NOW >= (retry_after or timedelta(0))
        assert due - NOW >= min(backoff.most, backoff.base * 2 ** min(attempts - 1, 20)) / 2
        assert due - NOW <= max(backoff.most, retry_after or timedelta(0))


def test_waits_grow() -> None:
    waits = [Backoff().next(attempts=n, now=NOW, created_at=NOW, jitter=1.0) for n in range(1, 12)]
    assert [(due - NOW).total_seconds() for due in waits if due] == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example/x",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "http:///x",
        "http://user:secret@hooks.example/",
        "http://user@hooks.example/",
        "http://good%00.evil/",
        "http://a\\b/",
        "http://a b/",
        "http://a:99999/",
        "http://a:0/",
        "http://\ud800/",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
def test_what_is_no_address_for_a_webhook(text: str) -> None:
    with pytest.raises(UrlInvalid) as caught:
        parse_url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://hooks.example/a?b=c", "https://hooks.example:443"),
        ("http://HOOKS.example/", "http://hooks.example:80"),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9"),
        ("http://evil#@good", "http://evil:80"),
    ],
)
def test_what_shares_a_limit(text: str, expected: str) -> None:
    assert origin(parse_url(text)) == expected
