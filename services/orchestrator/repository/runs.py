"""Runs and their steps in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from contracts.workflow import ModuleVersionRef
from services.chassis.database import SystemWork, UnitOfWork
from services.orchestrator.tables import run_steps, runs

OPEN = ("requested", "running")
# Columns that are large; a list does without them.
_LARGE = {"requested_window", "step_books", "checked_at", "inputs", "chains", "draft", "past", "rehearsed"}


async def add_run(work: UnitOfWork, values: Mapping[str, Any]) -> None:
    """A run that somebody asked for."""
    await work.connection.execute(
        insert(runs).values(tenant=work.tenant, state="requested", created_at=work.clock.now(), **values)
    )


async def get_run(work: UnitOfWork, run_id: UUID) -> RowMapping | None:
    """One run, whole."""
    found = await work.connection.execute(select(runs).where(runs.c.tenant == work.tenant, runs.c.id == run_id))
    return found.mappings().one_or_none()


async def lock_run(work: UnitOfWork, run_id: UUID) -> RowMapping | None:
    """One run, which nobody else changes until the transaction ends."""
    mine = select(runs).where(runs.c.tenant == work.tenant, runs.c.id == run_id)
    return (await work.connection.execute(mine.with_for_update())).mappings().one_or_none()


async def last_with_inputs(work: UnitOfWork, workflow_id: UUID, most: int) -> list[UUID]:
    """The last runs of a workflow that loaded something of rows that are recorded, newest first."""
    found = await work.connection.execute(
        select(runs.c.id)
        .where(
            runs.c.tenant == work.tenant,
            runs.c.workflow_id == workflow_id,
            runs.c.state.in_(("succeeded", "partial")),
            runs.c.inputs.is_not(None),
            runs.c.undoes.is_(None),
        )
        .order_by(runs.c.id.desc())
        .limit(most)
    )
    return list(found.scalars())


async def loaded_with(work: UnitOfWork, workflow_id: UUID, module: ModuleVersionRef, most: int) -> list[RowMapping]:
    """The last runs of a workflow that loaded what this version made, newest first, and that nobody undid."""
    used = {"module_id": module.module_id, "version": module.version}
    found = await work.connection.execute(
        select(runs.c.id, runs.c.started_at, runs.c.modules, runs.c.chains, runs.c.inputs)
        .where(
            runs.c.tenant == work.tenant,
            runs.c.workflow_id == workflow_id,
            runs.c.state.in_(("succeeded", "partial")),
            runs.c.inputs.is_not(None),
            runs.c.undoes.is_(None),
            runs.c.undone_by.is_(None),
            cast(runs.c.modules, JSONB).contains([used]),
        )
        .order_by(runs.c.id.desc())
        .limit(most)
    )
    return list(found.mappings())


async def waiting_for(work: UnitOfWork, run_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The reviews that these runs wait for; runs that wait for none are left out."""
    found = await work.connection.execute(
        select(run_steps.c.run_id, run_steps.c.review_id)
        .where(
            run_steps.c.tenant == work.tenant,
            run_steps.c.run_id.in_(run_ids),
            run_steps.c.state == "running",
            run_steps.c.review_id.is_not(None),
        )
        .order_by(run_steps.c.ordinal)
    )
    waiting: dict[UUID, list[UUID]] = {}
    for run_id, review_id in found:
        waiting.setdefault(run_id, []).append(review_id)
    return waiting


async def open_undoing(work: UnitOfWork, run_id: UUID) -> UUID | None:
    """The run that is about to take out what this one loaded."""
    found = await work.connection.execute(
        select(runs.c.id).where(
            runs.c.tenant == work.tenant,
            runs.c.undoes == run_id,
            runs.c.state.in_(OPEN),
            runs.c.dry_run.is_(False),
        )
    )
    return found.scalars().first()


async def mark_undone(work: UnitOfWork, run_id: UUID, by: UUID) -> None:
    """What this run loaded is out of its destination again."""
    await work.connection.execute(
        update(runs).where(runs.c.tenant == work.tenant, runs.c.id == run_id).values(undone_by=by)
    )


async def list_runs(
    work: UnitOfWork,
    *,
    workflow: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
    used: dict[str, str | int] | None = None,
) -> list[RowMapping]:
    """Runs, newest first; `used`: those that used such a module version."""
    query = select(*(column for column in runs.c if column.name not in _LARGE)).where(runs.c.tenant == work.tenant)
    if workflow is not None:
        query = query.where(runs.c.workflow == workflow)
    if state is not None:
        query = query.where(runs.c.state == state)
    if used is not None:
        query = query.where(cast(runs.c.modules, JSONB).contains([used]))
    if after is not None:
        query = query.where(runs.c.id < after)
    found = await work.connection.execute(query.order_by(runs.c.id.desc()).limit(limit))
    return list(found.mappings())


async def change_run(
    work: UnitOfWork, run_id: UUID, states: Sequence[str], values: Mapping[str, Any]
) -> RowMapping | None:
    """Change a run that is in one of these states; None when it is in another, or not there."""
    changed = await work.connection.execute(
        update(runs)
        .where(runs.c.tenant == work.tenant, runs.c.id == run_id, runs.c.state.in_(states))
        .values(**values)
        .returning(runs)
    )
    row: RowMapping | None = changed.mappings().one_or_none()
    return row


async def open_runs(system: SystemWork, *, created_before: datetime, limit: int) -> list[RowMapping]:
    """Runs of all tenants that have not ended, those first that nobody looked at for the longest time."""
    waiting = func.coalesce(runs.c.checked_at, runs.c.created_at)
    found = await system.connection.execute(
        select(runs.c.id, runs.c.tenant, runs.c.workflow, runs.c.cancel_requested_at)
        .where(runs.c.state.in_(OPEN), runs.c.created_at < created_before)
        .order_by(waiting)
        .limit(limit)
    )
    return list(found.mappings())


async def mark_checked(system: SystemWork, run_ids: Sequence[UUID], now: datetime) -> None:
    """Note that these were looked at."""
    await system.connection.execute(update(runs).where(runs.c.id.in_(run_ids)).values(checked_at=now))


async def steps_of(work: UnitOfWork, run_id: UUID) -> list[RowMapping]:
    """The steps of a run, in the order they began."""
    found = await work.connection.execute(
        select(run_steps)
        .where(run_steps.c.tenant == work.tenant, run_steps.c.run_id == run_id)
        .order_by(run_steps.c.ordinal)
    )
    return list(found.mappings())


async def begin_step(
    work: UnitOfWork, run_id: UUID, step: str, now: datetime, *, detail: str = "", review_id: UUID | None = None
) -> None:
    """A step begins; again is once."""
    already = select(func.count()).where(run_steps.c.tenant == work.tenant, run_steps.c.run_id == run_id)
    await work.connection.execute(
        insert(run_steps)
        .values(
            tenant=work.tenant,
            run_id=run_id,
            step=step,
            ordinal=already.scalar_subquery(),
            state="running",
            attempts=0,
            started_at=now,
            detail=detail,
            review_id=review_id,
        )
        .on_conflict_do_nothing()
    )


async def end_step(work: UnitOfWork, run_id: UUID, step: str, values: Mapping[str, Any]) -> RowMapping | None:
    """A step that is under way ends; None when it had ended already."""
    changed = await work.connection.execute(
        update(run_steps)
        .where(
            run_steps.c.tenant == work.tenant,
            run_steps.c.run_id == run_id,
            run_steps.c.step == step,
            run_steps.c.state == "running",
        )
        .values(**values)
        .returning(run_steps)
    )
    row: RowMapping | None = changed.mappings().one_or_none()
    return row


async def end_open_steps(work: UnitOfWork, run_id: UUID, now: datetime, detail: str) -> None:
    """Steps that nobody ended did not succeed."""
    await work.connection.execute(
        update(run_steps)
        .where(run_steps.c.tenant == work.tenant, run_steps.c.run_id == run_id, run_steps.c.state == "running")
        .values(state="failed", finished_at=now, detail=detail)
    )


async def started_at(work: UnitOfWork, run_id: UUID, step: str) -> datetime | None:
    """When a step began that is still under way."""
    found = await work.connection.execute(
        select(run_steps.c.started_at).where(
            run_steps.c.tenant == work.tenant,
            run_steps.c.run_id == run_id,
            run_steps.c.step == step,
            run_steps.c.state == "running",
        )
    )
    return found.scalar_one_or_none()
