"""Looks over this machine and says what the stack would miss, before it is missed."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local import account as accounts
from deploy.local import artifacts, cache, java, ports, postgres, state, temporal
from deploy.local.problems import StackError

NEEDED_MB, NEEDED_MEMORY_MB = 1024, 1500


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    check: str
    ok: bool
    detail: str
    # What to do about it; also set where all is well but something is worth knowing.
    hint: str = ""


def examine(
    folder: Path | None = None, *, sums: bool = True, environment: Mapping[str, str] = os.environ
) -> list[Finding]:
    """Look at everything; nothing is started, and nothing but an empty cache folder is made."""
    folder = (folder or state.default_folder()).absolute()
    findings = [_python(), _platform()]
    try:
        who = accounts.choose(folder / "postgres")
    except StackError as error:
        return [*findings, Finding("user", False, error.message, error.hint)]
    findings.append(Finding("user", True, f"servers run as '{who.name}'"))
    findings += [_java(who, environment), _temporal(who), _postgres(who)]
    findings += [_archives(cache.folder(who, folder, environment) / "jars", sums=sums)]
    findings += [_folder(who, folder), _disk(folder), _memory(), _ports(folder)]
    return findings


def _python() -> Finding:
    said = f"{platform.python_version()} at {sys.executable}"
    return Finding("python", sys.version_info >= (3, 11), said, "" if sys.version_info >= (3, 11) else "3.11 or newer")


def _platform() -> Finding:
    said = f"{platform.system()} on {platform.machine()}"
    proved = platform.system() == "Linux" and platform.machine() == "x86_64"
    if platform.system() not in ("Linux", "Darwin"):
        return Finding("platform", False, said, "Linux or macOS is needed; on Windows use WSL 2.")
    return Finding("platform", True, said, "" if proved else "Wheels exist for it, but it is not proved by tests.")


def _java(who: accounts.Account, environment: Mapping[str, str]) -> Finding:
    try:
        runtime = java.find(environment)
        who.must_reach(runtime.path, "Java", "Name another: MODULARDATA_JAVA=/usr/bin/java")
    except StackError as error:
        return Finding("java", False, error.message, error.hint)
    return Finding("java", True, f"version {runtime.version} at {runtime.path}")


def _temporal(who: accounts.Account) -> Finding:
    try:
        program = temporal.executable()
        who.must_reach(program, "The Temporal server", "Put the checkout where everybody may enter.")
    except StackError as error:
        return Finding("temporal", False, error.message, error.hint)
    return Finding("temporal", True, str(program))


def _postgres(who: accounts.Account) -> Finding:
    try:
        programs = postgres.binaries()
        who.must_reach(programs / "postgres", "PostgreSQL", "Put the checkout where everybody may enter.")
    except StackError as error:
        return Finding("postgres", False, error.message, error.hint)
    return Finding("postgres", True, str(programs))


def _archives(place: Path, *, sums: bool) -> Finding:
    jars = artifacts.all_jars(artifacts.read_lock())
    lacking = artifacts.missing(jars, place)
    if lacking:
        size = sum(jar.bytes for jar in lacking) / 1e6
        said = f"{len(jars) - len(lacking)} of {len(jars)} Java archives in {place}"
        return Finding("archives", True, said, f"{size:.0f} MB are fetched at the next start.")
    wrong = artifacts.damaged(jars, place) if sums else []
    if wrong:
        names = ", ".join(Path(jar.path).name for jar in wrong[:3])
        hint = f"Remove them and start again: rm -r {place}"
        return Finding("archives", False, f"{len(wrong)} Java archives in {place} are damaged: {names}", hint)
    return Finding("archives", True, f"{len(jars)} Java archives in {place}")


def _folder(who: accounts.Account, folder: Path) -> Finding:
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        who.must_reach(folder / "postgres", "The data folder", "Name another: MODULARDATA_HOME=/var/lib/modulardata")
    except StackError as error:
        return Finding("data folder", False, error.message, error.hint)
    if not os.access(nearest, os.W_OK):
        return Finding("data folder", False, f"{nearest} may not be written to", "Name another: MODULARDATA_HOME=…")
    said = "in use by a running stack" if state.is_running(folder) else "ready" if folder.exists() else "not made yet"
    return Finding("data folder", True, f"{folder}: {said}")


def _disk(folder: Path) -> Finding:
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free >> 20
    hint = "" if free >= NEEDED_MB else f"At least {NEEDED_MB:,} MB are needed."
    return Finding("disk", free >= NEEDED_MB, f"{free:,} MB free at {nearest}", hint)


def _memory() -> Finding:
    free = psutil.virtual_memory().available >> 20
    hint = "" if free >= NEEDED_MEMORY_MB else f"The whole stack wants about {NEEDED_MEMORY_MB:,} MB."
    return Finding("memory", free >= NEEDED_MEMORY_MB, f"{free:,} MB available", hint)


def _ports(folder: Path) -> Finding:
    try:
        kept = state.load_state(folder)
        if kept is None:
            ports.choose(["any"])
            return Finding("ports", True, "chosen at the first start")
        if not state.is_running(folder):
            ports.must_be_free(kept.ports)
    except StackError as error:
        return Finding("ports", False, error.message, error.hint)
    return Finding("ports", True, ", ".join(f"{name} {port}" for name, port in kept.ports.items()))
