"""The embedded stack: four servers and the services as one thing that is started, watched and stopped.

async with Stack(folder) as stack: ...     # or `with`, which keeps a loop in a thread of its own
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from deploy.local import account as accounts
from deploy.local import (
    artifacts,
    cache,
    class_archive,
    java,
    kafka,
    ports,
    postgres,
    s3proxy,
    services,
    state,
    temporal,
)
from deploy.local.loop_thread import LoopThread
from deploy.local.ports import HOST
from deploy.local.problems import StackError
from deploy.local.state import Running, State
from deploy.local.supervisor import Program, Supervised

PORTS = {
    "kafka": ["kafka", "kafka_controller"],
    "temporal": ["temporal", "temporal_ui", "temporal_http", "temporal_metrics"],
    "postgres": ["postgres"],
    "s3": ["s3"],
}
SERVICE_PORTS = ["http", "internal", "worker_http", "worker_internal"]
# What depends on others stops before them.
STOP_ORDER = [["worker", "services"], ["s3", "temporal"], ["kafka", "postgres"]]


@dataclass(frozen=True)
class Step:
    """One thing that the launcher says while it starts or stops."""

    name: str
    phase: str  # fetching preparing starting ready restarting stopped recovered
    detail: str = ""
    seconds: float = 0
    done: int = 0
    total: int = 0


class Server(Protocol):
    """What the launcher asks of each of the four servers."""

    name: str

    async def prepare(self) -> None:
        """Make what the first start needs."""

    def program(self) -> Program:
        """Say how it is run."""


class Stack:
    """One copy of the stack, in one data folder."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        services: bool = True,
        services_module: str = "services",
        progress: Callable[[Step], None] | None = None,
        environment: Mapping[str, str] = os.environ,
        least_disk_mb: int = 300,
    ) -> None:
        self.folder = (folder or state.default_folder()).absolute()
        self.with_services = services
        self.services_module = services_module
        self.children: dict[str, Supervised] = {}
        self.state = State(folder=self.folder)
        self._progress = progress or (lambda _step: None)
        # Where somebody names servers, a Java or folders of their own.
        self._environment = environment
        self._least_disk_mb = least_disk_mb
        self._open = contextlib.ExitStack()
        self._began = 0.0
        self._holds_folder = False
        self._loop_thread: LoopThread | None = None
        self._classes: list[class_archive.ClassArchive] = []
        self._archiving: asyncio.Task[None] | None = None

    # -- start and stop -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring everything up; whatever fails, nothing stays behind."""
        self._began = time.monotonic()
        try:
            await self._start()
        except BaseException as error:
            await self.stop()
            cause = _first(error)
            if isinstance(cause, StackError):
                raise cause from None
            if isinstance(cause, OSError):
                hint = "Is there room on the disk? See `modulardata doctor`."
                raise StackError(f"Could not start: {cause}", hint) from cause
            raise

    async def _start(self) -> None:
        self._take_folder()
        databases = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            jars = group.create_task(self._fetch())
            for name in PORTS:
                if name not in self.state.external:
                    group.create_task(self._server(name, jars, databases))
            if "postgres" in self.state.external:
                group.create_task(self._databases(databases))
            if "temporal" in self.state.external:
                group.create_task(temporal.adopt(self.state))
            if self.with_services:
                # Beside the servers and not after them: they load their libraries meanwhile, and wait for what is not
                # there yet.
                group.create_task(self._services(jars, databases))
        if self.with_services:
            await services.first_setup(self.state)
        # Beside what the stack is for, and once on a machine: nobody waits for it.
        self._archiving = asyncio.create_task(self._archive_classes(), name="archive classes")

    async def stop(self) -> None:
        """Take everything down in order and let go of the folder."""
        known = [name for names in STOP_ORDER for name in names]
        order = [*STOP_ORDER, [name for name in self.children if name not in known]]
        try:
            if self._archiving is not None:
                self._archiving.cancel()
                await asyncio.gather(self._archiving, return_exceptions=True)
                self._archiving = None
            for names in order:
                there = [self.children[name] for name in names if name in self.children]
                await asyncio.gather(*(self._stop_one(child) for child in there))
            # Only what this launcher wrote: one that was refused the folder must not take another's away.
            if self._holds_folder:
                (self.folder / "run.json").unlink(missing_ok=True)
        finally:
            self.children.clear()
            self._classes.clear()
            self._holds_folder = False
            self._open.close()

    async def _stop_one(self, child: Supervised) -> None:
        began = time.monotonic()
        await child.stop()
        self._say(child.program.name, "stopped", seconds=time.monotonic() - began)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self._loop_thread = LoopThread()
        try:
            self._loop_thread.run(self.start())
        except BaseException:
            self._loop_thread.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop_thread is not None:
            try:
                self._loop_thread.run(self.stop())
            finally:
                self._loop_thread.close()
                self._loop_thread = None

    @staticmethod
    def load_state(folder: Path | None = None) -> State | None:
        """Read what a copy is made of, whether it runs or not."""
        return state.load_state((folder or state.default_folder()).absolute())

    def pid(self, name: str) -> int:
        """The process that runs `kafka`, `temporal`, `postgres`, `s3`, `services` or `worker` now."""
        return self.children[name].pid

    @functools.cached_property
    def _cache(self) -> Path:
        """Where fetched and derived archives lie; chosen once, because a folder is tried out for it."""
        return cache.folder(self.account, self.folder, self._environment)

    # -- the parts of a start -------------------------------------------------------------------------------

    def _take_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"The data folder {self.folder} cannot be made: {error.strerror}.", "Name another: MODULARDATA_HOME=…"
            ) from None
        self._open.enter_context(state.exclusive(self.folder))
        self._holds_folder = True
        left = state.clear_leftovers(self.folder)
        if left:
            self._say("launcher", "recovered", f"{left[0]}; ended what it left: {', '.join(left[1:]) or 'nothing'}")
        self.account = accounts.choose(self.folder / "postgres")
        self.account.must_reach(
            self.folder / "postgres",
            "The data folder",
            "Name another: MODULARDATA_HOME=/var/lib/modulardata, or start this as an ordinary user.",
        )
        # The servers' user has to get to its own folders below; what lies beside them is closed file by file.
        self.folder.chmod(0o711 if self.account.drop else 0o700)
        free = shutil.disk_usage(self.folder).free >> 20
        if free < self._least_disk_mb:
            message = f"Only {free:,} MB are free at {self.folder}; {self._least_disk_mb:,} MB are needed."
            raise StackError(message, "Make room, or name another folder: MODULARDATA_HOME=…")
        self.state = load_or_make(self.folder, with_services=self.with_services, environment=self._environment)
        own = [name for group in PORTS if group not in self.state.external for name in PORTS[group]]
        own += SERVICE_PORTS if self.with_services else []
        ports.must_be_free({name: self.state.ports[name] for name in own})
        for place in (self.state.logs, self.state.objects):
            place.mkdir(mode=0o700, exist_ok=True)
        services.write_secrets(self.state)
        self._write_running()

    async def _fetch(self) -> dict[str, str]:
        needed = [name for name in ("kafka", "s3") if name not in self.state.external]
        if not needed:
            return {}
        sections = {"kafka": "kafka", "s3": "s3proxy"}
        place = self._cache / "jars"
        self.account.must_reach(place / "any", "The cache", "Name another: MODULARDATA_CACHE=/var/cache/modulardata")
        locked = {name: artifacts.read_lock()[sections[name]] for name in needed}
        last = 0.0

        def note(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last > 0.1 or done == total:
                last = time.monotonic()
                self._say("archives", "fetching", done=done, total=total)

        await artifacts.fetch(artifacts.all_jars(locked), place, note)
        return {name: artifacts.class_path(jars, place) for name, jars in locked.items()}

    async def _server(self, name: str, fetched: Awaitable[dict[str, str]], databases: asyncio.Event) -> None:
        began = time.monotonic()
        server: Server
        if name in ("kafka", "s3"):
            jars = (await fetched)[name]
            runtime = await asyncio.to_thread(java.find, self._environment)
            self.account.must_reach(runtime.path, "Java", "Name another: MODULARDATA_JAVA=/usr/bin/java")
            kind = kafka.Kafka if name == "kafka" else s3proxy.S3Proxy
            classes = class_archive.of(name, runtime, jars, self._cache)
            server = kind(self.state, self.account, runtime, classes)
            self._classes.append(classes)
        elif name == "temporal":
            server = temporal.Temporal(self.state, self.account)
        else:
            server = postgres.Postgres(self.state, self.account)
        self._say(name, "preparing")
        await server.prepare()
        await self._run(server.program(), began)
        if name == "postgres":
            await self._databases(databases)

    async def _databases(self, made: asyncio.Event) -> None:
        await postgres.make_databases(self.state)
        made.set()

    async def _services(self, fetched: Awaitable[dict[str, str]], databases: asyncio.Event) -> None:
        await fetched  # a slow download must not use up the time in which a service has to be ready
        began = time.monotonic()
        self._say("services", "preparing")
        composition = services.Composition(self.services_module, self._environment)

        async def provision() -> None:
            await databases.wait()
            await services.provision(self.state, composition)

        programs = services.programs(self.state, composition)
        async with asyncio.TaskGroup() as group:
            group.create_task(provision())
            for program in programs:
                group.create_task(self._run(program, began))

    async def _run(self, program: Program, began: float) -> None:
        self._say(program.name, "starting")
        child = Supervised(program, self.state.logs, self._write_running, self._say_died)
        self.children[program.name] = child
        await child.start()
        self._say(program.name, "ready", seconds=time.monotonic() - began)

    async def _archive_classes(self) -> None:
        for classes in self._classes:
            try:
                await classes.make(self.folder / classes.server, self.account, self.state.logs / "classes.log")
            except (StackError, OSError) as error:
                # The next start is as slow as this one, and nothing else is lost.
                with (self.state.logs / "classes.log").open("a") as log:
                    log.write(f"launcher: {error}\n")

    def _write_running(self) -> None:
        children = {
            name: state.describe(child.pid, int(child.program.stop_signal))
            for name, child in self.children.items()
            if child.pid
        }
        Running(launcher=state.me(), children=children).save(self.folder)

    def _say_died(self, program: Program, code: int) -> None:
        self._say(program.name, "restarting", f"it ended with code {code}")

    def _say(
        self, name: str, phase: str, detail: str = "", *, seconds: float = 0, done: int = 0, total: int = 0
    ) -> None:
        self._progress(Step(name, phase, detail, seconds, done, total))


def load_or_make(folder: Path, *, with_services: bool, environment: Mapping[str, str] = os.environ) -> State:
    """Read what was kept, add what is new, and put the caller's own servers in their places."""
    kept = state.load_state(folder) or State(folder=folder)
    wanted = [name for names in PORTS.values() for name in names] + (SERVICE_PORTS if with_services else [])
    new = [name for name in wanted if name not in kept.ports]
    kept.ports |= ports.choose(new, set(kept.ports.values()))
    kept.kafka_cluster_id = kept.kafka_cluster_id or kafka.new_cluster_id()
    kept.postgres_password = kept.postgres_password or secrets.token_hex(24)
    kept.warehouse_password = kept.warehouse_password or secrets.token_hex(24)
    kept.external = []

    def own(name: str, variable: str, ours: str) -> str:
        given = environment.get(variable)
        if given:
            kept.external.append(name)
        return given or ours

    port = kept.ports
    kept.kafka = own("kafka", "MODULARDATA_KAFKA", f"{HOST}:{port['kafka']}")
    kept.temporal = own("temporal", "MODULARDATA_TEMPORAL", f"{HOST}:{port['temporal']}")
    kept.temporal_namespace = environment.get("MODULARDATA_TEMPORAL_NAMESPACE") or "modulardata"
    kept.temporal_ui = "" if "temporal" in kept.external else f"http://{HOST}:{port['temporal_ui']}"
    kept.database_admin_url = own(
        "postgres",
        "MODULARDATA_DATABASE_ADMIN_URL",
        f"postgresql://postgres:{kept.postgres_password}@{HOST}:{port['postgres']}/{postgres.PLATFORM}",
    )
    where = urlsplit(kept.database_admin_url).netloc.rpartition("@")[2]
    path = urlsplit(kept.database_admin_url).path.strip("/") or postgres.PLATFORM
    kept.database_url = f"postgresql://{where}/{path}"
    if not kept.warehouse_name:
        # On somebody's own server other copies may have theirs, and a role of that name may be anybody's.
        apart = f"_{secrets.token_hex(4)}" if "postgres" in kept.external else ""
        kept.warehouse_name = f"{postgres.WAREHOUSE}{apart}"
    kept.warehouse_dsn = f"postgresql://{kept.warehouse_name}:{kept.warehouse_password}@{where}/{kept.warehouse_name}"
    kept.s3_endpoint = own("s3", "MODULARDATA_S3_ENDPOINT", f"http://{HOST}:{port['s3']}")
    if "s3" in kept.external:
        kept.s3_access_key = environment.get("MODULARDATA_S3_ACCESS_KEY", "")
        kept.s3_secret_key = environment.get("MODULARDATA_S3_SECRET_KEY", "")
        kept.s3_bucket = environment.get("MODULARDATA_S3_BUCKET", "landing")
    else:
        kept.s3_access_key = kept.s3_access_key or f"AK{secrets.token_hex(9).upper()}"
        kept.s3_secret_key = kept.s3_secret_key or secrets.token_urlsafe(30)
    if "http" in port:
        kept.public_url = f"http://{HOST}:{port['http']}"
        kept.internal_url = f"http://{HOST}:{port['internal']}"
    kept.save()
    return kept


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
