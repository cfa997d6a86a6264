"""Machines that lack a wall, and users that lack privileges, as modules that the forking process can load.

Each takes something away from the process that loads it, for good, and then does what `prying` does.
"""

import ctypes
import os
import struct

from tests.integration.transform.prying import handle as handle

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def without_calls(*numbers: int) -> None:
    """From now on the kernel says that it does not know these calls (x86-64)."""
    lines = [_line(0x20, 0)]
    for number in numbers:
        lines += [_line(0x15, number, no=1), _line(0x06, _ERRNO | 38)]
    _install(b"".join([*lines, _line(0x06, _ALLOW)]))


def without_filters() -> None:
    """From now on no filter of system calls can be installed any more (x86-64)."""
    # prctl(PR_SET_SECCOMP, …) is refused, every other prctl passes.
    lines = [_line(0x20, 0), _line(0x15, 157, no=3), _line(0x20, 16), _line(0x15, 22, no=1), _line(0x06, _ERRNO | 22)]
    _install(b"".join([*lines, _line(0x06, _ALLOW)]))


def _line(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _install(code: bytes) -> None:
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter was refused")


def as_nobody() -> None:
    """From now on this is an ordinary user, if it was not one before."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
