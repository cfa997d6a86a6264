"""Which events a rule speaks of: patterns over event types, and equality with fields of the event; pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

# `*`, `drift.*`, `run.finished` (any version of it) or `run.finished.v1`.
PATTERN = re.compile(r"\*|[a-z]+\.(\*|[a-z_]+(\.v[1-9][0-9]{0,3})?)")
# Notifications about notifications would not end.
OWN = "notification."

Scalar = bool | int | float | str | None


@dataclass(frozen=True)
class Rule:
    """Events to tell about, and since when."""

    id: UUID
    name: str
    events: tuple[str, ...]
    where: Mapping[str, tuple[Scalar, ...]]  # dotted path into the event → the values it may have
    channel: str
    target: str
    created_at: datetime


def pattern_matches(pattern: str, event_type: str) -> bool:
    """Whether an event type is one that the pattern means."""
    if event_type.startswith(OWN):
        return False
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return event_type == pattern or event_type.rpartition(".")[0] == pattern


def means(rule: Rule, event_type: str) -> bool:
    """Whether a rule is about events of this type at all."""
    return any(pattern_matches(pattern, event_type) for pattern in rule.events)


def matches(rule: Rule, event_type: str, time: datetime, payload: Mapping[str, Any]) -> bool:
    """Whether a rule speaks of an event. What happened before the rule was made is not its business."""
    return (
        time >= rule.created_at
        and means(rule, event_type)
        and all(_equals(payload, path, values) for path, values in rule.where.items())
    )


def unknown_patterns(patterns: Iterable[str], event_types: Iterable[str]) -> list[int]:
    """The places of patterns that no event there is would match: a misspelled one must not be silent for ever."""
    types = list(event_types)
    return [
        place
        for place, pattern in enumerate(patterns)
        if not any(pattern_matches(pattern, event_type) for event_type in types)
    ]


def notification_id(rule: UUID, event: UUID) -> UUID:
    """The same rule and event give the same notification, however often the event is heard."""
    return uuid5(rule, str(event))


_MISSING = object()


def _equals(payload: Mapping[str, Any], path: str, values: tuple[Scalar, ...]) -> bool:
    found: Any = payload
    for part in path.split("."):
        found = found.get(part, _MISSING) if isinstance(found, Mapping) else _MISSING
    # `True == 1` in Python; in a rule it is not.
    return any(found == value and isinstance(found, bool) == isinstance(value, bool) for value in values)
