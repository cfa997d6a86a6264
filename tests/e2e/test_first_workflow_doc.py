"""The page about the first workflow can be followed as it stands: its files are written and its commands are run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "first-workflow.md"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The stack of these tests is up already, and others still need it.
NOT_HERE = ("modulardata up", "modulardata down")
# `runs show` says by its exit code that something was set aside, which is what the page is about there.
PARTIAL = "modulardata runs show latest --wait"


def test_the_page_can_be_followed(modulardata: Any) -> None:
    folder = modulardata.folder / "first"
    folder.mkdir()
    (folder / "modulardata").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli.main "$@"\n')
    (folder / "modulardata").chmod(0o755)
    env = modulardata.env | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    said: dict[str, str] = {}

    def run(line: str, codes: tuple[int, ...]) -> str:
        done = subprocess.run(["bash", "-c", line], cwd=folder, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode in codes, (line, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    for language, info, body in FENCE.findall(PAGE.read_text()):
        if "file=" in info:
            (folder / info.split("file=")[1].strip()).write_text(body)
        elif language == "yaml":
            written = (folder / "sales.yaml").read_text().split("\n")
            assert [line for line in written if not line.startswith("#")] == body.split("\n")
        elif language == "sh":
            for line in body.splitlines():
                if line in NOT_HERE or line.startswith("modulardata up"):
                    continue
                if line in ("modulardata runs list", PARTIAL):
                    _a_run_more(modulardata, said)
                said[line] = run(line, (1,) if line == PARTIAL else (0,))
    assert "4" in said["modulardata run sales --wait"]
    table = modulardata.json("preview", "warehouse:public.sales")["rows"]
    assert {(row["sale_id"], row["cents"]) for row in table} == {(1001, 2500), (1003, 1250), (1004, 8990), (1005, 1000)}
    assert "`amount` is gone; `amount_eur` looks like it" in said["modulardata quarantine list"]


def _a_run_more(modulardata: Any, said: dict[str, str]) -> None:
    """Wait for the run that starts by itself, as a reader does who looks again."""
    known = said.setdefault("runs", "1")
    for _ in range(60):
        items = modulardata.json("runs", "list", "--workflow", "sales")["items"]
        if len(items) > int(known):
            modulardata("runs", "show", items[0]["id"], "--wait")
            said["runs"] = str(len(items))
            return
    raise AssertionError("no run started by itself")
