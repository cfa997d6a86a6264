"""One service's PostgreSQL: units of work that see one tenant, and system work that a migration opted into."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from contracts.catalog import type_of
from contracts.data import Contract
from contracts.envelope import MAX_PAYLOAD_BYTES, Envelope
from contracts.topics import topic_of
from services.chassis.clock import Clock, SystemClock
from services.chassis.errors import CommitUnknown, DatabaseUnavailable
from services.chassis.ids import Ids, SystemIds
from services.chassis.quoting import quoted

POOL_SIZE = 2
POOL_OVERFLOW = 6
POOL_WAIT_SECONDS = 2.0
POOL_RECYCLE_SECONDS = 1800
CONNECT_SECONDS = 5.0
OPEN_SECONDS = 5.0  # to a transaction's first answer
STATEMENT_TIMEOUT = "30s"
LOCK_TIMEOUT = "10s"
IDLE_TIMEOUT = "60s"

_TRACE = TraceContextTextMapPropagator()
_ENQUEUE = text(
    "WITH added AS (INSERT INTO outbox (event_id, tenant, topic, key, type, headers, payload)"
    " VALUES (:event_id, :tenant, :topic, :key, :type, CAST(:headers AS jsonb), :payload) RETURNING id)"
    " SELECT pg_notify(:channel, '') FROM added"
)
_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")


class RoleUnsafe(Exception):
    """The database role could see past row-level security; the service does not start."""


class EventTooLarge(ValueError):
    """An event's body is over the limit; data goes by reference."""


class NotTheProducer(ValueError):
    """The table of topics gives the event to another service."""


@dataclass
class UnitOfWork:
    """One transaction that sees one tenant's rows."""

    connection: AsyncConnection
    tenant: UUID
    service: str
    clock: Clock
    ids: Ids

    async def publish(self, event: Contract, *, key: UUID | str, run: UUID | None = None) -> UUID:
        """Put an event into the outbox; it leaves when, and only if, this transaction commits."""
        type_name = type_of(event)
        topic = topic_of(type_name)
        if topic.producer != self.service:
            raise NotTheProducer(f"{type_name} is published by {topic.producer}, not by {self.service}")
        body = event.model_dump_json().encode()
        if len(body) > MAX_PAYLOAD_BYTES:
            raise EventTooLarge(f"{type_name} has {len(body)} bytes; at most {MAX_PAYLOAD_BYTES} are allowed")
        carrier: dict[str, str] = {}
        _TRACE.inject(carrier)
        envelope = Envelope(
            id=self.ids.new(),
            source=f"/services/{self.service}",
            type=type_name,
            subject=str(key),
            time=self.clock.now(),
            tenant=self.tenant,
            run=run,
            traceparent=carrier.get("traceparent"),
        )
        await self.connection.execute(
            _ENQUEUE,
            {
                "event_id": envelope.id,
                "tenant": self.tenant,
                "topic": topic.name,
                "key": envelope.subject,
                "type": type_name,
                "headers": json.dumps([[name, value.decode()] for name, value in envelope.to_headers()]),
                "payload": body,
                "channel": outbox_channel(self.service),
            },
        )
        return envelope.id

    async def switched(self, tenant: UUID) -> "UnitOfWork":
        """The same transaction on behalf of another tenant. For the consumer, whose events name their tenants."""
        await self.connection.execute(_SET_TENANT, {"tenant": str(tenant)})
        return UnitOfWork(self.connection, tenant, self.service, self.clock, self.ids)


@dataclass
class SystemWork:
    """One transaction that sees all tenants' rows of the tables that were opened to it."""

    connection: AsyncConnection
    service: str
    clock: Clock
    ids: Ids

    async def as_tenant(self, tenant: UUID) -> UnitOfWork:
        """Go on in the same transaction as an ordinary unit of work of one tenant."""
        await self.connection.execute(text("SET LOCAL ROLE NONE"))
        await self.connection.execute(_SET_TENANT, {"tenant": str(tenant)})
        return UnitOfWork(self.connection, tenant, self.service, self.clock, self.ids)


class Database:
    """The connections of one service, as its own role."""

    def __init__(
        self,
        service: str,
        url: str,
        password: str,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        pool_size: int = POOL_SIZE,
        pool_overflow: int = POOL_OVERFLOW,
    ) -> None:
        self.service = service
        self._clock = clock or SystemClock()
        self._ids = ids or SystemIds()
        self._discarded: dict[AsyncConnection, asyncio.Task[None]] = {}
        self._engine = create_async_engine(
            service_url(service, url, password),
            pool_size=pool_size,
            max_overflow=pool_overflow,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_recycle=POOL_RECYCLE_SECONDS,
            hide_parameters=True,
            connect_args={"timeout": CONNECT_SECONDS, "server_settings": session_settings(service)},
        )

    async def check(self) -> None:
        """Refuse a role that could see past row-level security; raises RoleUnsafe or DatabaseUnavailable."""
        async with self._connection(text("SELECT 1"), {}) as connection:
            row = (
                await connection.execute(
                    text(
                        "SELECT current_user AS name, rolsuper, rolbypassrls,"
                        " (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(:schema)"
                        "  AND pg_has_role(current_user, relowner, 'MEMBER')) AS owned,"
                        " to_regclass(:schema || '.outbox') IS NOT NULL AS there"
                        " FROM pg_roles WHERE rolname = current_user"
                    ),
                    {"schema": quoted(self.service)},
                )
            ).one()
        if row.rolsuper or row.rolbypassrls or row.owned:
            reason = "is a superuser" if row.rolsuper else "has BYPASSRLS" if row.rolbypassrls else "owns the tables"
            raise RoleUnsafe(f"database role {row.name!r} {reason}: row-level security would not hold")
        if not row.there:
            raise DatabaseUnavailable(f"the tables of {self.service!r} are not there; run the set-up first")

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def work(self, tenant: UUID) -> AsyncIterator[UnitOfWork]:
        """One transaction for one tenant; commits at the end of the block, rolls back when it raises."""
        async with self._transaction(_SET_TENANT, {"tenant": str(tenant)}) as connection:
            yield UnitOfWork(connection, tenant, self.service, self._clock, self._ids)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[SystemWork]:
        """One transaction across tenants; sees only tables whose migration called `system_access`."""
        statement = text(f"SET LOCAL ROLE {quoted(system_role(self.service))}")
        async with self._transaction(statement, {}) as connection:
            yield SystemWork(connection, self.service, self._clock, self._ids)

    def now(self) -> datetime:
        """The moment, by the clock the units of work use."""
        return self._clock.now()

    @asynccontextmanager
    async def _transaction(self, first: Any, parameters: dict[str, Any]) -> AsyncIterator[AsyncConnection]:
        async with self._connection(first, parameters) as connection:
            yield connection
            try:
                await connection.commit()
            except (DBAPIError, OSError) as error:
                if _is_lost(error):
                    raise CommitUnknown("the connection to the database was lost during COMMIT") from error
                raise

    @asynccontextmanager
    async def _connection(self, first: Any, parameters: dict[str, Any]) -> AsyncIterator[AsyncConnection]:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                connection = await self._begin(first, parameters)
        except (PoolTimeout, OSError) as error:
            raise DatabaseUnavailable(_summary(error)) from error
        try:
            yield connection
        except asyncio.CancelledError:
            # Whoever gave up may have waited for a server that is silent: it would not answer a ROLLBACK either.
            self._discard(connection)
            raise
        except DBAPIError as error:
            if _is_lost(error) or _is_passing(error):
                raise DatabaseUnavailable(_summary(error)) from error
            raise
        finally:
            if not connection.closed and connection not in self._discarded:
                await connection.close()

    async def _begin(self, first: Any, parameters: dict[str, Any]) -> AsyncConnection:
        # A pooled connection may have died while it rested: the first statement finds out, and once a new one is tried.
        for again in (True, False):
            connection = await self._session()
            try:
                await connection.execute(first, parameters)
            except asyncio.CancelledError:
                self._discard(connection)
                raise
            except BaseException as error:
                await connection.close()
                if not isinstance(error, DBAPIError):
                    raise
                if _is_lost(error) and again:
                    continue
                if _is_lost(error) or _is_passing(error):
                    raise DatabaseUnavailable(_summary(error)) from error
                raise
            return connection
        raise DatabaseUnavailable("the database ends every session")

    async def _session(self) -> AsyncConnection:
        """A session. That there is none is never the fault of the work that needs it, whatever the server says."""
        try:
            return await self._engine.connect()
        except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            reason = "the database cannot be reached"
            if _sqlstate(error) in _NOBODY:
                reason = f"role of {self.service!r} cannot log in; run the set-up first"
            raise DatabaseUnavailable(reason) from error

    def _discard(self, connection: AsyncConnection) -> None:
        """Throw a connection away aside, without asking the server."""

        async def throw_away() -> None:
            try:
                await connection.invalidate()
            finally:
                await connection.close()
                del self._discarded[connection]

        self._discarded[connection] = asyncio.create_task(throw_away())


def app_role(service: str) -> str:
    """The role a service logs in as; it owns nothing."""
    return f"{service}_app"


def system_role(service: str) -> str:
    """The role a service switches to for work across tenants."""
    return f"{service}_system"


def owner_role(service: str) -> str:
    """The role that owns a service's tables; nobody logs in as it."""
    return f"{service}_owner"


def outbox_channel(service: str) -> str:
    """The channel on which a service's relay hears of new rows."""
    return f"outbox_{service}"


def service_url(service: str, url: str, password: str) -> URL:
    """The address of the database as the service's own role."""
    return make_url(url).set(drivername="postgresql+asyncpg", username=app_role(service), password=password)


def session_settings(service: str) -> dict[str, str]:
    """What every session of a service sets when it connects."""
    return {
        "application_name": f"modulardata-{service}",
        "search_path": quoted(service),
        "statement_timeout": STATEMENT_TIMEOUT,
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
        "timezone": "UTC",
        "jit": "off",
    }


# Connection exceptions, shut-down, and sessions the server ended: whether a COMMIT under way happened is unknown.
_LOST = re.compile(r"08...|57P0.|25P0[34]")
# Lack of resources, and what two transactions do to each other (a lock that a stopped process holds is no fault of the
# work that waits for it): nothing happened.
_PASSING = re.compile(r"53...|40001|40P01|55P03")
# The role or the database is not there, or the password is another.
_NOBODY = ("28000", "28P01", "3D000")


def _is_lost(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or bool(_LOST.fullmatch(_sqlstate(error)))
    return isinstance(error, OSError)


def _is_passing(error: DBAPIError) -> bool:
    return bool(_PASSING.fullmatch(_sqlstate(error)))


def _sqlstate(error: BaseException) -> str:
    said = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(said, "sqlstate", None) or "")


def _summary(error: BaseException) -> str:
    if isinstance(error, PoolTimeout):
        return "all database connections are taken"
    if isinstance(error, DBAPIError) and _is_passing(error):
        return f"the database could not do it now (SQLSTATE {_sqlstate(error)})"
    return "the database cannot be reached"
