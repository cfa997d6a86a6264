"""Databases with the tables of services in them: migrated once for each set of services, and copied from then on."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.postgres import other_database
from services.chassis.migrations import migrate, provision

SERVICES_FOLDER = Path(__file__).resolve().parents[2] / "services"
_FOUND = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"


async def prepare(admin_url: str, passwords: Mapping[str, str], *, root: Path = SERVICES_FOLDER) -> None:
    """Put in the place of an empty database one with the roles, schemas and tables of these services."""
    server, database = other_database(admin_url, "postgres"), admin_url.rpartition("/")[2]
    template = f"prepared_{hashlib.sha256(' '.join([str(root), *passwords]).encode()).hexdigest()[:12]}"
    connection: Any = await asyncpg.connect(server)
    try:
        # Several processes share the server: one makes the template, and the others wait for it.
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", template)
        if not await connection.fetchval(_FOUND, template):
            making = f"{template}_making"
            await connection.execute(f"CREATE DATABASE {making}")
            await provision(other_database(admin_url, making), passwords)
            await migrate(other_database(admin_url, making), tuple(passwords), root=root)
            await connection.execute(f"ALTER DATABASE {making} RENAME TO {template}")
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", template)
        await connection.execute(f"DROP DATABASE {database}")
        await connection.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
    finally:
        await connection.close()
    # Who may connect is told of each database, and not copied.
    await provision(admin_url, passwords)
