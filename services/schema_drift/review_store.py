"""Reviews in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import UnitOfWork
from services.schema_drift.tables import drift_reviews


async def add_review(work: UnitOfWork, values: dict[str, Any]) -> bool:
    """Open a review; False when the proposal has one."""
    added = await work.connection.execute(
        insert(drift_reviews)
        .values(tenant=work.tenant, state="open", **values)
        .on_conflict_do_nothing(constraint="drift_reviews_once")
        .returning(drift_reviews.c.id)
    )
    return added.scalar_one_or_none() is not None


async def get_review(work: UnitOfWork, review_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """One review; locked, it stays as it is until this transaction ends."""
    query = select(drift_reviews).where(drift_reviews.c.tenant == work.tenant, drift_reviews.c.id == review_id)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def review_of(work: UnitOfWork, proposal_id: UUID) -> RowMapping | None:
    """The review in which a proposal was asked about, or the one that it came out of."""
    table = drift_reviews
    found = await work.connection.execute(
        select(table).where(
            table.c.tenant == work.tenant, (table.c.proposal_id == proposal_id) | (table.c.edited == proposal_id)
        )
    )
    return found.mappings().first()


async def asking_the_same(work: UnitOfWork, review: RowMapping) -> list[RowMapping]:
    """The other reviews that wait with the same question of the same workflow, locked, oldest first."""
    if review["change_key"] is None:
        return []
    table = drift_reviews
    found = await work.connection.execute(
        select(table)
        .where(
            table.c.tenant == work.tenant,
            table.c.workflow_id == review["workflow_id"],
            table.c.stream == review["stream"],
            table.c.change_key == review["change_key"],
            table.c.base_version == review["base_version"],
            table.c.state == "open",
            table.c.id != review["id"],
        )
        .order_by(table.c.id)
        .with_for_update()
    )
    return list(found.mappings())


async def list_reviews(
    work: UnitOfWork, *, state: str | None, workflow: str | None, after: UUID | None, limit: int
) -> list[RowMapping]:
    """Reviews, newest first. `closed` are all that are not open."""
    table = drift_reviews
    query = select(table).where(table.c.tenant == work.tenant)
    if state is not None:
        query = query.where(table.c.state != "open" if state == "closed" else table.c.state == state)
    if workflow is not None:
        query = query.where(table.c.workflow == workflow)
    if after is not None:
        query = query.where(table.c.id < after)
    found = await work.connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return list(found.mappings())


async def close_review(
    work: UnitOfWork,
    review_id: UUID,
    state: str,
    now: datetime,
    *,
    by: UUID | None,
    via: str,
    reason: str,
    edited: UUID | None = None,
) -> RowMapping:
    """End a review that was locked before, and give it back."""
    changed = await work.connection.execute(
        update(drift_reviews)
        .where(drift_reviews.c.tenant == work.tenant, drift_reviews.c.id == review_id)
        .values(state=state, decided_at=now, decided_by=by, via=via, reason=reason, edited=edited)
        .returning(drift_reviews)
    )
    row: RowMapping = changed.mappings().one()
    return row


async def rejection_of(work: UnitOfWork, workflow_id: UUID, change_key: str) -> RowMapping | None:
    """The review in which a person rejected this very change of this workflow, unless it is to be asked about again."""
    found = await work.connection.execute(
        select(drift_reviews)
        .where(_rejected(work, workflow_id, change_key))
        .order_by(drift_reviews.c.id.desc())
        .limit(1)
    )
    return found.mappings().one_or_none()


async def forget_rejections(
    work: UnitOfWork, workflow_id: UUID, change_key: str, *, by: UUID | None, because: str
) -> None:
    """Have this change asked about again."""
    await work.connection.execute(
        update(drift_reviews)
        .where(_rejected(work, workflow_id, change_key))
        .values(asked_again_by=by, asked_again_at=work.clock.now(), asked_again_because=because)
    )


def _rejected(work: UnitOfWork, workflow_id: UUID, change_key: str) -> ColumnElement[bool]:
    table = drift_reviews
    return and_(
        table.c.tenant == work.tenant,
        table.c.workflow_id == workflow_id,
        table.c.change_key == change_key,
        table.c.state == "rejected",
        table.c.asked_again_at.is_(None),
    )
