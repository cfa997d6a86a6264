"""A filter of system calls: no sockets, other programs and processes, kernel interfaces, and nothing uncounted."""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

from services.chassis.isolation.kernel import PR_SET_SECCOMP, prctl

_MODE_FILTER = 2
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_NEW_THREAD = 0x00010000  # CLONE_THREAD
_NAMELESS = 0x00400000  # what O_TMPFILE adds to O_DIRECTORY
_SHARED_AND_OF_NO_FILE = 0x21  # MAP_SHARED | MAP_ANONYMOUS
_FOREIGN_TABLE = 0x40000000  # the x32 numbers of x86-64

# name → number on x86-64 and on arm64, None where there is no such call
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # sockets
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "sendto": (44, 206), "recvfrom": (45, 207),
    "sendmsg": (46, 211), "recvmsg": (47, 212), "bind": (49, 200), "listen": (50, 201), "socketpair": (53, 199),
    "accept4": (288, 242), "recvmmsg": (299, 243), "sendmmsg": (307, 269),
    # calls that go around this filter
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # other programs and processes
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "kcmp": (312, 272), "setpriority": (141, 140), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187),
    # what belongs to files elsewhere, for which Landlock has no rule
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "truncate": (76, 45),
    # files in memory, which neither the watch over the folder nor that over memory sees
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # the kernel and the machine
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "sethostname": (170, 161), "personality": (135, 92),
    "syslog": (103, 116),
}  # fmt: skip
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
_OPEN, _OPENAT, _OPENAT2, _MMAP = (2, None), (257, 56), (437, 437), (9, 222)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


class FilterUnavailable(Exception):
    """There is no filter for this machine."""


def restrict() -> None:
    """Install the filter on this thread and all it starts; raises FilterUnavailable or OSError.

    The process must have given up new privileges before.
    """
    found = _ARCHITECTURES.get(platform.machine())
    if found is None:
        raise FilterUnavailable(f"no filter is known for {platform.machine()}")
    program = _program(*found, own=os.getpid())
    code = ctypes.create_string_buffer(program, len(program))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    wanted = _Program(len(program) // 8, ctypes.addressof(code))
    prctl(PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.byref(wanted))


def _program(column: int, architecture: int, own: int) -> bytes:
    refuse = _ERRNO | errno.EPERM
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, yes=1),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        _line(_AT_LEAST, _FOREIGN_TABLE, no=1),
        _line(_RETURN, _KILL),
    ]
    for numbers in _DENIED.values():
        number = numbers[column]
        if number is not None:
            lines += [_line(_EQUAL, number, no=1), _line(_RETURN, refuse)]
    # What is asked for lies in memory, where no filter looks: the C library is sent back to the older calls.
    for unclear in (_CLONE3, _OPENAT2):
        lines += [_line(_EQUAL, unclear[column], no=1), _line(_RETURN, _ERRNO | errno.ENOSYS)]
    # A new thread is no new process.
    lines += _with_argument(_CLONE[column], 0, [_line(_ANY_BIT, _NEW_THREAD, yes=1)], refuse)
    # Abort is a signal to oneself; limits are asked for oneself.
    lines += _with_argument(_TGKILL[column], 0, [_line(_EQUAL, own, yes=1)], refuse)
    lines += _with_argument(_PRLIMIT[column], 0, [_line(_EQUAL, 0, yes=1)], refuse)
    # A file without a name takes room that nobody finds; so does memory to share, as the kernel counts it as a file's.
    named = [_line(_ANY_BIT, _NAMELESS, no=1)]
    lines += _with_argument(_OPEN[column], 1, named, refuse) + _with_argument(_OPENAT[column], 2, named, refuse)
    counted = [_line(_AND, _SHARED_AND_OF_NO_FILE), _line(_EQUAL, _SHARED_AND_OF_NO_FILE, no=1)]
    lines += _with_argument(_MMAP[column], 3, counted, refuse)
    lines.append(_line(_RETURN, _ALLOW))
    return b"".join(lines)


def _with_argument(number: int | None, at: int, allowed: Sequence[bytes], refuse: int) -> list[bytes]:
    """For this call, look at the low half of one argument and refuse unless the last line jumps over it."""
    if number is None:
        return []
    return [
        _line(_EQUAL, number, no=len(allowed) + 3),
        _line(_LOAD, _FIRST_ARGUMENT + 8 * at),
        *allowed,
        _line(_RETURN, refuse),
        _line(_RETURN, _ALLOW),
    ]


def _line(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
