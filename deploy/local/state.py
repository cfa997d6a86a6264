"""The data folder of one copy: where things lie, what is kept between starts, and who runs it now."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from deploy.local.problems import StackError

SERVICES = (
    "connector",
    "transform",
    "schema_drift",
    "module_registry",
    "notification",
    "orchestrator",
    "identity",
)


def default_folder() -> Path:
    """Say where data lies unless told otherwise."""
    return Path(os.environ.get("MODULARDATA_HOME") or ".modulardata").absolute()


class State(BaseModel):
    """What one copy is made of: addresses, credentials, places. Kept in state.json, for its owner's eyes."""

    model_config = ConfigDict(extra="ignore")

    folder: Path
    ports: dict[str, int] = {}
    # Which of the four servers are somebody's own, not ours.
    external: list[str] = []

    kafka: str = ""
    kafka_cluster_id: str = ""
    temporal: str = ""
    temporal_namespace: str = "modulardata"
    temporal_ui: str = ""
    postgres_password: str = ""
    database_admin_url: str = ""
    database_url: str = ""
    warehouse_name: str = ""
    warehouse_password: str = ""
    warehouse_dsn: str = ""
    s3_endpoint: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = ""
    s3_region: str = "us-east-1"
    s3_bucket: str = "landing"

    public_url: str = ""
    internal_url: str = ""
    workspace: str = "main"
    workspace_id: str = ""
    user_id: str = ""
    admin_email: str = "admin@localhost"
    admin_password: str = ""
    api_key: str = ""

    @property
    def logs(self) -> Path:
        """Where each process writes its log."""
        return self.folder / "logs"

    @property
    def objects(self) -> Path:
        """Where the platform keeps its own datasets."""
        return self.folder / "objects"

    @property
    def landing(self) -> Path:
        """The bucket as a folder: a file put here is an object."""
        return self.folder / "s3" / "data" / self.s3_bucket

    @property
    def secrets(self) -> Path:
        """Where the files with keys lie."""
        return self.folder / "secrets"

    def save(self) -> None:
        """Write it, whole or not at all."""
        write_private(self.folder / "state.json", self.model_dump_json(indent=2) + "\n")


class Child(BaseModel):
    """One process of the stack, told apart from a later one with the same number by its start."""

    pid: int
    started: float
    stop_signal: int = 15

    def process(self) -> psutil.Process | None:
        """Find it, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 0.05
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class Running(BaseModel):
    """Who runs the stack of a folder now: the launcher and its children. Kept in run.json."""

    launcher: Child
    children: dict[str, Child] = {}

    def save(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        write_private(folder / "run.json", self.model_dump_json(indent=2) + "\n")


def load_state(folder: Path) -> State | None:
    """Read what was kept, if anything was."""
    try:
        text = (folder / "state.json").read_text()
    except FileNotFoundError:
        return None
    except PermissionError:
        raise StackError(
            f"{folder / 'state.json'} belongs to another user.", "Name a folder of your own: MODULARDATA_HOME=…"
        ) from None
    try:
        # A folder that was moved is where it is now, not where it was made.
        return State.model_validate(json.loads(text) | {"folder": folder})
    except ValueError as error:
        raise StackError(
            f"{folder / 'state.json'} cannot be read: {error}",
            "Mend it, or remove the whole data folder to begin anew.",
        ) from None


def load_running(folder: Path) -> Running | None:
    """Read who ran it last, if that was written."""
    try:
        return Running.model_validate_json((folder / "run.json").read_text())
    except (FileNotFoundError, ValueError):
        return None


def me() -> Child:
    """Describe this process."""
    return describe(os.getpid())


def describe(pid: int, stop_signal: int = 15) -> Child:
    """Describe a process that was just started."""
    try:
        return Child(pid=pid, started=psutil.Process(pid).create_time(), stop_signal=stop_signal)
    except psutil.NoSuchProcess:
        return Child(pid=pid, started=time.time(), stop_signal=stop_signal)


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 600 in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_once(path: Path, text: str) -> None:
    """Write a file of secrets, unless it is there."""
    if not path.exists():
        write_private(path, text)


def new_key_ring() -> str:
    """Make a ring with one fresh key of 32 bytes."""
    name = secrets.token_hex(4)
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return json.dumps({"primary": name, "keys": {name: key}})


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder for this launcher. The system lets go of the lock however its holder ends."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(handle)
        except BlockingIOError:
            running = load_running(folder)
            who = f" (process {running.launcher.pid})" if running else ""
            raise StackError(
                f"The stack of {folder} runs already{who}.",
                "See `modulardata status`; stop it with `modulardata down`; a second copy needs a folder of its "
                "own: MODULARDATA_HOME=…",
            ) from None
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    # Somebody who only asks whether it is held holds it for an instant.
    for _ in range(5):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.1)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_running(folder: Path) -> bool:
    """Say whether a launcher holds the folder now."""
    try:
        handle = os.open(folder / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def clear_leftovers(folder: Path) -> list[str]:
    """End what a launcher that was killed left behind; only processes it wrote down, and only if they are those."""
    running = load_running(folder)
    if running is None:
        return []
    found = {name: process for name, child in running.children.items() if (process := child.process())}
    for name, process in found.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(running.children[name].stop_signal)
    _, alive = psutil.wait_procs(list(found.values()), timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    (folder / "run.json").unlink(missing_ok=True)
    return [f"the launcher (process {running.launcher.pid}) ended without stopping", *sorted(found)]
