"""The data folder: one launcher at a time, secrets for their owner's eyes, and recovery after a crash."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local import ports, state
from deploy.local.launcher import load_or_make
from deploy.local.problems import StackError
from deploy.local.state import Child, Running, State

HOLD = "import sys, time; from pathlib import Path; from deploy.local import state\n"
HOLD += "with state.exclusive(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_a_second_launcher_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert state.is_running(tmp_path)
        with pytest.raises(StackError, match="runs already"), state.exclusive(tmp_path):
            pass
    finally:
        holder.kill()
        holder.communicate()
    assert not state.is_running(tmp_path)
    with state.exclusive(tmp_path):
        assert state.is_running(tmp_path)


def test_what_a_killed_launcher_left_is_ended_and_nothing_else(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    left, stranger = subprocess.Popen(sleep), subprocess.Popen(sleep)
    try:
        # The stranger has a number that was written down, but began at another time: it is not what we left.
        mistaken = Child(pid=stranger.pid, started=psutil.Process(stranger.pid).create_time() - 100)
        children = {"kafka": state.describe(left.pid), "postgres": mistaken}
        Running(launcher=Child(pid=1, started=0), children=children).save(tmp_path)
        told = state.clear_leftovers(tmp_path)
        assert told[1:] == ["kafka"]
        assert not psutil.pid_exists(left.pid)
        assert stranger.poll() is None
        assert state.clear_leftovers(tmp_path) == []
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait()


def test_secrets_are_made_at_random_kept_and_closed_to_others(tmp_path: Path) -> None:
    first = load_or_make(tmp_path, with_services=True)
    again = load_or_make(tmp_path, with_services=True)
    assert first == again
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "other").mkdir()
    other = load_or_make(tmp_path / "other", with_services=True)
    for name in ("postgres_password", "warehouse_password", "s3_access_key", "s3_secret_key", "kafka_cluster_id"):
        assert len(getattr(first, name)) >= 20
        assert getattr(first, name) != getattr(other, name)
    assert not set(first.ports.values()) & set(other.ports.values())


def test_servers_of_ones_own_take_the_place_of_ours(tmp_path: Path) -> None:
    own = {
        "MODULARDATA_KAFKA": "kafka.example:9092",
        "MODULARDATA_DATABASE_ADMIN_URL": "postgresql://me:secret@db.example:5432/platform",
    }
    made = load_or_make(tmp_path, with_services=False, environment=own)
    assert made.external == ["kafka", "postgres"]
    assert made.kafka == "kafka.example:9092"
    assert made.database_url == "postgresql://db.example:5432/platform"
    assert made.warehouse_dsn.endswith(f"@db.example:5432/{made.warehouse_name}")
    assert made.warehouse_name.startswith("warehouse_"), "a role that is there may be somebody else's"


def test_a_damaged_state_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"ports": 7')
    with pytest.raises(StackError, match=r"state\.json cannot be read"):
        state.load_state(tmp_path)


def test_a_folder_that_was_moved_is_where_it_is_now(tmp_path: Path) -> None:
    made = State(folder=tmp_path)
    made.save()
    (tmp_path / "moved").mkdir()
    os.replace(tmp_path / "state.json", tmp_path / "moved" / "state.json")
    loaded = state.load_state(tmp_path / "moved")
    assert loaded is not None
    assert loaded.logs == tmp_path / "moved" / "logs"


def test_a_taken_port_is_told_with_its_taker() -> None:
    with socket.socket() as taker:
        taker.bind((ports.HOST, 0))
        taker.listen()
        port = taker.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port}, kept for kafka, is taken by .*process {os.getpid()}"):
            ports.must_be_free({"kafka": port})
    ports.must_be_free({"kafka": port})
