"""The embedded stack by itself: `python -m deploy.local up | down | status | doctor`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from deploy.local import doctor, foreground, memory, state
from deploy.local.launcher import Stack, Step
from deploy.local.problems import StackError


def main(arguments: list[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "doctor"])
    parser.add_argument("--folder", type=Path, default=None, help="the data folder")
    parser.add_argument("--servers-only", action="store_true", help="up: without the services")
    parser.add_argument("--purge", action="store_true", help="down: remove the data folder")
    parser.add_argument("--json", action="store_true", help="status, doctor: for programs")
    asked = parser.parse_args(arguments)
    folder = (asked.folder or state.default_folder()).absolute()
    try:
        if asked.command == "up":
            return _up(folder, services=not asked.servers_only)
        if asked.command == "down":
            was = foreground.down(folder, purge=asked.purge)
            print("stopped" if was else "nothing ran")
            return 0
        return _status(folder, asked.json) if asked.command == "status" else _doctor(folder, asked.json)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _up(folder: Path, *, services: bool) -> int:
    began = time.monotonic()

    def say(step: Step) -> None:
        amount = f" {step.done / 1e6:.0f} of {step.total / 1e6:.0f} MB" if step.total else ""
        took = f" in {step.seconds:.1f} s" if step.seconds else ""
        print(f"{time.monotonic() - began:6.1f}  {step.name} {step.phase}{amount}{took} {step.detail}", flush=True)

    async def stay(stack: Stack) -> None:
        print(f"{time.monotonic() - began:6.1f}  ready: {stack.state.public_url or folder}", flush=True)
        await asyncio.Event().wait()

    asyncio.run(foreground.run(Stack(folder, services=services, progress=say), stay))
    return 0


def _status(folder: Path, as_json: bool) -> int:
    running = state.is_running(folder)
    parts = [asdict(share) for share in memory.measure(folder)] if running else []
    if as_json:
        print(json.dumps({"folder": str(folder), "running": running, "processes": parts}))
        return 0 if running else 1
    print(f"{folder}: {'running' if running else 'not running'}")
    for part in parts:
        print(f"  {part['name']:<10} {part['processes']:>3} processes {part['bytes'] >> 20:>5} MB")
    return 0 if running else 1


def _doctor(folder: Path, as_json: bool) -> int:
    findings = doctor.examine(folder)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            hint = f"\n{'':14}{finding.hint}" if finding.hint else ""
            print(f"{'ok ' if finding.ok else 'BAD'} {finding.check:<10} {finding.detail}{hint}")
    return 0 if all(finding.ok for finding in findings) else 2


if __name__ == "__main__":
    sys.exit(main())
