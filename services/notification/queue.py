"""The deliveries that are due, across workspaces: taken by one process at a time, a fair share for each target."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.chassis.database import Database

# For each target its own first few, so that one with a thousand waiting does not keep the others from their turn.
_TAKE = text(
    "WITH waiting AS ("
    "  SELECT DISTINCT target FROM deliveries"
    "  WHERE state = 'pending' AND due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)"
    "), busy AS ("
    "  SELECT * FROM unnest(CAST(:targets AS text[]), CAST(:counts AS int[])) AS b (target, count)"
    "), picked AS ("
    "  SELECT due.id FROM waiting CROSS JOIN LATERAL ("
    "    SELECT id, due_at FROM deliveries"
    "    WHERE target = waiting.target AND state = 'pending' AND due_at <= :now"
    "      AND (leased_until IS NULL OR leased_until <= :now)"
    "    ORDER BY due_at, id"
    "    LIMIT greatest(0, CAST(:share AS int)"
    "                      - coalesce((SELECT count FROM busy WHERE busy.target = waiting.target), 0))"
    "    FOR UPDATE SKIP LOCKED"
    "  ) AS due ORDER BY due.due_at, due.id LIMIT :free"
    ") UPDATE deliveries SET leased_until = :until, attempts = attempts + 1"
    " FROM picked WHERE deliveries.id = picked.id"
    " RETURNING deliveries.id, deliveries.tenant, deliveries.rule_id, deliveries.rule, deliveries.type,"
    "  deliveries.run_id, deliveries.channel, deliveries.target, deliveries.body, deliveries.attempts,"
    "  deliveries.created_at"
)
_RULES = text("SELECT id, url, secret FROM rules WHERE id = ANY(CAST(:ids AS uuid[]))")
_FORGET_EVENTS = text(
    "DELETE FROM event_log WHERE event_id IN (SELECT event_id FROM event_log WHERE time < :before LIMIT :most)"
)
_FORGET_DELIVERIES = text(
    "DELETE FROM deliveries WHERE id IN"
    " (SELECT id FROM deliveries WHERE state <> 'pending' AND ended_at < :before LIMIT :most)"
)


@dataclass(frozen=True)
class Due:
    """A delivery this process has taken, with what its rule says about where it goes."""

    id: UUID
    tenant: UUID
    rule_id: UUID
    rule: str
    type: str
    run_id: UUID | None
    channel: str
    target: str
    body: Mapping[str, Any]
    attempts: int
    created_at: datetime
    url: str | None  # None: the rule is gone
    secret: bytes | None


async def take(
    database: Database,
    *,
    now: datetime,
    lease: timedelta,
    free: int,
    per_target: int,
    busy: Mapping[str, int],
) -> list[Due]:
    """Take up to `free` due deliveries, of which each target gets `per_target` less what it has under way."""
    async with database.system() as work:
        taken = (
            await work.connection.execute(
                _TAKE,
                {
                    "now": now,
                    "until": now + lease,
                    "free": free,
                    "share": per_target,
                    "targets": list(busy),
                    "counts": list(busy.values()),
                },
            )
        ).all()
        ids = sorted({row.rule_id for row in taken})
        found = (await work.connection.execute(_RULES, {"ids": ids})).all() if ids else []
    rules = {row.id: row for row in found}
    return [
        Due(
            **row._asdict(),
            url=rules[row.rule_id].url if row.rule_id in rules else None,
            secret=rules[row.rule_id].secret if row.rule_id in rules else None,
        )
        for row in taken
    ]


async def forget(database: Database, before: datetime, most: int = 5_000) -> int:
    """Remove events and ended deliveries from before a time, some at once; returns how many."""
    async with database.system() as work:
        gone = 0
        for statement in (_FORGET_EVENTS, _FORGET_DELIVERIES):
            result = await work.connection.execute(statement, {"before": before, "most": most})
            gone += result.rowcount
    return gone
