"""Which events a rule means, and that a notification's identity does not depend on when it is made."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalog import EVENTS
from services.notification.rules import (
    PATTERN,
    Rule,
    matches,
    notification_id,
    pattern_matches,
    unknown_patterns,
)

SINCE = datetime(2026, 11, 21, tzinfo=UTC)


def rule(*events: str, **where: Any) -> Rule:
    values = {path.replace("__", "."): value if isinstance(value, tuple) else (value,) for path, value in where.items()}
    return Rule(uuid4(), "r", events, values, "log", "log", SINCE)


@pytest.mark.parametrize(
    ("pattern", "event_type", "expected"),
    [
        ("*", "run.finished.v1", True),
        ("*", "notification.delivered.v1", False),
        ("notification.*", "notification.delivered.v1", False),
        ("notification.delivered.v1", "notification.delivered.v1", False),
        ("run.*", "run.finished.v1", True),
        ("run.*", "runner.finished.v1", False),
        ("run.finished", "run.finished.v1", True),
        ("run.finished", "run.finished.v2", True),
        ("run.finished", "run.finished_badly.v1", False),
        ("run.finished.v1", "run.finished.v1", True),
        ("run.finished.v1", "run.finished.v12", False),
        ("drift.detected", "quarantine.opened.v1", False),
    ],
)
def test_patterns(pattern: str, event_type: str, expected: bool) -> None:
    assert pattern_matches(pattern, event_type) is expected


@given(st.sampled_from(sorted(EVENTS)))
def test_each_event_is_meant_by_its_own_names(event_type: str) -> None:
    area, name, _ = event_type.split(".")
    own = area == "notification"
    for pattern in ("*", f"{area}.*", f"{area}.{name}", event_type):
        assert PATTERN.fullmatch(pattern)
        assert pattern_matches(pattern, event_type) is not own


def test_a_misspelled_pattern_is_found() -> None:
    assert unknown_patterns(["run.*", "run.finnished", "drift.detected.v3", "notification.*", "*"], EVENTS) == [1, 2, 3]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, True),
        ({"outcome": "failed"}, True),
        ({"outcome": ("partial", "failed")}, True),
        ({"outcome": "partial"}, False),
        ({"outcome": "failed", "workflow": "flights"}, True),
        ({"outcome": "failed", "workflow": "other"}, False),
        ({"books__loaded": 0}, True),
        ({"books__loaded": False}, False),
        ({"books": 0}, False),
        ({"books__loaded__deeper": 0}, False),
        ({"not_there": None}, False),
        ({"error": None}, True),
    ],
)
def test_filters(where: dict[str, Any], expected: bool) -> None:
    payload = {"outcome": "failed", "workflow": "flights", "books": {"loaded": 0}, "error": None}
    assert matches(rule("run.*", **where), "run.finished.v1", SINCE, payload) is expected


def test_what_happened_before_the_rule_was_made_is_not_its_business() -> None:
    before, after = SINCE - timedelta(microseconds=1), SINCE
    assert not matches(rule("*"), "run.finished.v1", before, {})
    assert matches(rule("*"), "run.finished.v1", after, {})


@given(st.uuids(), st.uuids(), st.uuids())
def test_a_notification_is_the_same_for_the_same_rule_and_event(one: UUID, two: UUID, event: UUID) -> None:
    assert notification_id(one, event) == notification_id(one, event)
    assert (notification_id(one, event) == notification_id(two, event)) is (one == two)
