"""Whose name the servers run under: never root's."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from deploy.local.problems import StackError


@dataclass(frozen=True)
class Account:
    """The user that owns the servers' folders and processes; `drop` says that the caller is root."""

    uid: int
    gid: int
    name: str
    drop: bool

    def make_folder(self, folder: Path) -> Path:
        """Make a folder that only the servers' user reads."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.drop:
            os.chown(folder, self.uid, self.gid)
        return folder

    def write(self, path: Path, text: str) -> Path:
        """Write a file that only the servers' user reads."""
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        if self.drop:
            os.chown(path, self.uid, self.gid)
        return path

    def must_reach(self, path: Path, what: str, hint: str) -> None:
        """Refuse a place that the servers' user cannot enter, naming the folder that stops them."""
        if not self.drop:
            return
        for folder in reversed(path.resolve().parents):
            if not self._may_enter(folder):
                raise StackError(
                    f"{what} is at {path}, below {folder}, which the user '{self.name}' cannot enter. "
                    "You are root, and the servers never run as root.",
                    hint,
                )

    def _may_enter(self, folder: Path) -> bool:
        try:
            about = folder.stat()
        except FileNotFoundError:
            return True  # it will be made, and open to them
        if about.st_uid == self.uid:
            return bool(about.st_mode & stat.S_IXUSR)
        if about.st_gid == self.gid:
            return bool(about.st_mode & stat.S_IXGRP)
        return bool(about.st_mode & stat.S_IXOTH)


def choose(owned: Path) -> Account:
    """Take the caller; for root take who owns the data already, else who called sudo, else nobody."""
    if os.geteuid() != 0:
        uid, gid = os.geteuid(), os.getegid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            # initdb asks for the caller's name and gives up without one.
            raise StackError(
                f"The user with the number {uid} has no name on this machine, and PostgreSQL insists on one.",
                f"Add one: echo 'user:x:{uid}:{gid}::/tmp:/bin/sh' >> /etc/passwd",
            ) from None
        return Account(uid, gid, name, drop=False)
    wanted = _owner(owned) or int(os.environ.get("SUDO_UID", "0"))
    try:
        entry = pwd.getpwuid(wanted) if wanted else pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "You are root, the servers never run as root, and there is no user 'nobody' here.",
            "Start this as an ordinary user.",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, drop=True)


def _owner(folder: Path) -> int:
    try:
        return folder.stat().st_uid
    except FileNotFoundError:
        return 0
