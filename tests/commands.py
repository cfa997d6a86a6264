"""`modulardata` as a process of its own, in a folder and an environment of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it said in JSON mode."""
        return json.loads(self.out)


class Command:
    """The command in a folder; of this process's settings it sees only where fetched archives are."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("MODULARDATA_")}
        # Fetched archives are shared: the machine's cache is part of no test.
        self.env |= {name: value for name, value in os.environ.items() if name == "MODULARDATA_CACHE"}
        self.env |= {
            "MODULARDATA_HOME": str(folder / "stack"),
            "MODULARDATA_PROFILES": str(folder / "profiles.toml"),
            "PYTHONPATH": str(ROOT),
        }
        self.env |= env

    def __call__(self, *arguments: str, stdin: str = "", terminal: int | None = None, seconds: float = 120) -> Finished:
        """Run it to its end; it reads from the terminal, an open file, where one is given."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=self.folder,
            env=self.env,
            input=stdin if terminal is None else None,
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Finished(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str, stdin: str = "", seconds: float = 120) -> Any:
        """What a command that must go well says in JSON."""
        done = self(*arguments, "--output", "json", stdin=stdin, seconds=seconds)
        assert done.code == 0, (arguments, done.code, done.out, done.err)
        return done.document
