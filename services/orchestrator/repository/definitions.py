"""Workflows, their versions and their triggers in PostgreSQL; each function works in one tenant's unit of work."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import SystemWork, UnitOfWork
from services.orchestrator.tables import triggers, workflow_versions, workflows

_CURRENT = (
    select(workflows, workflow_versions.c.definition, workflow_versions.c.content_hash)
    .join(
        workflow_versions,
        (workflow_versions.c.workflow_id == workflows.c.id)
        & (workflow_versions.c.version == workflows.c.current_version),
    )
    .where(workflows.c.deleted_at.is_(None))
)


async def find_workflow(work: UnitOfWork, name: str, *, lock: bool = False) -> RowMapping | None:
    """A workflow by its name, with its current definition."""
    query = _CURRENT.where(workflows.c.tenant == work.tenant, workflows.c.name == name)
    found = await work.connection.execute(query.with_for_update(of=workflows) if lock else query)
    return found.mappings().one_or_none()


async def get_workflow(work: UnitOfWork, workflow_id: UUID) -> RowMapping | None:
    """A workflow by its id, with its current definition."""
    query = _CURRENT.where(workflows.c.tenant == work.tenant, workflows.c.id == workflow_id)
    return (await work.connection.execute(query)).mappings().one_or_none()


async def list_workflows(work: UnitOfWork, *, after: str | None, limit: int) -> list[RowMapping]:
    """Workflows by name."""
    query = _CURRENT.where(workflows.c.tenant == work.tenant)
    if after is not None:
        query = query.where(workflows.c.name > after)
    found = await work.connection.execute(query.order_by(workflows.c.name).limit(limit))
    return list(found.mappings())


async def writing_objects(work: UnitOfWork) -> list[Mapping[str, Any]]:
    """The current definitions whose destination is a prefix in a bucket."""
    prefix = workflow_versions.c.definition[("destination", "target", "prefix")].as_string()
    query = _CURRENT.where(workflows.c.tenant == work.tenant, prefix.is_not(None))
    return [row["definition"] for row in (await work.connection.execute(query)).mappings()]


async def current_definitions(work: UnitOfWork) -> list[Mapping[str, Any]]:
    """The current definitions of all workflows, by name."""
    query = _CURRENT.where(workflows.c.tenant == work.tenant).order_by(workflows.c.name)
    return [row["definition"] for row in (await work.connection.execute(query)).mappings()]


async def add_workflow(work: UnitOfWork, workflow_id: UUID, name: str) -> None:
    """A new workflow, whose first version is still to be added."""
    now = work.clock.now()
    await work.connection.execute(
        insert(workflows).values(
            id=workflow_id, tenant=work.tenant, name=name, current_version=1, created_at=now, updated_at=now
        )
    )


async def add_version(
    work: UnitOfWork, workflow_id: UUID, version: int, definition: Mapping[str, Any], content_hash: str, by: UUID
) -> None:
    """A frozen version; it becomes the current one."""
    now = work.clock.now()
    await work.connection.execute(
        insert(workflow_versions).values(
            workflow_id=workflow_id,
            version=version,
            tenant=work.tenant,
            definition=definition,
            content_hash=content_hash,
            created_at=now,
            created_by=by,
        )
    )
    await work.connection.execute(
        update(workflows)
        .where(workflows.c.tenant == work.tenant, workflows.c.id == workflow_id)
        .values(current_version=version, updated_at=now)
    )


async def get_definition(work: UnitOfWork, workflow_id: UUID, version: int) -> Mapping[str, Any] | None:
    """The definition of one version, also of a workflow that was deleted."""
    found = await work.connection.execute(
        select(workflow_versions.c.definition).where(
            workflow_versions.c.tenant == work.tenant,
            workflow_versions.c.workflow_id == workflow_id,
            workflow_versions.c.version == version,
        )
    )
    definition: Mapping[str, Any] | None = found.scalar_one_or_none()
    return definition


async def delete_workflow(work: UnitOfWork, workflow_id: UUID) -> None:
    """Take a workflow out of sight; its versions stay for its runs."""
    await work.connection.execute(
        update(workflows)
        .where(workflows.c.tenant == work.tenant, workflows.c.id == workflow_id)
        .values(deleted_at=work.clock.now())
    )


async def triggers_of(work: UnitOfWork, workflow_id: UUID) -> list[RowMapping]:
    """The triggers of a workflow, by name."""
    found = await work.connection.execute(
        select(triggers)
        .where(triggers.c.tenant == work.tenant, triggers.c.workflow_id == workflow_id)
        .order_by(triggers.c.name)
    )
    return list(found.mappings())


async def list_triggers(work: UnitOfWork, *, workflow: str | None, after: UUID | None, limit: int) -> list[RowMapping]:
    """Triggers, newest first, each with its workflow's name."""
    query = (
        select(triggers, workflows.c.name.label("workflow"))
        .join(workflows, workflows.c.id == triggers.c.workflow_id)
        .where(triggers.c.tenant == work.tenant)
    )
    if workflow is not None:
        query = query.where(workflows.c.name == workflow)
    if after is not None:
        query = query.where(triggers.c.id < after)
    found = await work.connection.execute(query.order_by(triggers.c.id.desc()).limit(limit))
    return list(found.mappings())


async def get_trigger(work: UnitOfWork, trigger_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """One trigger, with its workflow's name."""
    query = (
        select(triggers, workflows.c.name.label("workflow"))
        .join(workflows, workflows.c.id == triggers.c.workflow_id)
        .where(triggers.c.tenant == work.tenant, triggers.c.id == trigger_id)
    )
    found = await work.connection.execute(query.with_for_update(of=triggers) if lock else query)
    return found.mappings().one_or_none()


async def tenant_of_trigger(system: SystemWork, trigger_id: UUID) -> UUID | None:
    """Whose trigger it is; None when there is none, or it is disabled."""
    found = await system.connection.execute(
        select(triggers.c.tenant).where(triggers.c.id == trigger_id, triggers.c.enabled)
    )
    return found.scalar_one_or_none()


async def add_trigger(work: UnitOfWork, values: Mapping[str, Any]) -> None:
    """A new trigger."""
    await work.connection.execute(insert(triggers).values(tenant=work.tenant, created_at=work.clock.now(), **values))


async def change_trigger(work: UnitOfWork, trigger_id: UUID, values: Mapping[str, Any]) -> None:
    """Change what is set of a trigger."""
    await work.connection.execute(
        update(triggers).where(triggers.c.tenant == work.tenant, triggers.c.id == trigger_id).values(**values)
    )


async def remove_trigger(work: UnitOfWork, trigger_id: UUID) -> None:
    """A trigger that is gone answers nobody."""
    await work.connection.execute(delete(triggers).where(triggers.c.tenant == work.tenant, triggers.c.id == trigger_id))


async def rotate_secret(work: UnitOfWork, trigger_id: UUID, secret: bytes, previous: bytes, until: datetime) -> None:
    """The new secret, and until when the one before is taken as well."""
    await change_trigger(work, trigger_id, {"secret": secret, "previous_secret": previous, "previous_until": until})
