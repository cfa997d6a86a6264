"""Row-level security, roles and provisioning against a real server."""

import asyncio
import random
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.topics import SERVICES
from services.chassis.database import Database, RoleUnsafe, UnitOfWork
from services.chassis.errors import CommitUnknown, DatabaseUnavailable
from services.chassis.migrations import migrate, provision
from tests.integration.conftest import ROLE_PASSWORD, Place
from tests.integration.prepared import SERVICES_FOLDER

SCHEMA = Path(__file__).parent / "schema"
SERVICE = "orchestrator"
INSERT = text("INSERT INTO effects (tenant, event_id, subject, number) VALUES (:tenant, :event, 's', 1)")
COUNT = text("SELECT count(*) FROM effects")
FOREIGN = text("SELECT count(*) FROM effects WHERE tenant <> :tenant")


async def test_a_tenant_sees_and_writes_its_own_rows_only(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    database = place.database(SERVICE)
    ours, theirs = uuid.uuid4(), uuid.uuid4()
    await _add(database, ours)
    assert (await _rows(database, ours), await _rows(database, theirs)) == (1, 0)
    for statement in (
        "UPDATE effects SET number = 2 WHERE tenant = :other RETURNING id",
        "DELETE FROM effects WHERE tenant = :other RETURNING id",
    ):
        async with database.work(theirs) as work:
            assert (await work.connection.execute(text(statement), {"other": ours})).all() == []
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.work(theirs) as work:
            await work.connection.execute(INSERT, {"tenant": ours, "event": uuid.uuid4()})
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.work(ours) as work:
            await work.connection.execute(text("UPDATE effects SET tenant = :other"), {"other": theirs})
    assert (await _rows(database, ours), await _rows(database, theirs)) == (1, 0)


async def test_no_tenant_no_rows(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    await _add(place.database(SERVICE), uuid.uuid4())
    connection = await _login(place)
    try:
        assert await connection.fetchval("SELECT count(*) FROM effects") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "INSERT INTO effects (tenant, event_id, subject, number) VALUES ($1, $1, 's', 1)", uuid.uuid4()
            )
        # Once a transaction with a tenant is over, the setting reads as empty text: that is no tenant either.
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant', $1, true)", str(uuid.uuid4()))
        assert await connection.fetchval("SELECT count(*) FROM effects") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("ALTER TABLE effects DISABLE ROW LEVEL SECURITY")
    finally:
        await connection.close()


async def test_system_work_reaches_opened_tables_only(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    database = place.database(SERVICE)
    ours = uuid.uuid4()
    await _add(database, ours)
    await _add(database, uuid.uuid4())
    async with database.system() as work:
        assert (await work.connection.execute(COUNT)).scalar_one() == 2
        unit = await work.as_tenant(ours)
        assert (await unit.connection.execute(COUNT)).scalar_one() == 1
    for statement in ("SELECT count(*) FROM private", "DELETE FROM effects", "UPDATE effects SET number = 3"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.system() as work:
                await work.connection.execute(text(statement))
    # What the system role may see does not rub off on the role that logs in.
    assert await _rows(database, ours) == 1


async def test_an_unsafe_role_is_refused(place: Place) -> None:
    await place.prepare(SERVICE, "connector", root=SCHEMA)
    await place.database(SERVICE).check()
    connection = await asyncpg.connect(place.admin_url)
    try:
        # The cases are tried on a schema of another service, so that other tests keep their roles.
        for before, after in (
            ("ALTER ROLE probe_app SUPERUSER", "ALTER ROLE probe_app NOSUPERUSER"),
            ("ALTER ROLE probe_app BYPASSRLS", "ALTER ROLE probe_app NOBYPASSRLS"),
            ("ALTER TABLE probe.outbox OWNER TO probe_app", None),
        ):
            if before.startswith("ALTER ROLE probe_app SUPERUSER"):
                await connection.execute(f"CREATE ROLE probe_app LOGIN PASSWORD '{ROLE_PASSWORD}'")
                await connection.execute("CREATE SCHEMA probe")
                await connection.execute("CREATE TABLE probe.outbox (id int)")
                await connection.execute("GRANT USAGE ON SCHEMA probe TO probe_app")
                name = await connection.fetchval("SELECT quote_ident(current_database())")
                await connection.execute(f"GRANT CONNECT ON DATABASE {name} TO probe_app")
                await place.database("probe").check()
            await connection.execute(before)
            with pytest.raises(RoleUnsafe):
                await place.database("probe").check()
            if after is not None:
                await connection.execute(after)
    finally:
        await connection.execute("DROP SCHEMA IF EXISTS probe CASCADE")
        await connection.execute("DROP OWNED BY probe_app")
        await connection.execute("DROP ROLE probe_app")
        await connection.close()


async def test_alternating_tenants_on_a_pool_of_two(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    database = place.database(SERVICE, pool_size=2, pool_overflow=0)
    assert await _storm(database, random.Random(7)) == 0


async def test_the_storm_notices_a_tenant_that_outlives_its_transaction(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    database = _SessionWide(SERVICE, place.url, ROLE_PASSWORD, pool_size=2, pool_overflow=0)
    try:
        assert await _storm(database, random.Random(7)) > 0
    finally:
        await database.close()


async def test_every_table_with_a_tenant_is_guarded(place: Place) -> None:
    services = [name for name in SERVICES if (SERVICES_FOLDER / name / "migrations" / "env.py").exists()]
    assert services
    started = time.process_time()
    await provision(place.admin_url, dict.fromkeys(services, ROLE_PASSWORD))
    await migrate(place.admin_url, services)
    took = time.process_time() - started
    connection = await asyncpg.connect(place.admin_url)
    try:
        assert await _unguarded(connection) == []
        # The positive control: a table whose migration forgot it is found.
        await connection.execute(f"CREATE TABLE {services[0]}.forgotten (tenant uuid NOT NULL)")
        await connection.execute(f"CREATE TABLE {services[0]}.half (tenant uuid NOT NULL)")
        await connection.execute(f"ALTER TABLE {services[0]}.half ENABLE ROW LEVEL SECURITY")
        assert sorted(await _unguarded(connection)) == [f"{services[0]}.forgotten", f"{services[0]}.half"]
    finally:
        await connection.close()
    assert took < 5  # seconds of a busy processor: half a second of a quiet one; a stack that starts waits for it


async def test_provisioning_and_migrating_twice_at_once(place: Place) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from services.chassis.migrations import migrate, provision\n"
        "async def main(url, password, root):\n"
        "    names = ('orchestrator', 'connector')\n"
        "    await provision(url, dict.fromkeys(names, password))\n"
        "    await migrate(url, names, root=pathlib.Path(root))\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    command = (sys.executable, "-c", program, place.admin_url, ROLE_PASSWORD, str(SCHEMA))
    processes = [await asyncio.create_subprocess_exec(*command, cwd=SERVICES_FOLDER.parent) for _ in range(3)]
    assert await asyncio.gather(*(process.wait() for process in processes)) == [0, 0, 0]
    database = place.database(SERVICE)
    await database.check()
    tenant = uuid.uuid4()
    await _add(database, tenant)
    names = (SERVICE, "connector")
    await provision(place.admin_url, dict.fromkeys(names, ROLE_PASSWORD))
    await migrate(place.admin_url, names, root=SCHEMA)
    assert await _rows(database, tenant) == 1
    connection = await _login(place)
    try:
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == "0001"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM alembic_version")
    finally:
        await connection.close()


async def test_a_service_cannot_reach_another_services_tables(place: Place) -> None:
    await place.prepare(SERVICE, "connector", root=SCHEMA)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with place.database(SERVICE).work(uuid.uuid4()) as work:
            await work.connection.execute(text("SELECT count(*) FROM connector.effects"))


async def test_a_resting_connection_that_died_is_replaced(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    database = place.database(SERVICE)
    tenant = uuid.uuid4()
    await _add(database, tenant)
    await _kill_sessions(place)
    assert await _rows(database, tenant) == 1


async def test_a_connection_lost_at_work_is_the_worlds_fault(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    database = place.database(SERVICE)
    tenant = uuid.uuid4()

    async def interrupted(look_again: bool) -> None:
        async with database.work(tenant) as work:
            await work.connection.execute(INSERT, {"tenant": tenant, "event": uuid.uuid4()})
            await _kill_sessions(place)
            if look_again:
                await work.connection.execute(COUNT)

    with pytest.raises(DatabaseUnavailable):
        await interrupted(look_again=True)
    with pytest.raises(CommitUnknown):
        await interrupted(look_again=False)
    assert await _rows(database, tenant) == 0


async def test_a_bad_value_is_not_the_worlds_fault(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    database = place.database(SERVICE)
    with pytest.raises(DBAPIError):
        async with database.work(uuid.uuid4()) as work:
            await work.connection.execute(INSERT, {"tenant": "no uuid", "event": uuid.uuid4()})
    with pytest.raises(FileNotFoundError):
        async with database.work(uuid.uuid4()):
            raise FileNotFoundError


async def test_no_server_and_no_free_connection(place: Place) -> None:
    await place.prepare(SERVICE, root=SCHEMA)
    nobody = Database(SERVICE, "postgresql://127.0.0.1:9/none", ROLE_PASSWORD)
    with pytest.raises(DatabaseUnavailable):
        await nobody.check()
    await nobody.close()
    database = place.database(SERVICE, pool_size=1, pool_overflow=0)
    async with database.work(uuid.uuid4()):
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="taken"):
            async with database.work(uuid.uuid4()):
                raise AssertionError
        assert time.monotonic() - started < 6
    assert await _rows(database, uuid.uuid4()) == 0


class _SessionWide(Database):
    """The mechanism removed: the tenant is a setting of the session, and rows of any tenant may be looked at later."""

    @asynccontextmanager
    async def work(self, tenant: uuid.UUID) -> AsyncIterator[UnitOfWork]:
        statement = text(
            "SELECT set_config('app.tenant', coalesce(nullif(current_setting('app.tenant', true), ''), :t), false)"
        )
        async with self._transaction(statement, {"t": str(tenant)}) as connection:
            yield UnitOfWork(connection, tenant, self.service, self._clock, self._ids)


async def _storm(database: Database, chance: random.Random) -> int:
    """A hundred tasks that alternate tenants, fail and are cancelled; returns how often something foreign was met."""
    tenants = [uuid.uuid4() for _ in range(5)]
    foreign = 0

    async def one(number: int) -> None:
        nonlocal foreign
        tenant = tenants[number % len(tenants)]
        for _ in range(5):
            try:
                async with database.work(tenant) as work:
                    foreign += int((await work.connection.execute(FOREIGN, {"tenant": tenant})).scalar_one())
                    await work.connection.execute(INSERT, {"tenant": tenant, "event": uuid.uuid4()})
                    match chance.randrange(4):
                        case 0:
                            raise ValueError
                        case 1:
                            await work.connection.execute(text("SELECT 1 / 0"))
                        case 2:
                            await work.connection.execute(text("SELECT pg_sleep(0.02)"))
            except (ValueError, DatabaseUnavailable):
                continue
            except DBAPIError as error:
                foreign += "row-level security" in str(error)

    tasks = [asyncio.create_task(one(number)) for number in range(100)]
    while not all(task.done() for task in tasks):
        await asyncio.wait(tasks, timeout=0.03)
        chance.choice(tasks).cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for tenant in tenants:
        async with database.work(tenant) as work:
            foreign += int((await work.connection.execute(FOREIGN, {"tenant": tenant})).scalar_one())
            own = (await work.connection.execute(COUNT)).scalar_one()
            assert own or foreign, "nothing was written: the storm proves nothing"
    return foreign


async def _unguarded(connection: Any) -> list[str]:
    """Tables with a tenant column that lack forced row-level security or a policy for one of the four commands."""
    rows = await connection.fetch(
        """
        SELECT n.nspname || '.' || c.relname AS name
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('tenant', 'tenant_id') AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1)
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND (
            SELECT count(DISTINCT p.polcmd) FROM pg_policy p
            WHERE p.polrelid = c.oid AND p.polroles = ARRAY[(n.nspname || '_app')::regrole::oid]
            AND p.polcmd IN ('r', 'a', 'w', 'd')
            AND pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid) LIKE '%app.tenant%') = 4)
        """,
        list(SERVICES),
    )
    return [row["name"] for row in rows]


async def _rows(database: Database, tenant: uuid.UUID) -> int:
    async with database.work(tenant) as work:
        return int((await work.connection.execute(COUNT)).scalar_one())


async def _add(database: Database, tenant: uuid.UUID) -> None:
    async with database.work(tenant) as work:
        await work.connection.execute(INSERT, {"tenant": tenant, "event": uuid.uuid4()})


async def _login(place: Place) -> Any:
    url = place.url.replace("://", f"://{SERVICE}_app:{ROLE_PASSWORD}@")
    return await asyncpg.connect(url, server_settings={"search_path": SERVICE})


async def _kill_sessions(place: Place) -> None:
    connection = await asyncpg.connect(place.admin_url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE usename = '{SERVICE}_app' AND datname = current_database()"
        )
    finally:
        await connection.close()
