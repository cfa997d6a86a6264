"""A child of the launcher ends with it, both ways: told by the kernel, and told by a small guard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from deploy.local.supervisor import BECOME

HOWS = ["watch", "kernel"] if sys.platform == "linux" else ["watch"]
SLEEP = "import time; print('up', flush=True); time.sleep(60)"
# A launcher that starts one child and waits.
LAUNCH = """
import os, subprocess, sys, time
me = [str(os.getpid()), "15", str(os.geteuid()), str(os.getegid())]
child = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], sys.argv[2], *me, sys.executable, "-c", sys.argv[3]])
time.sleep(60)
"""


@pytest.mark.parametrize("how", HOWS)
def test_a_child_ends_when_its_launcher_is_killed(how: str) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(BECOME), how, SLEEP], stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == "up\n"
    family = psutil.Process(launcher.pid).children(recursive=True)
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


@pytest.mark.parametrize("how", HOWS)
def test_a_child_is_stopped_through_its_guard(how: str) -> None:
    me = [str(os.getpid()), "15", str(os.geteuid()), str(os.getegid())]
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", str(BECOME), how, *me, sys.executable, "-c", SLEEP],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    family = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(signal.SIGTERM)
    assert abs(child.wait(timeout=10)) == signal.SIGTERM
    child.stdout.close()
    assert not psutil.wait_procs(family, timeout=5)[1]


@pytest.mark.parametrize("how", HOWS)
def test_a_child_whose_launcher_is_gone_before_it_began_does_not_run(how: str) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ids = [str(gone.pid), "15", str(os.geteuid()), str(os.getegid())]
    began = time.monotonic()
    code = subprocess.run(
        [sys.executable, "-I", "-S", str(BECOME), how, *ids, sys.executable, "-c", "import time; time.sleep(60)"],
        capture_output=True,
        timeout=30,
        check=False,
    ).returncode
    assert code != 0
    assert time.monotonic() - began < 15


def test_root_is_given_up_for_good() -> None:
    """An ordinary caller stays who they are, root becomes somebody else with no group left."""
    uid, gid = (65534, 65534) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(BECOME), HOWS[-1], str(os.getpid()), "15", str(uid), str(gid), "/usr/bin/id"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    assert said.startswith(f"uid={uid}")
    assert f"gid={gid}" in said
    assert "(root)" not in said
