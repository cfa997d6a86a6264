"""What a child might try that has no expression checker in front of it: the walls alone must hold.

`handle` stands where the worker stands. A job is the name of an attempt and its argument; the answer says what came of
it: `{"got": …}` or `{"refused": "…"}`.
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl


def read_file(path: str) -> Any:
    return Path(path).read_bytes()[:20].hex()


def read_with_polars(path: str) -> Any:
    return pl.read_csv(path, has_header=False, separator="\x01").height


def read_with_polars_sql(path: str) -> Any:
    return pl.SQLContext().execute(f"SELECT * FROM read_csv('{path}')", eager=True).height


def read_parquet(path: str) -> Any:
    return pl.scan_parquet(path).collect(engine="streaming").height


def list_folder(path: str) -> Any:
    return len(os.listdir(path))


def write_file(path: str) -> Any:
    return Path(path).write_bytes(b"x")


def remove_file(path: str) -> Any:
    os.unlink(path)
    return True


def change_mode(path: str) -> Any:
    os.chmod(path, 0o700)
    return True


def cut_short(path: str) -> Any:
    os.truncate(path, 0)
    return True


def make_link(path: str) -> Any:
    os.symlink(path, "link")
    return Path("link").read_bytes()[:20].hex()


def make_hard_link(path: str) -> Any:
    os.link(path, "hard")
    return Path("hard").read_bytes()[:20].hex()


def open_socket(address: str) -> Any:
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=3):
        return True


def open_local_socket(path: str) -> Any:
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(path)
        return True


def fetch_with_polars(address: str) -> Any:
    return pl.read_csv(f"http://{address}/x.csv").height


def fetch(address: str) -> Any:
    return urllib.request.urlopen(f"http://{address}/", timeout=3).status


def run_program(name: str) -> Any:
    return subprocess.run([name], check=True, capture_output=True).returncode


def fork(_: str) -> Any:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def kill(pid: str) -> Any:
    os.kill(int(pid), signal.SIGTERM)
    return True


def look_into(pid: str) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, int(pid), 0, 0) != 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")
    return True


def environment_of(pid: str) -> Any:
    return Path(f"/proc/{pid}/environ").read_bytes().hex()


def own_environment(_: str) -> Any:
    return dict(os.environ)


def own_place(_: str) -> Any:
    files = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        files.append(number)
    return {
        "folder": os.getcwd(),
        "files": files,
        "threads": threading.active_count(),
        "group": os.getpgid(0) == os.getpid(),
        "limits": {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in ("AS", "CPU", "FSIZE", "CORE")
        },
        "status": {
            line.split(":")[0]: line.split(":")[1].strip()
            for line in _status().splitlines()
            if line.startswith(("NoNewPrivs", "Seccomp:", "CapEff"))
        },
    }


def _status() -> str:
    # /proc is closed like everything else; the kernel answers these by another way.
    libc = ctypes.CDLL(None)
    return f"NoNewPrivs:{libc.prctl(39, 0, 0, 0, 0)}\nSeccomp:{libc.prctl(21, 0, 0, 0, 0)}"


def mount(_: str) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b".", b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    return True


def new_user(_: str) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    return True


def fill_memory(megabytes: str) -> Any:
    return len([bytearray(b"x") * (8 << 20) for _ in range(int(megabytes) // 8)])


def fill_memory_in_the_engine(megabytes: str) -> Any:
    return pl.select(pl.int_range(0, int(megabytes) << 17)).height


def fill_memory_to_share(megabytes: str) -> Any:
    held = mmap.mmap(-1, int(megabytes) << 20)
    for at in range(0, len(held), 4096):
        held[at] = 1
    return True


def fill_disk(megabytes: str) -> Any:
    with open("large", "wb") as file:
        for _ in range(int(megabytes)):
            file.write(bytes(1 << 20))
    return True


def fill_disk_in_pieces(megabytes: str) -> Any:
    for number in range(int(megabytes) // 8):
        Path(f"piece-{number}").write_bytes(bytes(8 << 20))
    return True


def fill_disk_in_depth(megabytes: str) -> Any:
    for _ in range(int(megabytes) // 32):
        os.mkdir("deeper")
        os.chdir("deeper")
        Path("piece").write_bytes(bytes(32 << 20))
    return True


def fill_disk_removed(megabytes: str) -> Any:
    # What is open is still there when its name has gone.
    held = []
    for _ in range(int(megabytes) // 8):
        held.append(open("piece", "wb"))  # noqa: SIM115 - they stay open
        os.unlink("piece")
        held[-1].write(bytes(8 << 20))
    return True


def fill_disk_replaced(megabytes: str) -> Any:
    held = []
    for _ in range(int(megabytes) // 8):
        held.append(open("piece", "wb"))  # noqa: SIM115 - they stay open
        Path("other").touch()
        os.rename("other", "piece")
        held[-1].write(bytes(8 << 20))
    return True


def fill_disk_without_names(megabytes: str) -> Any:
    for _ in range(int(megabytes) // 8):
        os.write(os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600), bytes(8 << 20))
    return True


def fill_files_of_memory(megabytes: str) -> Any:
    for number in range(int(megabytes) // 8):
        os.write(os.memfd_create(f"piece-{number}"), bytes(8 << 20))
    return True


def make_files(count: str) -> Any:
    for number in range(int(count)):
        Path(str(number)).touch()
    return True


def make_folders(count: str) -> Any:
    for number in range(int(count)):
        os.mkdir(str(number))
    return True


def hide_files(_: str) -> Any:
    # Deeper than a path may be long, where only who stands there can look.
    for _ in range(30):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    return True


def spin(_: str) -> Any:
    while True:
        pass


def sleep(seconds: str) -> Any:
    time.sleep(float(seconds))
    return True


def crash(_: str) -> Any:
    os.abort()


def answer(value: str) -> Any:
    return value


_ATTEMPTS: dict[str, Callable[[str], Any]] = {
    name: attempt for name, attempt in list(globals().items()) if callable(attempt) and not name.startswith("_")
}


def handle(job: bytes) -> bytes:
    """Make one attempt."""
    wanted = json.loads(job)
    try:
        return json.dumps({"got": _ATTEMPTS[wanted["try"]](wanted["with"])}).encode()
    except MemoryError:
        return json.dumps({"kind": "failed", "type": "memory_limit", "message": ""}).encode()
    except BaseException as error:
        return json.dumps({"refused": f"{type(error).__name__}: {error}"[:300]}).encode()
