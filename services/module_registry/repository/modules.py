"""Modules and the decisions about them, in PostgreSQL; every function works in a unit of work of one tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import UnitOfWork
from services.module_registry.tables import module_decisions, module_versions, modules, version_states

# A person who mistyped a name is helped from among so many.
MAX_NAMES = 2_000
MAX_WORDS = 20


@dataclass(frozen=True)
class Filter:
    """Which modules are asked for; all that is given must hold."""

    search: str | None = None
    tags: Sequence[str] = ()
    category: str | None = None
    owner: str | None = None
    archived: Literal["no", "yes", "all"] = "no"
    fits: str | None = None  # a fingerprint that some version takes


async def lock_module(work: UnitOfWork, name: str) -> RowMapping:
    """The module of that name, made if it is not there; nobody else publishes to it until this transaction ends."""
    now = work.clock.now()
    found = await work.connection.execute(
        insert(modules)
        .values(
            id=work.ids.new(),
            tenant=work.tenant,
            name=name,
            description="",
            latest_version=0,
            created_at=now,
            updated_at=now,
        )
        # Writing the name it has: a conflict that changes nothing still locks the row and gives it back.
        .on_conflict_do_update(
            index_elements=["tenant", "name"], index_where=text("deleted_at IS NULL"), set_={"name": name}
        )
        .returning(modules)
    )
    row: RowMapping = found.mappings().one()
    return row


async def get_module(work: UnitOfWork, name: str, *, lock: bool = False) -> RowMapping | None:
    """A module by name."""
    query = select(modules).where(
        modules.c.tenant == work.tenant, modules.c.name == name, modules.c.deleted_at.is_(None)
    )
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def list_modules(work: UnitOfWork, wanted: Filter, *, after: str | None, limit: int) -> list[RowMapping]:
    """Modules by name. Each word of the search is looked for in all that a module is found by, whatever its case."""
    query = select(modules).where(modules.c.tenant == work.tenant, modules.c.deleted_at.is_(None))
    for word in (wanted.search or "").split()[:MAX_WORDS]:
        texts = (modules.c.name, modules.c.description, modules.c.category, modules.c.owner, modules.c.readme)
        tags = func.array_to_string(modules.c.tags, " ")
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in (*texts, tags))))
    if wanted.tags:
        query = query.where(modules.c.tags.contains(list(wanted.tags)))
    if wanted.category is not None:
        query = query.where(modules.c.category == wanted.category)
    if wanted.owner is not None:
        query = query.where(modules.c.owner == wanted.owner)
    if wanted.archived != "all":
        archived = modules.c.archived_at.is_not(None)
        query = query.where(archived if wanted.archived == "yes" else ~archived)
    if wanted.fits is not None:
        query = query.where(modules.c.id.in_(_fitting(work, wanted.fits)))
    if after is not None:
        query = query.where(modules.c.name > after)
    found = await work.connection.execute(query.order_by(modules.c.name).limit(limit))
    return list(found.mappings())


def _fitting(work: UnitOfWork, fingerprint: str) -> Any:
    retired = (
        select(version_states.c.number)
        .where(
            version_states.c.module_id == module_versions.c.module_id,
            version_states.c.number == module_versions.c.number,
            version_states.c.retired_at.is_not(None),
        )
        .exists()
    )
    return select(module_versions.c.module_id).where(
        module_versions.c.tenant == work.tenant, module_versions.c.input_fingerprint == fingerprint, ~retired
    )


async def names(work: UnitOfWork) -> list[str]:
    """The names there are."""
    query = select(modules.c.name).where(modules.c.tenant == work.tenant, modules.c.deleted_at.is_(None))
    found = await work.connection.execute(query.order_by(modules.c.name).limit(MAX_NAMES))
    return list(found.scalars())


async def change_module(work: UnitOfWork, module_id: UUID, **values: Any) -> None:
    """Change a module that was locked before."""
    await work.connection.execute(
        update(modules)
        .where(modules.c.tenant == work.tenant, modules.c.id == module_id)
        .values(updated_at=work.clock.now(), **values)
    )


async def newest_deleted(work: UnitOfWork, name: str) -> RowMapping | None:
    """The module of that name that was deleted last."""
    found = await work.connection.execute(
        select(modules)
        .where(modules.c.tenant == work.tenant, modules.c.name == name, modules.c.deleted_at.is_not(None))
        .order_by(modules.c.deleted_at.desc())
        .limit(1)
        .with_for_update()
    )
    return found.mappings().one_or_none()


async def add_decision(work: UnitOfWork, values: dict[str, Any]) -> None:
    """Record why another version is current from now on."""
    await work.connection.execute(insert(module_decisions).values(id=work.ids.new(), tenant=work.tenant, **values))


async def once_current(work: UnitOfWork, module_id: UUID) -> set[int]:
    """The versions that were current at some time."""
    table = module_decisions
    query = select(table.c.after).where(table.c.tenant == work.tenant, table.c.module_id == module_id).distinct()
    return set((await work.connection.execute(query)).scalars())


async def list_decisions(work: UnitOfWork, module_id: UUID, *, after: UUID | None, limit: int) -> list[RowMapping]:
    """Decisions about a module, newest first."""
    table = module_decisions
    query = select(table).where(table.c.tenant == work.tenant, table.c.module_id == module_id)
    if after is not None:
        query = query.where(table.c.id < after)
    found = await work.connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return list(found.mappings())
