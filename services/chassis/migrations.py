"""Roles, schemas and tables of every service: provisioning, and migrations by Alembic in one connection.

A service's `migrations/env.py` is one call, and a version uses Alembic's operations and the helpers of this module:

    from services.chassis.migrations import run_environment      # env.py
    run_environment()

    def upgrade() -> None:                                       # versions/0001_first.py
        chassis_tables()
        op.create_table("connection", sa.Column("tenant", sa.Uuid, nullable=False), ...)
        tenant_table("connection")
        system_access("connection", "select")                    # only where a loop works across tenants

Statements run as the owner role with the service's schema as search path: names need no schema.
"""

import base64
import hashlib
import hmac
import io
import re
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic import command, context, op
from alembic.config import Config
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from contracts.topics import SERVICES
from services.chassis.database import app_role, owner_role, system_role
from services.chassis.quoting import quoted

Command = Literal["select", "insert", "update", "delete"]

_COMMANDS: tuple[Command, ...] = ("select", "insert", "update", "delete")
_TENANT = "NULLIF(current_setting('app.tenant', true), '')::uuid"
_FOLDER = Path(__file__).resolve().parent.parent
_VERSION_TABLE = "alembic_version"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"


async def provision(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Make the database, and for each service its schema and three roles; does nothing that is done already."""
    engine = _engine(admin_url)
    try:
        async with _alone_on_server(admin_url), engine.begin() as connection:
            database = str((await connection.execute(sa.text("SELECT current_database()"))).scalar_one())
            await _run(connection, f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC")
            await _run(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
            for service, password in passwords.items():
                await _provision_service(connection, database, service, password)
    finally:
        await engine.dispose()


async def migrate(admin_url: str, services: Iterable[str] = SERVICES, *, root: Path = _FOLDER) -> None:
    """Bring the services' tables to the newest version, each in one transaction, as their owners.

    The versions of a service lie in `root`/<service>/migrations.
    """
    engine = _engine(admin_url)
    try:
        async with engine.connect() as connection:
            for service in services:
                async with connection.begin():
                    await connection.execute(sa.text(_LOCK), {"name": f"modulardata migrate {service}"})
                    await _run(connection, f"SET LOCAL ROLE {quoted(owner_role(service))}")
                    await _run(connection, f"SET LOCAL search_path = {quoted(service)}")
                    await _run(connection, "SET LOCAL lock_timeout = '10s'")
                    await connection.run_sync(_upgrade, service, root / service / "migrations")
    finally:
        await engine.dispose()


def run_environment() -> None:
    """What every `env.py` calls: run the versions on the connection that `migrate` holds."""
    attributes = context.config.attributes
    service = attributes["service"]
    context.configure(
        connection=attributes["connection"],
        version_table=_VERSION_TABLE,
        version_table_schema=service,
        transaction_per_migration=False,
    )
    context.run_migrations()
    # The running service may read its version and not change it.
    writes = f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {quoted(service, _VERSION_TABLE)}"
    attributes["connection"].execute(sa.text(f"{writes} FROM {quoted(app_role(service))}"))


def chassis_tables() -> None:
    """Outbox, inbox and idempotency: the tables that the chassis uses in every service."""
    now = sa.text("clock_timestamp()")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("headers", postgresql.JSONB, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="unsent"),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("status IN ('unsent', 'sent', 'parked')", name="outbox_status"),
    )
    op.create_index("outbox_unsent", "outbox", ["id"], postgresql_where=sa.text("status = 'unsent'"))
    op.create_index("outbox_parked", "outbox", ["topic", "key", "id"], postgresql_where=sa.text("status = 'parked'"))
    op.create_index("outbox_sent", "outbox", ["sent_at"], postgresql_where=sa.text("status = 'sent'"))
    tenant_table("outbox")
    system_access("outbox", "select", "update", "delete")
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("consumer", sa.Text(collation="C"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.create_index("inbox_at", "inbox", ["at"], postgresql_using="brin")
    system_access("inbox", "select", "delete")
    op.create_table(
        "idempotency",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", postgresql.JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
    )
    op.create_index("idempotency_created_at", "idempotency", ["created_at"])
    tenant_table("idempotency")
    system_access("idempotency", "select", "delete")


def tenant_table(name: str, column: str = "tenant") -> None:
    """Force row-level security on a table: its rows are seen and written only under their own tenant."""
    table, app = quoted(name), quoted(app_role(_service()))
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for verb in _COMMANDS:
        policy = quoted(f"tenant_{verb}")
        op.execute(f"CREATE POLICY {policy} ON {table} FOR {verb} TO {app} {_condition(verb, _own(column))}")


def system_access(name: str, *commands: Command) -> None:
    """Let the service's work across tenants use a table, with these commands only."""
    table, system = quoted(name), quoted(system_role(_service()))
    for verb in commands:
        op.execute(f"GRANT {verb} ON {table} TO {system}")
        if _has_row_security(name):
            op.execute(f"CREATE POLICY {quoted(f'system_{verb}')} ON {table} FOR {verb} TO {system} {_condition(verb)}")


def append_only(name: str) -> None:
    """Take the right to change or remove rows from the running service: what stands there stays."""
    op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {quoted(name)} FROM {quoted(app_role(_service()))}")


def _own(column: str) -> str:
    return f"{quoted(column)} = {_TENANT}"


def _condition(verb: Command, rule: str = "true") -> str:
    if verb == "insert":
        return f"WITH CHECK ({rule})"
    return f"USING ({rule}) WITH CHECK ({rule})" if verb == "update" else f"USING ({rule})"


def _service() -> str:
    return str(context.config.attributes["service"])


def _has_row_security(name: str) -> bool:
    query = sa.text("SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass(:name)")
    return bool(op.get_bind().execute(query, {"name": quoted(name)}).scalar_one())


def _upgrade(connection: Any, service: str, folder: Path) -> None:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["service"] = service
    command.upgrade(config, "head")


async def _provision_service(connection: AsyncConnection, database: str, service: str, password: str) -> None:
    owner, app, system, schema = (
        quoted(name) for name in (owner_role(service), app_role(service), system_role(service), service)
    )
    known = await connection.execute(
        sa.text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"),
        {"names": [owner_role(service), app_role(service), system_role(service)]},
    )
    there = {row.rolname for row in known}
    for name in (owner_role(service), app_role(service), system_role(service)):
        if name not in there:
            await _run(connection, f"CREATE ROLE {quoted(name)} NOLOGIN")
    # The server gets a verifier, so the password itself stands in no statement log.
    await _run(connection, f"ALTER ROLE {app} LOGIN PASSWORD '{_scram_verifier(password)}'")
    await _run(connection, f"GRANT {owner} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
    await _run(connection, f"GRANT {system} TO {app} WITH INHERIT FALSE, SET TRUE")
    await _run(connection, f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}")
    await _run(connection, f"GRANT CONNECT ON DATABASE {quoted(database)} TO {app}")
    await _run(connection, f"GRANT USAGE ON SCHEMA {schema} TO {app}, {system}")
    defaults = f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT"
    await _run(connection, f"{defaults} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}")
    await _run(connection, f"{defaults} USAGE ON SEQUENCES TO {app}")


@asynccontextmanager
async def _alone_on_server(admin_url: str) -> AsyncIterator[None]:
    """Make the database if it is not there, and be the only one who provisions: roles belong to the whole server."""
    target = sa.make_url(admin_url)
    engine = _engine(target.set(database="postgres").render_as_string(hide_password=False))
    try:
        async with engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await plain.execute(sa.text("SELECT pg_advisory_lock(hashtextextended('modulardata provision', 0))"))
            query = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
            if (await plain.execute(query, {"name": target.database})).scalar() is None:
                name = quoted(str(target.database))
                await _run(plain, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
            yield
    finally:
        await engine.dispose()


def _engine(url: str) -> Any:
    target = sa.make_url(url).set(drivername="postgresql+asyncpg")
    return create_async_engine(target, poolclass=sa.NullPool, hide_parameters=True, connect_args={"timeout": 10})


async def _run(connection: AsyncConnection, statement: str) -> None:
    await connection.exec_driver_sql(statement)


def _scram_verifier(password: str) -> str:
    """The SCRAM-SHA-256 verifier PostgreSQL keeps (RFC 5803)."""
    if not re.fullmatch(r"[\x21-\x7e]+", password):
        raise ValueError("a database password must be printable ASCII without spaces")
    salt, rounds = secrets.token_bytes(16), 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${rounds}:{encoded[0]}${encoded[1]}:{encoded[2]}"
