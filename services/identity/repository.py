"""Rows of identity. Under a unit of work row-level security narrows them to its tenant; system work sees them all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import SystemWork, UnitOfWork
from services.identity.tables import api_keys, audit, login_failures, setups, signing_keys, users, workspaces

Row = sa.Row[Any]


async def add_workspace(work: UnitOfWork, name: str, plan: str | None) -> None:
    """Make the workspace whose unit of work this is."""
    await work.connection.execute(
        workspaces.insert().values(id=work.tenant, name=name, plan=plan, created_at=work.clock.now()),
    )


async def workspace(work: UnitOfWork) -> Row | None:
    """The workspace whose unit of work this is; None when there is no such one."""
    return (await work.connection.execute(sa.select(workspaces))).one_or_none()


async def set_plan(work: UnitOfWork, plan: str) -> bool:
    """Give this workspace a plan; False when it had it before."""
    statement = (
        workspaces.update()
        .where(workspaces.c.id == work.tenant, workspaces.c.plan.is_distinct_from(plan))
        .values(plan=plan)
        .returning(workspaces.c.id)
    )
    return (await work.connection.execute(statement)).first() is not None


async def add_user(work: UnitOfWork, id: UUID, email: str, password: str, role: str, platform: bool) -> bool:
    """Make a user; False when somebody in the installation has the email."""
    statement = insert(users).values(
        id=id,
        tenant=work.tenant,
        email=email,
        password=password,
        role=role,
        platform=platform,
        created_at=work.clock.now(),
    )
    done = await work.connection.execute(statement.on_conflict_do_nothing().returning(users.c.id))
    return done.first() is not None


async def user(work: UnitOfWork, id: UUID) -> Row | None:
    """One user of the workspace."""
    return (await work.connection.execute(sa.select(users).where(users.c.id == id))).one_or_none()


async def list_users(work: UnitOfWork, after: UUID | None, limit: int) -> Sequence[Row]:
    """Users of the workspace, oldest first."""
    query = sa.select(users).order_by(users.c.id).limit(limit)
    if after is not None:
        query = query.where(users.c.id > after)
    return (await work.connection.execute(query)).all()


async def disable_user(work: UnitOfWork, id: UUID) -> bool:
    """Disable a user; False when that was done before."""
    statement = users.update().where(users.c.id == id, users.c.disabled_at.is_(None))
    done = await work.connection.execute(statement.values(disabled_at=work.clock.now()))
    return bool(done.rowcount)


async def user_by_email(work: SystemWork, email: str) -> Row | None:
    """Whose email it is, in whichever workspace."""
    query = sa.select(users).where(func.lower(users.c.email) == func.lower(email))
    return (await work.connection.execute(query)).one_or_none()


async def add_key(work: UnitOfWork, values: dict[str, Any]) -> None:
    """Keep an API key."""
    await work.connection.execute(
        api_keys.insert().values(tenant=work.tenant, created_at=work.clock.now(), **values),
    )


async def key(work: UnitOfWork, id: UUID) -> Row | None:
    """One API key of the workspace."""
    return (await work.connection.execute(sa.select(api_keys).where(api_keys.c.id == id))).one_or_none()


async def list_keys(work: UnitOfWork, after: UUID | None, limit: int) -> Sequence[Row]:
    """API keys of the workspace, oldest first."""
    query = sa.select(api_keys).order_by(api_keys.c.id).limit(limit)
    if after is not None:
        query = query.where(api_keys.c.id > after)
    return (await work.connection.execute(query)).all()


async def revoke_key(work: UnitOfWork, id: UUID) -> bool:
    """Revoke an API key; False when that was done before."""
    statement = api_keys.update().where(api_keys.c.id == id, api_keys.c.revoked_at.is_(None))
    done = await work.connection.execute(statement.values(revoked_at=work.clock.now()))
    return bool(done.rowcount)


async def revoke_keys_of(work: UnitOfWork, user: UUID) -> Sequence[UUID]:
    """Revoke all API keys that a user made, and those made with these; returns those that still counted."""
    made = sa.select(api_keys.c.id).where(api_keys.c.created_by == user).cte(recursive=True)
    made = made.union(sa.select(api_keys.c.id).where(api_keys.c.created_by == made.c.id))
    statement = api_keys.update().where(api_keys.c.id.in_(sa.select(made.c.id)), api_keys.c.revoked_at.is_(None))
    done = await work.connection.execute(statement.values(revoked_at=work.clock.now()).returning(api_keys.c.id))
    return [row.id for row in done]


async def key_anywhere(work: SystemWork, id: UUID) -> Row | None:
    """An API key, in whichever workspace."""
    return (await work.connection.execute(sa.select(api_keys).where(api_keys.c.id == id))).one_or_none()


async def mark_used(work: SystemWork, id: UUID) -> None:
    """Note that a key was used just now."""
    await work.connection.execute(
        api_keys.update().where(api_keys.c.id == id).values(last_used_at=work.clock.now()),
    )


async def signing_keys_of(work: SystemWork) -> Sequence[Row]:
    """All signing keys, the newest last."""
    return (await work.connection.execute(sa.select(signing_keys).order_by(signing_keys.c.created_at))).all()


async def add_signing_key(work: SystemWork, kid: str, sealed: bytes, public: bytes) -> None:
    """Keep a signing key."""
    await work.connection.execute(
        signing_keys.insert().values(kid=kid, sealed=sealed, public=public, created_at=work.clock.now()),
    )


async def is_set_up(work: SystemWork) -> bool:
    """Whether the installation has been set up."""
    return (await work.connection.execute(sa.select(setups.c.done))).first() is not None


async def mark_set_up(work: SystemWork) -> bool:
    """Note that it has; False when somebody was faster."""
    statement = insert(setups).values(done=True, at=work.clock.now()).on_conflict_do_nothing()
    done = await work.connection.execute(statement.returning(setups.c.done))
    return done.first() is not None


async def login_failures_since(work: SystemWork, origin: bytes, since: datetime) -> Sequence[datetime]:
    """When logins from an origin failed, oldest first."""
    query = sa.select(login_failures.c.at).where(login_failures.c.origin == origin, login_failures.c.at > since)
    return (await work.connection.execute(query.order_by(login_failures.c.at))).scalars().all()


async def add_login_failure(work: SystemWork, origin: bytes, keep_since: datetime) -> None:
    """Note a failed login, and forget those that no longer count."""
    await work.connection.execute(login_failures.insert().values(origin=origin, at=work.clock.now()))
    await work.connection.execute(login_failures.delete().where(login_failures.c.at < keep_since))


async def clear_login_failures(work: SystemWork, origin: bytes) -> None:
    """Forget the failures of an origin."""
    await work.connection.execute(login_failures.delete().where(login_failures.c.origin == origin))


async def note(work: UnitOfWork, actor: UUID, action: str, object: str, **details: Any) -> None:
    """Write an entry of the audit log; nothing there is ever changed."""
    await work.connection.execute(
        audit.insert().values(
            id=work.ids.new(),
            tenant=work.tenant,
            at=work.clock.now(),
            actor=actor,
            action=action,
            object=object,
            details=details,
        ),
    )
