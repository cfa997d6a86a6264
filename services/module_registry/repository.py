"""What module_registry reads and writes in PostgreSQL; every function works in a unit of work of one tenant."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import UnitOfWork
from services.module_registry.tables import module_decisions, module_versions, modules

# A person who mistyped a name is helped from among so many.
MAX_NAMES = 2_000

_SUMMARY = tuple(c for c in module_versions.c if c.name not in ("recipe", "input_contract", "output_contract"))


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
        .on_conflict_do_update(constraint="modules_name", set_={"name": name})
        .returning(modules)
    )
    row: RowMapping = found.mappings().one()
    return row


async def get_module(work: UnitOfWork, name: str, *, lock: bool = False) -> RowMapping | None:
    """A module by name."""
    query = select(modules).where(modules.c.tenant == work.tenant, modules.c.name == name)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def list_modules(work: UnitOfWork, *, search: str | None, after: str | None, limit: int) -> list[RowMapping]:
    """Modules by name; `search` is looked for in names and descriptions, without regard to case."""
    query = select(modules).where(modules.c.tenant == work.tenant)
    if search:
        query = query.where(
            or_(
                modules.c.name.icontains(search, autoescape=True),
                modules.c.description.icontains(search, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(modules.c.name > after)
    found = await work.connection.execute(query.order_by(modules.c.name).limit(limit))
    return list(found.mappings())


async def names(work: UnitOfWork) -> list[str]:
    """The names there are."""
    found = await work.connection.execute(
        select(modules.c.name).where(modules.c.tenant == work.tenant).order_by(modules.c.name).limit(MAX_NAMES)
    )
    return list(found.scalars())


async def change_module(work: UnitOfWork, module_id: UUID, **values: Any) -> None:
    """Change a module that was locked before."""
    await work.connection.execute(
        update(modules)
        .where(modules.c.tenant == work.tenant, modules.c.id == module_id)
        .values(updated_at=work.clock.now(), **values)
    )


async def find_content(work: UnitOfWork, module_id: UUID, content_hash: str) -> int | None:
    """The number of the version with this content."""
    found = await work.connection.execute(
        select(module_versions.c.number).where(
            module_versions.c.tenant == work.tenant,
            module_versions.c.module_id == module_id,
            module_versions.c.content_hash == content_hash,
        )
    )
    number: int | None = found.scalar_one_or_none()
    return number


async def add_version(work: UnitOfWork, values: dict[str, Any]) -> None:
    """Freeze a version."""
    await work.connection.execute(insert(module_versions).values(tenant=work.tenant, **values))


async def get_version(work: UnitOfWork, module_id: UUID, number: int) -> RowMapping | None:
    """One version, whole."""
    found = await work.connection.execute(
        select(module_versions).where(
            module_versions.c.tenant == work.tenant,
            module_versions.c.module_id == module_id,
            module_versions.c.number == number,
        )
    )
    return found.mappings().one_or_none()


async def list_versions(work: UnitOfWork, module_id: UUID, *, after: int | None, limit: int) -> list[RowMapping]:
    """Versions without their content, newest first."""
    query = select(*_SUMMARY).where(module_versions.c.tenant == work.tenant, module_versions.c.module_id == module_id)
    if after is not None:
        query = query.where(module_versions.c.number < after)
    found = await work.connection.execute(query.order_by(module_versions.c.number.desc()).limit(limit))
    return list(found.mappings())


async def add_decision(work: UnitOfWork, values: dict[str, Any]) -> None:
    """Record why another version is current from now on."""
    await work.connection.execute(insert(module_decisions).values(id=work.ids.new(), tenant=work.tenant, **values))


async def list_decisions(work: UnitOfWork, module_id: UUID, *, after: UUID | None, limit: int) -> list[RowMapping]:
    """Decisions about a module, newest first."""
    table = module_decisions
    query = select(table).where(table.c.tenant == work.tenant, table.c.module_id == module_id)
    if after is not None:
        query = query.where(table.c.id < after)
    found = await work.connection.execute(query.order_by(table.c.id.desc()).limit(limit))
    return list(found.mappings())
