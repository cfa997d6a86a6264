"""What notification reads and writes in PostgreSQL for one tenant."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.topics import topic_of
from services.chassis.database import UnitOfWork
from services.notification.rules import Rule
from services.notification.tables import deliveries, event_log, rules

# Positions become visible in their order: who reads on from the last one seen misses nothing.
_IN_ORDER = text("SELECT pg_advisory_xact_lock(hashtextextended('event_log ' || CAST(:tenant AS text), 0))")
_APPEND = text(
    "INSERT INTO event_log (tenant, event_id, type, topic, key, run_id, time, payload)"
    " SELECT CAST(:tenant AS uuid), id, type, topic, key, run_id, time, CAST(payload AS json)"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:topics AS text[]), CAST(:keys AS text[]),"
    " CAST(:runs AS uuid[]), CAST(:times AS timestamptz[]), CAST(:payloads AS text[]))"
    " AS t (id, type, topic, key, run_id, time, payload)"
    " ON CONFLICT (event_id) DO NOTHING"
)


async def append_events(work: UnitOfWork, events: Sequence[tuple[Envelope, Contract]]) -> None:
    """Add events to the tenant's log; one that is there already is left as it is."""
    await work.connection.execute(_IN_ORDER, {"tenant": str(work.tenant)})
    await work.connection.execute(
        _APPEND,
        {
            "tenant": work.tenant,
            "ids": [envelope.id for envelope, _ in events],
            "types": [envelope.type for envelope, _ in events],
            "topics": [topic_of(envelope.type).name for envelope, _ in events],
            "keys": [envelope.subject for envelope, _ in events],
            "runs": [envelope.run for envelope, _ in events],
            "times": [envelope.time for envelope, _ in events],
            "payloads": [event.model_dump_json() for _, event in events],
        },
    )


async def list_events(
    work: UnitOfWork,
    *,
    pattern: str | None,
    run_id: UUID | None,
    after: int | None,
    before: int | None,
    limit: int,
) -> list[RowMapping]:
    """Events newest first; with `after`, those that follow a position, oldest first."""
    query = select(event_log).where(event_log.c.tenant == work.tenant)
    if pattern is not None and pattern != "*":
        if pattern.endswith(".*"):
            query = query.where(event_log.c.type.startswith(pattern[:-1], autoescape=True))
        else:
            query = query.where(
                or_(event_log.c.type == pattern, event_log.c.type.startswith(f"{pattern}.v", autoescape=True))
            )
    if run_id is not None:
        query = query.where(event_log.c.run_id == run_id)
    if before is not None:
        query = query.where(event_log.c.position < before)
    if after is not None:
        query = query.where(event_log.c.position > after).order_by(event_log.c.position)
    else:
        query = query.order_by(event_log.c.position.desc())
    return list((await work.connection.execute(query.limit(limit))).mappings())


async def all_rules(work: UnitOfWork) -> list[Rule]:
    """The tenant's rules."""
    found = await work.connection.execute(select(rules).where(rules.c.tenant == work.tenant).order_by(rules.c.id))
    return [rule_of(row) for row in found.mappings()]


def rule_of(row: RowMapping) -> Rule:
    """A stored rule."""
    return Rule(
        id=row["id"],
        name=row["name"],
        events=tuple(row["events"]),
        where={path: tuple(values) for path, values in row["where"].items()},
        channel=row["channel"],
        target=row["target"],
        created_at=row["created_at"],
    )


async def add_rule(work: UnitOfWork, values: dict[str, Any]) -> RowMapping | None:
    """Store a rule; None when the name is taken."""
    added = await work.connection.execute(
        insert(rules)
        .values(tenant=work.tenant, **values)
        .on_conflict_do_nothing(constraint="rules_name")
        .returning(rules)
    )
    row: RowMapping | None = added.mappings().one_or_none()
    return row


async def get_rule(work: UnitOfWork, name: str) -> RowMapping | None:
    """A rule by name."""
    found = await work.connection.execute(select(rules).where(rules.c.tenant == work.tenant, rules.c.name == name))
    return found.mappings().one_or_none()


async def list_rules(work: UnitOfWork, *, after: str | None, limit: int) -> list[RowMapping]:
    """Rules by name."""
    query = select(rules).where(rules.c.tenant == work.tenant)
    if after is not None:
        query = query.where(rules.c.name > after)
    return list((await work.connection.execute(query.order_by(rules.c.name).limit(limit))).mappings())


async def delete_rule(work: UnitOfWork, name: str) -> bool:
    """Remove a rule; False when there is none."""
    gone = await work.connection.execute(
        delete(rules).where(rules.c.tenant == work.tenant, rules.c.name == name).returning(rules.c.id)
    )
    return gone.scalar_one_or_none() is not None


async def add_deliveries(work: UnitOfWork, values: Sequence[dict[str, Any]]) -> None:
    """Owe notifications; one that is owed or was sent already is left as it is."""
    if values:
        await work.connection.execute(
            insert(deliveries).on_conflict_do_nothing(index_elements=["id"]),
            [{"tenant": work.tenant, **value} for value in values],
        )


async def get_delivery(work: UnitOfWork, delivery_id: UUID) -> RowMapping | None:
    """One notification."""
    found = await work.connection.execute(
        select(deliveries).where(deliveries.c.tenant == work.tenant, deliveries.c.id == delivery_id)
    )
    return found.mappings().one_or_none()


async def list_deliveries(
    work: UnitOfWork, *, state: str | None, rule: str | None, after: tuple[Any, UUID] | None, limit: int
) -> list[RowMapping]:
    """Notifications, newest first."""
    table = deliveries
    query = select(table).where(table.c.tenant == work.tenant)
    if state is not None:
        query = query.where(table.c.state == state)
    if rule is not None:
        query = query.where(table.c.rule == rule)
    if after is not None:
        query = query.where(tuple_(table.c.created_at, table.c.id) < tuple_(*after))
    query = query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    return list((await work.connection.execute(query)).mappings())


async def end_delivery(work: UnitOfWork, delivery_id: UUID, state: str, error: str | None) -> bool:
    """Note how a delivery ended; False when that was noted before."""
    ended = await work.connection.execute(
        update(deliveries)
        .where(deliveries.c.tenant == work.tenant, deliveries.c.id == delivery_id, deliveries.c.state == "pending")
        .values(state=state, last_error=error, ended_at=work.clock.now(), leased_until=None)
        .returning(deliveries.c.id)
    )
    return ended.scalar_one_or_none() is not None


async def put_off(work: UnitOfWork, delivery_id: UUID, attempts: int, due_at: Any, error: str) -> None:
    """Note a failed attempt and when the next one is due, unless another process has taken it over since."""
    await work.connection.execute(
        update(deliveries)
        .where(
            deliveries.c.tenant == work.tenant,
            deliveries.c.id == delivery_id,
            deliveries.c.state == "pending",
            deliveries.c.attempts == attempts,
        )
        .values(due_at=due_at, last_error=error, leased_until=None)
    )
