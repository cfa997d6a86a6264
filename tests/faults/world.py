"""A stack composed with traps, workflows that are set off in four ways, and the hand that kills."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deploy.local.launcher import Stack
from deploy.local.ports import choose
from deploy.local.services import Composition, programs
from deploy.local.state import State
from tests import plain_http
from tests.connections import s3_connection, warehouse_connection
from tests.faults.doors import Doors, object_created
from tests.faults.oracle import Ground, Oracle
from tests.faults.points import Point, Way
from tests.faults.receiver import Receiver
from tests.faults.rows import HEADER, MODULE, File, Maker
from tests.waiting import TooLong, until

WAYS: tuple[Way, ...] = ("manual", "event", "webhook", "watch")
TRIGGERS: dict[Way, list[dict[str, Any]]] = {
    "manual": [],
    "event": [{"kind": "s3_event", "name": "arrival", "watch": False}],
    "webhook": [{"kind": "webhook", "name": "call"}],
    "watch": [{"kind": "s3_event", "name": "listing", "watch": True, "interval_seconds": 0.5}],
}
CATCH_SECONDS = 60.0
REST_SECONDS = 150.0
AWAY = (psycopg.OperationalError, OSError)


@dataclass
class Site:
    """One workflow with its door."""

    ground: Ground
    way: Way
    prefix: str
    url: str = ""
    secret: str = ""
    numbers: Iterator[int] = field(default_factory=count)


class World:
    """Everything a trial needs."""

    def __init__(
        self, stack: Stack, environment: dict[str, str], faults: Path, doors: Doors, receiver: Receiver, seed: int
    ) -> None:
        self.stack = stack
        self.environment = environment
        self.state: State = stack.state
        self.faults = faults
        self.doors = doors
        self.receiver = receiver
        self.oracle = Oracle(stack.state)
        self.sites: dict[str, Site] = {}
        self.maker = Maker(seed)
        self._bucket = _bucket(stack.state)
        ports = {"services": "internal", "worker": "worker_internal"}
        self._readiness = {name: f"http://127.0.0.1:{stack.state.ports[port]}/readyz" for name, port in ports.items()}

    # -- the ground ---------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Connections, the module, a rule that tells of every run's end, and a workflow for each way."""
        for body in (s3_connection(self.state, "landing"), warehouse_connection(self.state, "warehouse")):
            self.doors.call("POST", "/api/connections", body)
        self.doors.call("POST", "/api/modules", MODULE)
        rule = {
            "name": "ends",
            "events": ["run.finished"],
            "channel": {"kind": "webhook", "url": self.receiver.url},
        }
        self.receiver.secret = self.doors.call("POST", "/api/notification-rules", rule)["secret"]
        for way in WAYS:
            self.site(f"by-{way}", way, "upsert" if way == "webhook" else "append")

    def site(self, name: str, way: Way, mode: str = "append", **definition: Any) -> Site:
        """A new workflow with a folder and a table of its own."""
        site = Site(Ground(name, name.replace("-", "_")), way, f"{name}/")
        applied = self.doors.call(
            "PUT",
            f"/api/workflows/{name}",
            {
                "name": name,
                "source": {"connection": "landing", "selection": {"path": f"{name}/*.csv"}},
                "modules": [{"name": MODULE["name"], "version": 1}],
                "destination": {
                    "connection": "warehouse",
                    "target": {"schema": "public", "table": site.ground.table},
                    "mode": mode,
                    "keys": ["id"] if mode == "upsert" else [],
                },
                "triggers": TRIGGERS[way],
                **definition,
            },
        )
        for trigger in applied["triggers"]:
            site.url, site.secret = trigger["url"], trigger["secret"]
        self.sites[name] = site
        return site

    # -- causes -------------------------------------------------------------------------------------------------

    def cause(self, site: Site, rows: int = 1_000, again: int = 1, header: str = HEADER) -> str:
        """Put one new file and set off the run that is owed for it; the cause is repeated `again` times more."""
        file = self.maker.file(f"{site.prefix}{next(site.numbers):04}.csv", rows, header)
        etag = self._put(file)
        site.ground.files[file.key] = file
        if site.way == "watch":
            site.ground.watched.add(file.key)
            return file.key
        key = f"{site.ground.workflow}-{uuid.uuid4()}"
        for _ in range(1 + again):
            if site.way == "manual":
                answers = [self.doors.call("POST", f"/api/workflows/{site.ground.workflow}/runs", None, key)["id"]]
            else:
                body = b"{}"
                if site.way == "event":
                    body = object_created(self.state.s3_bucket, file.key, etag, len(file.body))
                answers = self.doors.hook(site.url, site.secret, body, key)["runs"]
            site.ground.accepted.setdefault(key, set()).update(answers)
        return file.key

    def _put(self, file: File) -> str:
        def put() -> str | None:
            try:
                answer = self._bucket.put_object(Bucket=self.state.s3_bucket, Key=file.key, Body=file.body)
            except (BotoCoreError, ClientError):
                return None
            return str(answer["ETag"]).strip('"')

        return until(f"putting {file.key}", put, 60)

    # -- kills --------------------------------------------------------------------------------------------------

    def arm(self, point: Point, order: str = "") -> None:
        """Lay a trap."""
        self._file(point, ".caught").unlink(missing_ok=True)
        # Renamed into its place: nobody reads half an order.
        laid = self._file(point, ".laid")
        laid.write_text(order or ("wait" if point.kills else "die"))
        laid.rename(self.faults / point.name)

    def disarm(self, point: Point) -> None:
        """Take a trap away that nobody came by."""
        (self.faults / point.name).unlink(missing_ok=True)
        self._file(point, ".caught").unlink(missing_ok=True)

    def caught(self, point: Point, seconds: float = CATCH_SECONDS) -> int:
        """Wait until the trap has caught a process; its number."""
        file = self._file(point, ".caught")
        until(f"{point.name}: nobody came by", file.exists, seconds)
        return int(file.read_text())

    def spring(self, point: Point) -> None:
        """Wait for whoever comes by, and kill what the point is about."""
        pid = self.caught(point)
        for name in point.kills:
            self.kill_child(pid) if name == "child" else self.kill(name)
        if point.kills:
            # Whoever waits there goes on, if it still lives.
            self._file(point, ".caught").unlink(missing_ok=True)

    def log_end(self, name: str) -> int:
        """How long the log of a process of the stack is."""
        return (self.state.logs / f"{name}.log").stat().st_size

    def log_since(self, name: str, start: int) -> str:
        """What a process of the stack has said since then."""
        with (self.state.logs / f"{name}.log").open("rb") as log:
            log.seek(start)
            return log.read().decode(errors="replace")[-6_000:]

    def kill(self, name: str) -> int:
        """SIGKILL one process of the stack from outside, and see it gone."""
        pid = until(f"{name} runs", lambda: self.stack.pid(name), 60)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        until(f"{name} is dead", lambda: self.stack.pid(name) != pid, 10, every=0.01)
        return pid

    def kill_child(self, parent: int) -> None:
        """SIGKILL the process in which a recipe runs: the fork of the one that forks."""

        def child() -> psutil.Process | None:
            for zygote in psutil.Process(parent).children():
                for fork in zygote.children():
                    return fork
            return None

        until("a recipe's process runs", child, 10, every=0.01).kill()

    def _file(self, point: Point, ending: str) -> Path:
        return (self.faults / point.name).with_suffix(ending)

    @contextmanager
    def without(self, *mechanisms: str) -> Iterator[None]:
        """Take mechanisms out of the services for the length of a block; see removals."""
        files = [self.faults / f"without-{name}" for name in mechanisms]
        for file in files:
            file.touch()
        try:
            yield
        finally:
            for file in files:
                file.unlink()

    @contextmanager
    def second_worker(self) -> Iterator[int]:
        """Another process that pulls and pushes, beside the one that the launcher watches."""
        (program,) = [
            program
            for program in programs(self.state, Composition("tests.faults.armed", self.environment))
            if program.name == "worker"
        ]
        names = ("MODULARDATA_HTTP_PORT", "MODULARDATA_INTERNAL_PORT")
        told = program.environment | {name: str(port) for name, port in choose(list(names)).items()}
        with (self.state.logs / "worker-2.log").open("ab") as log:
            process = subprocess.Popen(program.command, cwd=program.folder, env=told, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # -- rest ---------------------------------------------------------------------------------------------------

    def rest(self, *sites: Site, seconds: float = REST_SECONDS, all_ready: bool = True) -> None:
        """Wait until every run that is owed has ended and all is ready again; raises TooLong with what is not."""
        waiting: list[str] = ["nothing was seen yet"]

        def at_rest() -> bool:
            nonlocal waiting
            try:
                waiting = [line for site in sites for line in self.oracle.still_open(site.ground)]
            except AWAY as error:
                waiting = [f"the database is away: {error}"]
            if not waiting and all_ready:
                waiting = [f"{name} is not ready" for name, url in self._readiness.items() if not _ready(url)]
            return not waiting

        try:
            until("rest", at_rest, seconds, every=0.1)
        except TooLong as error:
            raise TooLong(f"{error}: " + "; ".join(waiting)) from None

    def judge(self, *sites: Site) -> list[str]:
        """What the oracle says about workflows at rest."""
        return [line for site in sites for line in self.oracle.violations(site.ground)]

    def tamper(self, statement: str) -> None:
        """Change the destination behind everybody's back."""
        with psycopg.connect(self.state.warehouse_dsn) as connection:
            connection.execute(statement.encode())

    def unheard(self, seconds: float, *, messages: bool = True) -> list[str]:
        """Events, and messages about the ends of runs, that have not arrived although there was time."""
        missing: list[str] = []

        def heard() -> bool:
            nonlocal missing
            missing = self.oracle.unheard([site.ground for site in self.sites.values()])
            for run in sorted(self.oracle.finished_runs()) if messages else ():
                if len(self.receiver.told.get(run, ())) != 1:
                    told = len(self.receiver.told.get(run, ()))
                    missing.append(f"of the end of run {run} came {told} different messages")
            return not missing

        with suppress(TooLong):
            until("everything is heard", heard, seconds, every=0.5)
        return missing


@contextmanager
def world(seed: int, progress: bool = False) -> Iterator[World]:
    """A world in a folder of its own, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="modulardata-faults-"))
    home.chmod(0o755)
    faults = home / "faults"
    faults.mkdir()
    environment = {**os.environ, "MODULARDATA_FAULTS_FOLDER": str(faults)}
    began = time.monotonic()
    try:
        with Receiver() as receiver:
            stack = Stack(home / "stack", services_module="tests.faults.armed", environment=environment)
            with stack:
                doors = Doors(stack.state)
                try:
                    made = World(stack, environment, faults, doors, receiver, seed)
                    made.prepare()
                    if progress:
                        print(f"ready after {time.monotonic() - began:.1f} s in {home}", flush=True)
                    yield made
                finally:
                    doors.close()
    finally:
        keep = os.environ.get("MODULARDATA_FAULTS_KEEP")
        if keep:
            shutil.copytree(home / "stack" / "logs", keep, dirs_exist_ok=True)
        shutil.rmtree(home, ignore_errors=True)


def _ready(url: str) -> bool:
    try:
        return plain_http.get(url).is_success
    except httpx.TransportError:
        return False


def _bucket(state: State) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=state.s3_endpoint,
        aws_access_key_id=state.s3_access_key,
        aws_secret_access_key=state.s3_secret_key,
        region_name=state.s3_region,
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=3,
            read_timeout=10,
            retries={"max_attempts": 0},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
