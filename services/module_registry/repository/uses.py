"""Who uses which version, and how often it ran, in PostgreSQL; written by what is heard of workflows and runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from contracts.workflow import ModuleUse
from services.chassis.database import UnitOfWork
from services.module_registry.tables import plans, usage_days, workflow_uses

_COUNTS = (
    "runs",
    "succeeded",
    "partial",
    "quarantined",
    "failed",
    "cancelled",
    "rows_read",
    "rows_loaded",
    "rows_quarantined",
)
MAX_USES = 200


async def replace_uses(
    work: UnitOfWork, workflow_id: UUID, workflow: str, definition: int, modules: Sequence[ModuleUse]
) -> None:
    """What a workflow uses from now on."""
    await drop_uses(work, workflow_id)
    rows = [
        {
            "tenant": work.tenant,
            "workflow_id": workflow_id,
            "position": position,
            "workflow": workflow,
            "definition": definition,
            "module": use.name,
            "version": None if use.version == "current" else use.version,
        }
        for position, use in enumerate(modules)
    ]
    if rows:
        await work.connection.execute(insert(workflow_uses).values(rows))


async def drop_uses(work: UnitOfWork, workflow_id: UUID) -> None:
    """A workflow uses nothing any more."""
    await work.connection.execute(
        delete(workflow_uses).where(workflow_uses.c.tenant == work.tenant, workflow_uses.c.workflow_id == workflow_id)
    )


async def uses_of(work: UnitOfWork, module: str) -> list[RowMapping]:
    """The workflows that use a module, and which version of it."""
    table = workflow_uses
    found = await work.connection.execute(
        select(table.c.workflow, table.c.definition, table.c.version)
        .where(table.c.tenant == work.tenant, table.c.module == module)
        .order_by(table.c.workflow, table.c.position)
        .limit(MAX_USES)
    )
    return list(found.mappings())


async def versions_in_use(work: UnitOfWork, module: str) -> set[int | None]:
    """The numbers that workflows name; None stands for `current`."""
    table = workflow_uses
    found = await work.connection.execute(
        select(table.c.version).distinct().where(table.c.tenant == work.tenant, table.c.module == module)
    )
    return set(found.scalars())


async def count_run(
    work: UnitOfWork, module_id: UUID, number: int, at: datetime, outcome: str, rows: dict[str, int]
) -> None:
    """A run that used a version ended."""
    table = usage_days
    counted = {"runs": 1, outcome: 1, **rows}
    grown: dict[str, Any] = {name: table.c[name] + value for name, value in counted.items()}
    await work.connection.execute(
        insert(table)
        .values(
            tenant=work.tenant,
            module_id=module_id,
            number=number,
            day=at.date(),
            last_run_at=at,
            **(dict.fromkeys(_COUNTS, 0) | counted),
        )
        .on_conflict_do_update(
            index_elements=["module_id", "number", "day"],
            set_=grown | {"last_run_at": func.greatest(table.c.last_run_at, at)},
        )
    )


async def usage_of(work: UnitOfWork, module_id: UUID) -> list[RowMapping]:
    """How often each version ran, and with what outcome."""
    table = usage_days
    sums = (func.sum(table.c[name]).label(name) for name in _COUNTS)
    found = await work.connection.execute(
        select(table.c.number, *sums, func.max(table.c.last_run_at).label("last_run_at"))
        .where(table.c.tenant == work.tenant, table.c.module_id == module_id)
        .group_by(table.c.number)
        .order_by(table.c.number)
    )
    return list(found.mappings())


async def plan_of(work: UnitOfWork) -> str | None:
    """The workspace's plan, where it was told."""
    found = await work.connection.execute(select(plans.c.plan).where(plans.c.tenant == work.tenant))
    return found.scalar_one_or_none()


async def set_plan(work: UnitOfWork, plan: str) -> None:
    """The workspace has this plan from now on."""
    values = {"plan": plan, "since": work.clock.now()}
    await work.connection.execute(
        insert(plans).values(tenant=work.tenant, **values).on_conflict_do_update(index_elements=["tenant"], set_=values)
    )
