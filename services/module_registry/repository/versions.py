"""Versions in PostgreSQL: what they are, which never changes, and how they stand."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, func, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import UnitOfWork
from services.module_registry.tables import module_versions, version_states

_LARGE = {"recipe", "input_contract", "output_contract", "input_checks", "output_checks"}
_SUMMARY = tuple(column for column in module_versions.c if column.name not in _LARGE)
_STATE = (
    func.coalesce(version_states.c.pinned, False).label("pinned"),
    version_states.c.retired_at,
    version_states.c.retired_reason,
)
_JOINED = module_versions.outerjoin(
    version_states,
    and_(
        version_states.c.module_id == module_versions.c.module_id,
        version_states.c.number == module_versions.c.number,
    ),
)


def _select(work: UnitOfWork, module_id: UUID, *columns: Any) -> Select[Any]:
    query = select(*columns, *_STATE).select_from(_JOINED)
    return query.where(module_versions.c.tenant == work.tenant, module_versions.c.module_id == module_id)


async def find_content(work: UnitOfWork, module_id: UUID, content_hash: str) -> RowMapping | None:
    """The version with this content."""
    found = await work.connection.execute(
        _select(work, module_id, *_SUMMARY).where(module_versions.c.content_hash == content_hash)
    )
    row: RowMapping | None = found.mappings().one_or_none()
    return row


async def add_version(work: UnitOfWork, values: dict[str, Any]) -> None:
    """Freeze a version."""
    await work.connection.execute(insert(module_versions).values(tenant=work.tenant, **values))


async def get_version(work: UnitOfWork, module_id: UUID, number: int) -> RowMapping | None:
    """One version, whole."""
    query = _select(work, module_id, *module_versions.c, version_states.c.source)
    found = await work.connection.execute(query.where(module_versions.c.number == number))
    row: RowMapping | None = found.mappings().one_or_none()
    return row


async def list_versions(
    work: UnitOfWork,
    module_id: UUID,
    *,
    after: int | None = None,
    limit: int | None = None,
    fits: str | None = None,
    retired: bool = True,
) -> list[RowMapping]:
    """Versions without their content, newest first."""
    query = _select(work, module_id, *_SUMMARY)
    if after is not None:
        query = query.where(module_versions.c.number < after)
    if fits is not None:
        query = query.where(module_versions.c.input_fingerprint == fits)
    if not retired:
        query = query.where(version_states.c.retired_at.is_(None))
    found = await work.connection.execute(query.order_by(module_versions.c.number.desc()).limit(limit))
    return list(found.mappings())


async def set_state(work: UnitOfWork, module_id: UUID, number: int, **values: Any) -> None:
    """Note how a version stands."""
    row = {"tenant": work.tenant, "module_id": module_id, "number": number, "pinned": False} | values
    await work.connection.execute(
        insert(version_states).values(**row).on_conflict_do_update(index_elements=["module_id", "number"], set_=values)
    )
