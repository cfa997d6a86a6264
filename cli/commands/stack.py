"""`up`, `down`, `status`, `doctor`: the stack of this machine."""

import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import bringup, profile
from cli.client import Api
from cli.errors import CliError, Exit
from cli.output import Output, facts, table
from cli.shell import Shell, command
from deploy.local import doctor, foreground, memory, state
from deploy.local.launcher import Stack
from deploy.local.problems import StackError
from deploy.local.state import State

PANEL = "The stack of this machine"
READY_SECONDS = 180.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(
        app,
        "up",
        panel=PANEL,
        examples="""
        modulardata up · in this terminal, until Ctrl-C
        modulardata up --detach · in the background, until `modulardata down`
        MODULARDATA_HOME=~/data modulardata up · with its data somewhere else
        """,
    )(up)
    command(
        app,
        "down",
        panel=PANEL,
        examples="""
        modulardata down · everything is kept for the next start
        modulardata down --purge · and all its data is removed
        """,
    )(down)
    command(app, "status", panel=PANEL, examples="modulardata status --output json")(status)
    command(app, "doctor", panel=PANEL, examples="modulardata doctor")(examine)


def up(
    shell: Shell,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave it running in the background.")] = False,
) -> int:
    """Start the whole stack on this machine: Kafka, Temporal, PostgreSQL, an S3 server, and all services.

    The first start fetches the servers into the cache folder, and once it is up makes archives of their classes there
    (about 110 MB), with which every later start is a good deal quicker. A second start finds everything as it was.
    """
    folder = state.default_folder()
    if detach:
        return _detached(shell, folder)
    with bringup.running(folder, shell.output.err) as stack:
        api = Api(bringup.target(stack.state), patience=30)
        try:
            made = bringup.connect_own_stores(api, stack.state)
        finally:
            api.close()
        if made:
            shell.output.done(f"connections made: {', '.join(made)}")
        _tell(shell.output, stack.state)
        shell.output.say("Ctrl-C stops it; everything is kept.")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            shell.output.say("Stopping …")
    return Exit.GOOD


def down(
    shell: Shell,
    purge: Annotated[bool, typer.Option("--purge", help="Remove all data of this stack as well.")] = False,
) -> int:
    """Stop the stack of this folder, wherever it was started."""
    folder = profile.data_folder()
    try:
        with shell.output.waiting("stopping …"):
            was = foreground.down(folder, purge=purge)
    except StackError as error:
        raise CliError(error.message, hint=error.hint) from None
    said = "stopped" if was else "nothing ran"
    if purge:
        said += f"; removed {folder}"
    shell.output.show({"folder": str(folder), "was_running": was, "purged": purge}, said)
    return Exit.GOOD


def status(shell: Shell) -> int:
    """Say what runs, where its data, logs and pages are. Exit code 2 when nothing runs."""
    folder = profile.data_folder()
    kept = _kept(folder)
    if kept is None or not state.is_running(folder):
        known = kept is not None
        shell.output.show(
            {"folder": str(folder), "running": False, "data": known},
            f"Nothing runs in {folder}" + (", its data is there." if known else "; there is no data either."),
        )
        shell.output.say("→ `modulardata up` starts it.")
        return Exit.FAILED
    _tell(shell.output, kept)
    return Exit.GOOD


def examine(shell: Shell) -> int:
    """Say what this machine lacks, before it is missed."""
    findings = doctor.examine(profile.data_folder())
    good = all(finding.ok for finding in findings)
    marks = {True: Text("✓", style="green"), False: Text("✗", style="bold red")}
    shell.output.show(
        {"ok": good, "findings": [asdict(finding) for finding in findings]},
        table(
            ["", "check", "found", "hint"], ([marks[f.ok], f.check, f.detail, f.hint] for f in findings), longest=200
        ),
    )
    return Exit.GOOD if good else Exit.FAILED


def description(kept: State) -> dict[str, Any]:
    """Where everything of a running stack is; no secret among it."""
    return {
        "folder": str(kept.folder),
        "running": True,
        "api": kept.public_url,
        "api_docs": f"{kept.internal_url}/docs",
        "metrics": f"{kept.internal_url}/metrics",
        "temporal_ui": kept.temporal_ui,
        "kafka": kept.kafka,
        "s3": f"{kept.s3_endpoint} (bucket {kept.s3_bucket})",
        "warehouse": psql(kept),
        "credentials": str(kept.folder / "state.json"),
        "logs": str(kept.logs),
        "datasets": str(kept.objects),
    }


def psql(kept: State) -> str:
    """How to look into the warehouse; the password stays in the file of credentials."""
    made = next(one for one in bringup.own_connections(kept) if one["kind"] == "postgres")["settings"]
    return f"psql -h {made['host']} -p {made['port']} -U {made['user']} -d {made['database']}"


def _tell(output: Output, kept: State) -> None:
    parts = memory.measure(kept.folder)
    document = description(kept) | {"processes": [asdict(part) for part in parts]}
    shown = {name.replace("_", " "): value for name, value in description(kept).items() if name != "running"}
    rows = ([part.name, part.processes, f"{part.bytes >> 20} MB"] for part in parts)
    output.show(document, facts(shown), "", table(["part", "processes", "memory"], rows))


def _kept(folder: Path) -> State | None:
    try:
        return Stack.load_state(folder)
    except StackError as error:
        raise CliError(error.message, hint=error.hint) from None


def _detached(shell: Shell, folder: Path) -> int:
    if state.is_running(folder):
        raise CliError(f"The stack of {folder} runs already.", hint="`modulardata status` shows it.")
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    log = folder / "launcher.log"
    with log.open("wb") as written:
        child = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=Path.cwd(),
        )
    deadline = time.monotonic() + READY_SECONDS
    with shell.output.waiting("starting …"):
        while b"Ctrl-C stops it" not in log.read_bytes():
            if child.poll() is not None:
                raise CliError("The stack did not come up:\n" + log.read_text(errors="replace")[-2000:])
            if time.monotonic() > deadline:
                raise CliError(f"The stack was not ready in {READY_SECONDS:.0f} s.", hint=f"Its log: {log}")
            time.sleep(0.1)
    kept = _kept(folder)
    if kept is not None:
        _tell(shell.output, kept)
    return Exit.GOOD
