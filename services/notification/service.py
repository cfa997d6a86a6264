"""Keeping the event log, owing notifications, and managing the rules that cause them."""

import json
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.catalog import EVENTS
from contracts.commands.connector import Problem
from contracts.data import Contract
from contracts.envelope import Envelope
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid, not_found
from services.chassis.sealing import Sealer
from services.notification import repository
from services.notification.messages import Sentences, describe, links
from services.notification.rules import Rule, Scalar, matches, means, notification_id, unknown_patterns

SECRET_BYTES = 32


@dataclass(frozen=True)
class NewRule:
    """A rule as a person asks for it."""

    name: str
    events: tuple[str, ...]
    where: dict[str, tuple[Scalar, ...]]
    channel: str
    url: str
    target: str


class EventLog:
    """Takes in what happened, and owes the notifications that rules ask for."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    async def take(self, work: UnitOfWork, events: Sequence[tuple[Envelope, Contract]]) -> None:
        """Append a tenant's events to its log and make the deliveries its rules lead to."""
        await repository.append_events(work, events)
        rules = await repository.all_rules(work)
        if not rules:
            return
        owed = []
        meant = {name: [rule for rule in rules if means(rule, name)] for name in {e.type for e, _ in events}}
        for envelope, event in events:
            if not meant[envelope.type]:
                continue
            payload = event.model_dump(mode="json")
            for rule in meant[envelope.type]:
                if matches(rule, envelope.type, envelope.time, payload):
                    owed.append(self._delivery(work, rule, envelope, payload, describe(envelope.type, event)))
        await repository.add_deliveries(work, owed)

    async def test(self, work: UnitOfWork, name: str) -> UUID:
        """Owe a notification that only says that the rule's channel works."""
        row = await repository.get_rule(work, name)
        if row is None:
            raise not_found()
        rule, now = repository.rule_of(row), work.clock.now()
        event = Envelope(
            id=work.ids.new(),
            source="/services/notification",
            type="notification.test.v1",
            subject=str(rule.id),
            time=now,
            tenant=work.tenant,
        )
        words = Sentences(f"This is a test of the rule {rule.name}.", "Nothing has to be done.")
        delivery = self._delivery(work, rule, event, {}, words)
        await repository.add_deliveries(work, [delivery])
        identity: UUID = delivery["id"]
        return identity

    def _delivery(
        self, work: UnitOfWork, rule: Rule, envelope: Envelope, payload: dict[str, Any], words: Sentences
    ) -> dict[str, Any]:
        now = work.clock.now()
        return {
            "id": notification_id(rule.id, envelope.id),
            "rule_id": rule.id,
            "rule": rule.name,
            "event_id": envelope.id,
            "type": envelope.type,
            "run_id": envelope.run,
            "channel": rule.channel,
            "target": rule.target,
            "body": {
                "type": envelope.type,
                "time": envelope.time.isoformat(),
                "tenant": str(work.tenant),
                "summary": words.summary,
                "advice": words.advice,
                "data": payload,
                "links": links(payload, self._public_url),
            },
            "state": "pending",
            "attempts": 0,
            "due_at": now,
            "created_at": now,
        }


class Rules:
    """The rules of workspaces, with the secrets their webhooks are signed with."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def add(self, work: UnitOfWork, new: NewRule, by: UUID) -> tuple[RowMapping, str | None]:
        """Store a rule. A webhook's secret is made here, and shown this once."""
        unknown = unknown_patterns(new.events, EVENTS)
        if unknown:
            message = "matches no event there is (or only notifications themselves)"
            raise invalid([Problem(pointer=f"/events/{i}", code="event_unknown", message=message) for i in unknown])
        rule_id = work.ids.new()
        secret = f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}" if new.channel == "webhook" else None
        row = await repository.add_rule(
            work,
            {
                "id": rule_id,
                "name": new.name,
                "events": list(new.events),
                "where": {path: list(values) for path, values in new.where.items()},
                "channel": new.channel,
                "url": new.url,
                "target": new.target,
                "secret": secret and self._sealer.seal(secret.encode(), secret_context(work.tenant, rule_id)),
                "created_at": work.clock.now(),
                "created_by": by,
            },
        )
        if row is None:
            raise conflict(f"There is a rule {new.name!r} already.", "name_taken")
        return row, secret

    async def get(self, work: UnitOfWork, name: str) -> RowMapping:
        """A rule, or the problem that there is none."""
        row = await repository.get_rule(work, name)
        if row is None:
            raise not_found()
        return row

    async def remove(self, work: UnitOfWork, name: str) -> None:
        """Remove a rule; what it still owed will count as undelivered."""
        if not await repository.delete_rule(work, name):
            raise not_found()


def secret_context(tenant: UUID, rule: UUID) -> tuple[str, ...]:
    """The place a webhook secret is sealed for."""
    return ("notification", "rule", str(tenant), str(rule), "webhook-secret")


def message_bytes(body: dict[str, Any]) -> bytes:
    """A message as it is sent: the same bytes at every attempt."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "replace")
