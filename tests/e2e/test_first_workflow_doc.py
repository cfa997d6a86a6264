"""The page about the first workflow can be followed as it stands: its files are written and its commands are run."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "first-workflow.md"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The stack of these tests is up already, and others still need it.
NOT_HERE = ("modulardata up", "modulardata down")
SHOWN = "modulardata runs show latest --wait"


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
                if line == "modulardata runs list" or (line == SHOWN and "refused" in info):
                    _a_run_more(modulardata, said)
                if line == "modulardata drift reviews":
                    _a_run_more(modulardata, said, until=_asks)
                # `runs show` says by its exit code that something was set aside, where the page is about that.
                said[line] = run(line, (1,) if line == SHOWN and "refused" in info else (0,))
    assert "4" in said["modulardata run sales --wait"]
    table = modulardata.json("preview", "warehouse:public.sales")["rows"]
    assert {(row["sale_id"], row["cents"]) for row in table} == {
        (1001, 2500),
        (1003, 1250),
        (1004, 8990),
        (1005, 1000),
        (1006, 3000),
    }
    assert "amount_eur" in said["modulardata drift review latest"]
    assert "amount" in said["modulardata quarantine list"]


def _asks(modulardata: Any, run_id: str) -> None:
    for _ in range(60):
        if modulardata.json("runs", "show", run_id)["waiting_for"]:
            return
    raise AssertionError("the run asked nobody")


def _ends(modulardata: Any, run_id: str) -> None:
    modulardata("runs", "show", run_id, "--wait")


def _a_run_more(modulardata: Any, said: dict[str, str], until: Callable[[Any, str], None] = _ends) -> None:
    """Wait for the run that starts by itself, as a reader does who looks again."""
    known = said.setdefault("runs", "1")
    for _ in range(60):
        items = modulardata.json("runs", "list", "--workflow", "sales")["items"]
        if len(items) > int(known):
            until(modulardata, items[0]["id"])
            said["runs"] = str(len(items))
            return
    raise AssertionError("no run started by itself")
