"""The four servers as one thing: they work, they come back, and they never outlive their launcher."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import boto3
import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from botocore.config import Config
from temporalio.client import Client
from temporalio.service import RPCError

from deploy.local import doctor, foreground, memory
from deploy.local import state as states
from deploy.local.launcher import Stack
from deploy.local.problems import StackError
from deploy.local.state import State
from deploy.local.temporal import SEARCH_ATTRIBUTES
from tests.conftest import open_folder

LIMIT_MB = 480
SERVERS = {"kafka", "temporal", "postgres", "s3"}


def s3_client(state: State, secret: str = "") -> Any:
    return boto3.client(
        "s3",
        endpoint_url=state.s3_endpoint,
        aws_access_key_id=state.s3_access_key,
        aws_secret_access_key=secret or state.s3_secret_key,
        region_name=state.s3_region,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


async def say(state: State, topic: str, text: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=state.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=state.kafka, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, text)
    finally:
        await producer.stop()


async def hear(state: State, topic: str) -> bytes:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=state.kafka, auto_offset_reset="earliest")
    try:
        await consumer.start()
        message = await consumer.getone()
        return bytes(message.value or b"")
    finally:
        await consumer.stop()


def everyone(folder: Path) -> list[psutil.Process]:
    """List every process that has the folder in its command line, or is below one that has."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in part for part in process.info["cmdline"] or []):
            found[process.pid] = process
            with contextlib.suppress(psutil.NoSuchProcess):
                found |= {child.pid: child for child in process.children(recursive=True)}
    return [process for process in found.values() if process.pid != os.getpid()]


def launch(folder: Path) -> subprocess.Popen[str]:
    """Start a launcher of its own process, without the services, and wait until it is ready."""
    command = [sys.executable, "-m", "deploy.local", "up", "--servers-only", "--folder", str(folder)]
    launcher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    assert launcher.stdout is not None
    for line in launcher.stdout:
        said.append(line)
        if "ready: " in line:
            break
    else:
        pytest.fail("the launcher ended before it was ready:\n" + "".join(said))
    launcher.said = "".join(said)  # type: ignore[attr-defined]
    return launcher


@pytest.fixture
def folder() -> Iterator[Path]:
    made = open_folder()
    yield made / "stack"
    foreground.down(made / "stack", purge=True)
    made.rmdir()


async def test_all_four_do_their_work(servers: State) -> None:
    topic = f"greetings-{os.getpid()}"
    await say(servers, topic, b"hello")
    assert await hear(servers, topic) == b"hello"

    client = await Client.connect(servers.temporal, namespace=servers.temporal_namespace)
    for name in SEARCH_ATTRIBUTES:
        assert (await client.count_workflows(f"{name} = 'nobody'")).count == 0
    async with httpx.AsyncClient() as http:
        assert (await http.get(servers.temporal_ui)).status_code == 200

    warehouse: Any = await asyncpg.connect(servers.warehouse_dsn)
    try:
        assert await warehouse.fetchval("select current_user") == "warehouse"
        assert await warehouse.fetchval("select rolsuper from pg_roles where rolname = current_user") is False
    finally:
        await warehouse.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(servers.warehouse_dsn.replace("warehouse:", "warehouse:x", 1))

    store = s3_client(servers)
    store.put_object(Bucket=servers.s3_bucket, Key="a folder/é.txt", Body=b"content")
    assert (servers.landing / "a folder" / "é.txt").read_bytes() == b"content"
    with pytest.raises(store.exceptions.ClientError, match="SignatureDoesNotMatch"):
        s3_client(servers, secret="wrong").list_objects_v2(Bucket=servers.s3_bucket)


def listening(process: psutil.Process) -> list[Any]:
    """Where a process listens; nowhere if it has ended, as the sessions of a database do all the time."""
    try:
        found = process.net_connections("inet")
    except (psutil.NoSuchProcess, FileNotFoundError):
        return []
    except psutil.AccessDenied:
        psutil.wait_procs([process], timeout=5)  # what is about to end is root's for a moment
        if process.is_running():
            raise
        return []
    return [connection for connection in found if connection.status == psutil.CONN_LISTEN and connection.laddr]


def test_servers_are_nobody_s_root_and_listen_here_only(servers: State) -> None:
    running = states.load_running(servers.folder)
    assert running is not None
    assert set(running.children) == SERVERS
    for child in running.children.values():
        process = psutil.Process(child.pid)
        assert process.uids().effective != 0
        assert process.uids().saved != 0
        for family in (process, *process.children(recursive=True)):
            for connection in listening(family):
                assert connection.laddr.ip in ("127.0.0.1", "::ffff:127.0.0.1"), connection


def test_no_secret_is_in_a_command_line(servers: State) -> None:
    secrets = [servers.postgres_password, servers.warehouse_password, servers.s3_secret_key]
    seen = []
    for process in everyone(servers.folder):
        # Sessions of the database come and go.
        with contextlib.suppress(psutil.NoSuchProcess):
            seen.append(" ".join(process.cmdline()))
    assert len(seen) >= 4
    assert not [line for line in seen if any(secret in line for secret in secrets)]


async def test_a_restart_keeps_everything_and_two_copies_do_not_collide(folder: Path) -> None:
    other = open_folder()
    try:
        async with Stack(folder, services=False) as first, Stack(other / "stack", services=False) as second:
            before = first.state.model_copy(deep=True)
            assert not set(first.state.ports.values()) & set(second.state.ports.values())
            await say(first.state, "kept", b"in kafka")
            s3_client(first.state).put_object(Bucket="landing", Key="kept.txt", Body=b"in s3")
            warehouse: Any = await asyncpg.connect(first.state.warehouse_dsn)
            await warehouse.execute("create table kept as select 'in postgres' as text")
            await warehouse.close()
            with pytest.raises(StackError, match="runs already"):
                await Stack(folder, services=False).start()
            taken = sum(share.bytes for share in memory.measure(folder) if share.name != "launcher") >> 20
            assert taken < LIMIT_MB, memory.measure(folder)
        assert not everyone(folder)
        assert not (folder / "run.json").exists()
        async with Stack(folder, services=False) as again:
            assert again.state == before
            assert await hear(again.state, "kept") == b"in kafka"
            assert s3_client(again.state).get_object(Bucket="landing", Key="kept.txt")["Body"].read() == b"in s3"
            warehouse = await asyncpg.connect(again.state.warehouse_dsn)
            assert await warehouse.fetchval("select text from kept") == "in postgres"
            await warehouse.close()
    finally:
        foreground.down(other / "stack", purge=True)
        other.rmdir()


async def test_a_server_that_dies_is_started_again(folder: Path) -> None:
    async with Stack(folder, services=False) as stack:
        await say(stack.state, "before", b"acknowledged")
        first = {name: stack.pid(name) for name in SERVERS}
        for pid in first.values():
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 40
        heard = b""
        while time.monotonic() < until and not heard:
            with contextlib.suppress(KafkaError):
                heard = await hear(stack.state, "before")
            await asyncio.sleep(0.2)
        assert heard == b"acknowledged"
        assert all(child.restarts == 1 for child in stack.children.values())
        assert all(stack.pid(name) not in (0, pid) for name, pid in first.items())
        warehouse: Any = await asyncpg.connect(stack.state.warehouse_dsn)
        await warehouse.close()


def test_kill_9_of_the_launcher_leaves_no_orphan_and_the_next_start_recovers(folder: Path) -> None:
    launcher = launch(folder)
    running = states.load_running(folder)
    assert running is not None
    assert len(everyone(folder)) > len(SERVERS)
    (folder / "s3" / "data" / "landing" / "kept.txt").write_bytes(b"kept")
    launcher.kill()
    launcher.communicate()
    until = time.monotonic() + 15
    while everyone(folder) and time.monotonic() < until:
        time.sleep(0.1)
    assert not everyone(folder), "these outlived their launcher"
    assert (folder / "run.json").exists(), "nobody was there to remove it"

    again = launch(folder)
    assert f"launcher recovered the launcher (process {running.launcher.pid}) ended" in " ".join(
        again.said.split()  # type: ignore[attr-defined]
    )
    assert (folder / "s3" / "data" / "landing" / "kept.txt").read_bytes() == b"kept"
    # Another terminal stops it, and it goes in order.
    assert foreground.down(folder)
    said, _ = again.communicate(timeout=10)
    assert again.returncode == 0
    stopped = [line.split()[1] for line in said.splitlines() if " stopped" in line]
    assert set(stopped[:2]) == {"s3", "temporal"}
    assert set(stopped[2:]) == {"kafka", "postgres"}
    assert not everyone(folder)


def test_children_that_missed_the_launchers_death_are_ended_by_the_next_start(folder: Path) -> None:
    launcher = launch(folder)
    running = states.load_running(folder)
    assert running is not None
    kafka = psutil.Process(running.children["kafka"].pid)
    # A stopped process hears of nothing, like one on a system that tells of no parent's death.
    kafka.suspend()
    launcher.kill()
    launcher.communicate()
    assert kafka.is_running()
    began = time.monotonic()
    with Stack(folder, services=False) as stack:
        assert not kafka.is_running()
        assert stack.pid("kafka") != kafka.pid
    assert time.monotonic() - began < 40


def test_ctrl_c_while_starting_leaves_nothing(folder: Path) -> None:
    command = [sys.executable, "-m", "deploy.local", "up", "--servers-only", "--folder", str(folder)]
    launcher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert launcher.stdout is not None
    for line in launcher.stdout:
        if "starting" in line:
            break
    launcher.send_signal(signal.SIGINT)
    said, _ = launcher.communicate(timeout=40)
    assert "Traceback" not in said
    assert not everyone(folder)
    assert not states.is_running(folder)
    # What was half made is made anew.
    with Stack(folder, services=False) as stack:
        assert stack.pid("postgres")


def test_a_server_that_cannot_start_is_told_with_its_log(folder: Path) -> None:
    with Stack(folder, services=False):
        pass
    version = folder / "postgres" / "data" / "PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(StackError, match=r"(?s)postgres ended with code .*initialized by PostgreSQL version 9"):
        Stack(folder, services=False).__enter__()
    assert not everyone(folder)


async def test_servers_of_ones_own_are_used_and_not_started(servers: State, folder: Path) -> None:
    own = {
        "MODULARDATA_KAFKA": servers.kafka,
        "MODULARDATA_TEMPORAL": servers.temporal,
        "MODULARDATA_TEMPORAL_NAMESPACE": f"own-{os.getpid()}",
        "MODULARDATA_DATABASE_ADMIN_URL": servers.database_admin_url,
        "MODULARDATA_S3_ENDPOINT": servers.s3_endpoint,
        "MODULARDATA_S3_ACCESS_KEY": servers.s3_access_key,
        "MODULARDATA_S3_SECRET_KEY": servers.s3_secret_key,
    }
    async with Stack(folder, services=False, environment=own) as stack:
        assert stack.children == {}
        assert stack.state.kafka == servers.kafka
        client = await Client.connect(servers.temporal, namespace=stack.state.temporal_namespace)
        # The server learns of a new namespace when it next renews its cache.
        until = time.monotonic() + 30
        counted = None
        while counted is None and time.monotonic() < until:
            with contextlib.suppress(RPCError):
                counted = await client.count_workflows(f"{SEARCH_ATTRIBUTES[0]} = 'nobody'")
            await asyncio.sleep(0.2)
        assert counted is not None
        assert counted.count == 0
    async with Stack(folder, services=False, environment=own) as again:
        assert again.children == {}


def test_the_doctor_finds_this_machine_fit_and_says_what_is_missing(folder: Path) -> None:
    findings = doctor.examine(folder)
    assert [finding for finding in findings if not finding.ok] == []
    without = {"MODULARDATA_JAVA": "/nowhere/java"}
    by_check = {finding.check: finding for finding in doctor.examine(folder, sums=False, environment=without)}
    assert not by_check["java"].ok
    assert "Install one" in by_check["java"].hint
    with pytest.raises(StackError, match="No Java runtime"):
        Stack(folder, services=False, environment=without).__enter__()
    assert not everyone(folder)


def test_a_full_disk_is_told_before_anything_is_written(folder: Path) -> None:
    with pytest.raises(StackError, match="MB are free at"):
        Stack(folder, services=False, least_disk_mb=1 << 40).__enter__()
    assert not everyone(folder)
