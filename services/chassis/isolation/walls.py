"""The walls around a child: files, network, programs, memory, time. All stand before the job is looked at."""

import ctypes
import os
import resource
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from services.chassis.isolation import landlock, seccomp
from services.chassis.isolation.failures import IsolationUnavailable
from services.chassis.isolation.kernel import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, prctl, unshare

_NEW_USER, _NEW_NET, _NEW_IPC, _NEW_UTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
_MEGABYTE = 1 << 20
# Memory that is used is watched from outside. Addresses are cheap: the engine reserves ten times what it needs.
_ADDRESSES = 10
_ADDRESSES_BEYOND = 2048 * _MEGABYTE  # code and thread stacks


@dataclass(frozen=True)
class Limits:
    """How much of the machine a child may take."""

    memory_mb: int = 4096
    cpu_seconds: int = 3600
    file_mb: int = 64 * 1024
    disk_mb: int = 128 * 1024
    entries: int = 20_000  # files and folders in its folder
    files: int = 1024
    threads: int = 128


@dataclass(frozen=True)
class InForce:
    """Which walls stand."""

    landlock: int
    network_namespace: bool
    filter: bool


def put_up(readable: Sequence[str], writable: Sequence[str], limits: Limits) -> InForce:
    """Put up all walls around this process, for good; raises IsolationUnavailable when they would have a gap.

    The files must be closed to it, and so must the network; by a namespace or by a filter, best by both.
    """
    own_user, own_network = _leave_namespaces()
    _limit(readable, limits, own_user)
    with suppress(OSError):
        prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0))
    try:
        prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1))
        version = landlock.restrict(readable, writable)
    except OSError as error:
        raise IsolationUnavailable(
            "Jobs run only where the kernel can close the files of this machine to them (Landlock, Linux 5.13 or"
            f" later), and here it cannot: {error.strerror}."
        ) from error
    filtered = _filter()
    if not filtered and not own_network:
        raise IsolationUnavailable(
            "Jobs run only where the kernel can close the network to them, and here it allows neither a network"
            " namespace nor a filter of system calls."
        )
    return InForce(version, own_network, filtered)


def leave_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends; at once, if that has happened already."""
    prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)


def _leave_namespaces() -> tuple[bool, bool]:
    """A user namespace of its own takes every privilege away; a network namespace holds no network."""
    beside = _NEW_NET | _NEW_IPC | _NEW_UTS
    for flags in (_NEW_USER | beside, beside):
        try:
            unshare(flags)
        except OSError:
            continue
        return bool(flags & _NEW_USER), True
    return False, False


def _filter() -> bool:
    try:
        seccomp.restrict()
    except (seccomp.FilterUnavailable, OSError):
        return False
    return True


def _limit(readable: Sequence[str], limits: Limits, own_user: bool) -> None:
    memory = limits.memory_mb * _MEGABYTE
    # Inputs are mapped, not loaded: they take addresses but no memory of their own.
    mapped = sum(os.path.getsize(path) for path in readable if os.path.isfile(path))
    wanted = {
        resource.RLIMIT_AS: memory * _ADDRESSES + mapped + _ADDRESSES_BEYOND,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        # One file's; what all of them together take is watched from outside.
        resource.RLIMIT_FSIZE: limits.file_mb * _MEGABYTE,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_CORE: 0,
    }
    if own_user:
        # Elsewhere this would count everything that the same user runs.
        wanted[resource.RLIMIT_NPROC] = limits.threads
    for name, value in wanted.items():
        _, hard = resource.getrlimit(name)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # The soft limit of CPU time comes a little earlier and says with its signal what it was.
        soft = max(1, least - 1) if name == resource.RLIMIT_CPU else least
        resource.setrlimit(name, (soft, least))
