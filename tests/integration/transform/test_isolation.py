"""The walls around a job, with no expression checker in front of them: files, network, programs, memory, time.

Every attempt is also made without the walls, where it must succeed: an attempt that fails anyway would prove nothing.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.chassis.isolation.failures import OutputTooLarge
from services.chassis.isolation.sandbox import Sandbox
from services.chassis.isolation.walls import Limits
from services.transform.errors import ChildDied, IsolationUnavailable, MemoryExceeded, TimeExceeded
from tests.conftest import open_folder

ROOT = Path(__file__).resolve().parents[3]
HERE = "tests.integration.transform"
PRYING = f"{HERE}.prying"
LIMITS = Limits(memory_mb=1024, cpu_seconds=60, file_mb=64, disk_mb=96, entries=500)


class Box:
    """A sandbox of a test, with a folder for its child and an input that it may read."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder / "out"
        self.folder.mkdir(mode=0o777)
        self.folder.chmod(0o777)
        self.input = folder / "input.csv"
        self.input.write_text("x\n1\n")
        self.outside = folder / "outside.csv"
        self.outside.write_text("secret\n")
        self.sandbox = sandbox

    async def attempt(self, name: str, argument: object = "", seconds: float = 30) -> dict[str, Any]:
        """What comes of an attempt inside."""
        job = json.dumps({"try": name, "with": str(argument)})
        said = await self.sandbox.run(job, readable=[self.input], folder=self.folder, seconds=seconds)
        answer: dict[str, Any] = json.loads(said)
        return answer


def a_sandbox(work: str = PRYING, limits: Limits = LIMITS, **options: Any) -> Sandbox:
    """A sandbox whose children pry."""
    return Sandbox(limits, work=work, search=[str(ROOT)], **options)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """One sandbox for most tests: starting one takes longer than what most of them do with it."""
    made = a_sandbox()
    yield made
    asyncio.run(made.close())


@pytest.fixture
def box(tmp_path: Path, shared: Sandbox) -> Box:
    """A place for one test."""
    return Box(tmp_path, shared)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may enter; those of pytest are its own user's."""
    folder = open_folder()
    yield folder
    shutil.rmtree(folder)


@asynccontextmanager
async def own(folder: Path, *arguments: Any, **options: Any) -> AsyncIterator[Box]:
    """A place with a sandbox of its own."""
    made = Box(folder, a_sandbox(*arguments, **options))
    try:
        yield made
    finally:
        await made.sandbox.close()


def unwalled(folder: Path, name: str, argument: object = "") -> dict[str, Any]:
    """What comes of the same attempt in an ordinary process."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from {PRYING} import handle; "
    script += "sys.stdout.write(handle(sys.stdin.buffer.read()).decode())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps({"try": name, "with": str(argument)}).encode(),
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[tuple[str, list[object]]]:
    """A server of web pages on this machine, and who called it."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    end, who = server.accept()
                    calls.append(who)
                    with end, suppress(OSError):
                        end.recv(4096)
                        end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\na\n1\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", calls
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


READS = ["read_file", "read_with_polars", "read_with_polars_sql", "make_link", "make_hard_link"]


@pytest.mark.parametrize("way", READS)
async def test_a_file_that_is_no_input_cannot_be_read(box: Box, tmp_path: Path, way: str) -> None:
    assert "refused" in await box.attempt(way, box.outside)
    assert "got" in unwalled(tmp_path, way, box.outside)


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", "/sys/kernel"]
)
async def test_the_machine_cannot_be_read(box: Box, tmp_path: Path, path: str) -> None:
    way = "list_folder" if Path(path).is_dir() else "read_file"
    assert "refused" in await box.attempt(way, path)
    assert "got" in unwalled(tmp_path, way, path)


async def test_inputs_can_be_read_and_the_own_folder_written(box: Box) -> None:
    assert "got" in await box.attempt("read_file", box.input)
    assert "got" in await box.attempt("read_with_polars", box.input)
    assert "got" in await box.attempt("write_file", "result")
    assert (box.folder / "result").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("way", "target"),
    [
        ("write_file", "new"),
        ("write_file", "outside.csv"),
        ("write_file", "input.csv"),
        ("remove_file", "input.csv"),
        ("cut_short", "input.csv"),
        ("change_mode", "outside.csv"),
        ("list_folder", "."),
    ],
)
async def test_nothing_outside_can_be_changed(box: Box, tmp_path: Path, way: str, target: str) -> None:
    assert "refused" in await box.attempt(way, tmp_path / target)
    assert box.input.read_text() == "x\n1\n"
    assert "got" in unwalled(tmp_path, way, tmp_path / target)


@pytest.mark.parametrize("way", ["open_socket", "fetch", "fetch_with_polars"])
async def test_there_is_no_network(box: Box, tmp_path: Path, way: str, listening: tuple[str, list[object]]) -> None:
    address, calls = listening
    assert "refused" in await box.attempt(way, address)
    assert calls == []
    unwalled(tmp_path, way, address)
    assert calls != []


async def test_there_is_no_way_to_local_sockets(box: Box, tmp_path: Path) -> None:
    path = tmp_path / "door"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        assert "refused" in await box.attempt("open_local_socket", path)
        assert "got" in unwalled(tmp_path, "open_local_socket", path)


@pytest.mark.parametrize(("way", "argument"), [("run_program", "true"), ("fork", "")])
async def test_no_other_program_can_be_started(box: Box, tmp_path: Path, way: str, argument: str) -> None:
    assert "refused" in await box.attempt(way, argument)
    assert "got" in unwalled(tmp_path, way, argument)


@pytest.mark.parametrize("way", ["mount", "new_user"])
async def test_the_walls_cannot_be_moved(box: Box, way: str) -> None:
    assert "refused" in await box.attempt(way)


@pytest.mark.parametrize("way", ["kill", "look_into", "environment_of"])
async def test_other_processes_cannot_be_touched(box: Box, tmp_path: Path, way: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:  # noqa: ASYNC220
        assert "refused" in await box.attempt(way, other.pid)
        assert other.poll() is None
        said = unwalled(tmp_path, way, other.pid)
        assert "got" in said
        other.kill()


async def test_the_surroundings_are_empty(box: Box) -> None:
    os.environ["MODULARDATA_CANARY"] = "canary-in-the-environment"
    try:
        environment = (await box.attempt("own_environment"))["got"]
        place = (await box.attempt("own_place"))["got"]
    finally:
        del os.environ["MODULARDATA_CANARY"]
    ours = ("POLARS_", "RUST_BACKTRACE", "_RJEM_MALLOC_CONF", "LC_")
    assert [name for name in environment if not name.startswith(ours)] == []
    assert "canary" not in json.dumps(environment)
    assert place["folder"] == str(box.folder)
    assert len(place["files"]) == 4  # nothing twice, the file for errors, and the channel
    assert place["threads"] == 1
    assert place["group"]
    assert place["limits"] == {"AS": (12 << 30) + 4, "CPU": 60, "FSIZE": 64 << 20, "CORE": 0}
    assert place["status"] == {"NoNewPrivs": "1", "Seccomp": "2"}


@pytest.mark.parametrize("way", ["fill_memory", "fill_memory_in_the_engine"])
async def test_memory_has_an_end_and_the_next_job_a_beginning(box: Box, way: str) -> None:
    with pytest.raises(MemoryExceeded, match="needs more than 1024 MB"):
        await box.attempt(way, 3_000)
    assert box.sandbox.last is not None
    assert box.sandbox.last.max_rss_mb < 1_200
    assert (await box.attempt("answer", "still here"))["got"] == "still here"


async def test_a_file_has_an_end(box: Box) -> None:
    said = await box.attempt("fill_disk", 100)
    assert "File too large" in said["refused"]
    assert sum(path.stat().st_size for path in box.folder.iterdir()) <= 64 << 20


@pytest.mark.parametrize(
    ("way", "argument"),
    [
        ("fill_disk_in_pieces", 128),
        ("fill_disk_in_depth", 128),
        ("make_files", 600),
        ("make_folders", 600),
        ("hide_files", ""),
    ],
)
async def test_all_files_together_have_an_end(tmp_path: Path, box: Box, way: str, argument: object) -> None:
    (tmp_path / "bare").mkdir()
    assert unwalled(tmp_path / "bare", way, argument)["got"] is True
    with pytest.raises(OutputTooLarge, match="more than 96 MB of disk or makes more than 500 files"):
        await box.attempt(way, argument)
    shutil.rmtree(box.folder)
    box.folder.mkdir()
    assert (await box.attempt("answer", "still here"))["got"] == "still here"


# What loses its name, and what never had one: the first is Landlock's, the second the filter's.
REMOVED = ["fill_disk_removed", "fill_disk_replaced"]
NAMELESS = ["fill_disk_without_names", "fill_files_of_memory", "fill_memory_to_share"]


@pytest.mark.parametrize("way", REMOVED + NAMELESS)
async def test_nothing_escapes_the_count_by_having_no_name(tmp_path: Path, box: Box, way: str) -> None:
    (tmp_path / "bare").mkdir()
    assert unwalled(tmp_path / "bare", way, 128)["got"] is True
    assert "refused" in await box.attempt(way, 128)


@pytest.mark.parametrize(("way", "argument"), [("spin", ""), ("sleep", "60")])
async def test_a_job_ends_at_its_deadline(box: Box, way: str, argument: str) -> None:
    with pytest.raises(TimeExceeded):
        await box.attempt(way, argument, seconds=1)
    assert children(box) == []


async def test_computing_time_has_an_end_of_its_own(tmp_path: Path) -> None:
    async with own(tmp_path, limits=Limits(memory_mb=1024, cpu_seconds=2)) as box:
        with pytest.raises(TimeExceeded, match="more than 2 seconds of computing time"):
            await box.attempt("spin", seconds=50)


async def test_a_child_that_dies_without_a_word_is_tried_once_more_and_then_blamed(box: Box) -> None:
    with pytest.raises(ChildDied, match="signal 6"):
        await box.attempt("crash")
    assert (await box.attempt("answer", "x"))["got"] == "x"


async def test_cancelling_ends_the_child(box: Box) -> None:
    task = asyncio.create_task(box.attempt("sleep", "60"))
    await until(lambda: bool(children(box)))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await until(lambda: not children(box))


async def test_a_killed_forking_process_takes_its_children_along_and_the_job_is_done_by_the_next(box: Box) -> None:
    await box.attempt("answer", "x")
    first = box.sandbox.process
    assert first is not None
    task = asyncio.create_task(box.attempt("sleep", "1"))
    await until(lambda: bool(children(box)))
    orphans = children(box)
    psutil.Process(first).kill()
    await until(lambda: not any(orphan.is_running() and orphan.status() != "zombie" for orphan in orphans))
    assert (await task)["got"] is True
    assert box.sandbox.process != first


async def test_the_forking_process_rests_when_nothing_is_to_be_done(tmp_path: Path) -> None:
    async with own(tmp_path, rest_after=0.2) as box:
        await box.attempt("answer", "x")
        resting = box.sandbox.process
        assert resting is not None
        await until(lambda: box.sandbox.process is None and not psutil.pid_exists(resting))
        assert (await box.attempt("answer", "again"))["got"] == "again"


async def test_a_service_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from {HERE}.test_isolation import Box, a_sandbox
async def main():
    box = Box(Path({str(tmp_path)!r}), a_sandbox())
    task = asyncio.create_task(box.attempt("sleep", "60", 60))
    await asyncio.wait([task], timeout=60)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", script]) as service:  # noqa: ASYNC220
        process = psutil.Process(service.pid)
        await until(lambda: len(process.children(recursive=True)) == 2)
        family = process.children(recursive=True)
        service.kill()
        await until(lambda: not any(one.is_running() and one.status() != "zombie" for one in family))


# as another user, and on machines that lack a wall


@pytest.mark.parametrize(
    "machine", ["ordinary_user", "machine_without_namespaces", "machine_without_filters"], ids=lambda name: str(name)
)
async def test_the_walls_stand_for_an_ordinary_user_and_with_one_network_wall(
    public: Path, machine: str, listening: tuple[str, list[object]]
) -> None:
    address, calls = listening
    async with own(public, f"{HERE}.{machine}") as box:
        assert "got" in await box.attempt("read_with_polars", box.input)
        assert "got" in await box.attempt("write_file", "result")
        assert "refused" in await box.attempt("read_file", "/etc/hostname")
        assert "refused" in await box.attempt("read_file", box.outside)
        assert "refused" in await box.attempt("open_socket", address)
        assert "refused" in await box.attempt("mount")
        for way in REMOVED + (NAMELESS if machine != "machine_without_filters" else []):
            assert "refused" in await box.attempt(way, 128)
        with pytest.raises(MemoryExceeded):
            await box.attempt("fill_memory", 3_000)
        with pytest.raises(TimeExceeded):
            await box.attempt("spin", seconds=1)
        assert calls == []


@pytest.mark.parametrize(
    ("machine", "said"),
    [("machine_without_landlock", "Landlock"), ("machine_without_network_walls", "close the network")],
)
async def test_where_a_wall_cannot_stand_nothing_is_run(tmp_path: Path, machine: str, said: str) -> None:
    async with own(tmp_path, f"{HERE}.{machine}") as box:
        with pytest.raises(IsolationUnavailable, match=said):
            await box.attempt("write_file", "result")
        assert not (box.folder / "result").exists()


async def test_jobs_run_side_by_side_and_no_more_than_there_are_places(tmp_path: Path) -> None:
    async with own(tmp_path, at_once=2) as box:
        tasks = [asyncio.create_task(box.attempt("sleep", "0.5")) for _ in range(5)]
        await until(lambda: len(children(box)) == 2)
        assert box.sandbox.waiting == 3
        assert all(said["got"] for said in await asyncio.gather(*tasks))
        assert box.sandbox.waiting == 0


def children(box: Box) -> list[psutil.Process]:
    """The jobs that run."""
    pid = box.sandbox.process
    if pid is None:
        return []
    try:
        return [one for one in psutil.Process(pid).children() if one.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - nobody tells of the end of a process
            await asyncio.sleep(0.02)
