"""The database as all services make it: roles that own nothing, and no table that forgot whose rows it holds."""

from typing import Any

import asyncpg

from contracts.topics import SERVICES
from tests.integration.conftest import Place

# What belongs to no workspace: each with the reason why.
NO_TENANT = {
    "alembic_version": "which migrations ran",
    "login_failures": "whose account it is about is not known before somebody is logged in",
    "inbox": "numbers of events that were handled, and nothing of what they said",
    "setups": "that the first set-up was done",
    "workspaces": "the workspaces themselves",
    "signing_keys": "the platform's own keys",
}

BARE = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = $1 AND NOT EXISTS (
  SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('tenant', 'tenant_id', 'workspace_id')
  AND NOT a.attisdropped)
"""


async def holes(connection: Any) -> list[str]:
    """What stands open, in words."""
    found = []
    for service in SERVICES:
        bare = {row["relname"] for row in await connection.fetch(BARE, service)}
        found += [f"{service}.{name}: no tenant" for name in sorted(bare - set(NO_TENANT))]
        app, system = f"{service}_app", f"{service}_system"
        roles = {row["rolname"]: row for row in await connection.fetch("SELECT * FROM pg_roles")}
        for name in (app, system):
            role = roles[name]
            powers = [what for what in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb") if role[what]]
            found += [f"{name}: {what}" for what in powers]
            owned = await connection.fetch(
                "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE pg_get_userbyid(c.relowner) = $1", name
            )
            found += [f"{name} owns {row['name']}" for row in owned]
        if roles[system]["rolcanlogin"]:
            found.append(f"{system} can log in")
        others = [other for other in SERVICES if other != service]
        for other in others:
            if await connection.fetchval("SELECT has_schema_privilege($1, $2, 'USAGE')", app, other):
                found.append(f"{app} may use schema {other}")
    return found


HOLES = {
    "ALTER TABLE transform.outbox OWNER TO transform_app": "transform_app owns transform.outbox",
    "CREATE TABLE transform.notes (id int)": "transform.notes: no tenant",
    "GRANT USAGE ON SCHEMA connector TO transform_app": "transform_app may use schema connector",
    "ALTER ROLE transform_app BYPASSRLS": "transform_app: rolbypassrls",
    "ALTER ROLE transform_system LOGIN": "transform_system can log in",
}


async def test_every_wall_stands_and_a_hole_is_seen(place: Place) -> None:
    await place.prepare(*SERVICES)
    connection = await asyncpg.connect(place.admin_url)
    try:
        found = await holes(connection)
        assert not found, "\n".join(found)
        for hole, expected in HOLES.items():
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(hole)
            assert expected in await holes(connection)
            await transaction.rollback()
    finally:
        await connection.close()
