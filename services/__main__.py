"""The command of the services: `python -m services all`, `… connector --only api`, `setup`, `list`, `openapi`."""

import argparse
import asyncio
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import structlog

from contracts.topics import SERVICES
from services.chassis import telemetry
from services.chassis.errors import TransientError
from services.chassis.keys import KeyFileInvalid
from services.chassis.parts import PARTS
from services.chassis.scrubbing import Scrubber
from services.chassis.settings import PlatformSettings, SettingsInvalid, load

USAGE = 64
FAILED = 1

Plan = dict[str, frozenset[str]]  # service → its parts


class _UsageWrong(Exception):
    """A name that there is not."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run what the arguments say, and end with its code."""
    # What a start loads stays for good: looking through all of it for garbage takes a seventh of the start.
    gc.disable()
    code = _main(sys.argv[1:] if arguments is None else arguments)
    telemetry.flush()
    # Not sys.exit: Temporal's client can crash the interpreter on its way out, after all is done.
    os._exit(code)


def _main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.what == "list":
            print("\n".join(f"{name:18} {', '.join(PARTS)}" for name in installed()))  # noqa: T201
            return 0
        if options.what == "openapi":
            return _openapi(options.folder, check=options.check)
        return _with_settings(options)
    except _UsageWrong as error:
        print(error, file=sys.stderr)  # noqa: T201
        return USAGE
    except (SettingsInvalid, KeyFileInvalid) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return FAILED


def _with_settings(options: argparse.Namespace) -> int:
    plan = {} if options.what == "setup" else plan_of(options.what, options.only, options.without)
    settings = load()
    scrubber = Scrubber()
    telemetry.configure(settings, f"modulardata-{options.what}", scrubber)
    try:
        if options.what == "setup":
            return _set_up(settings)
        return _run(settings, scrubber, plan)
    except (SettingsInvalid, KeyFileInvalid):
        raise
    except (TransientError, OSError) as error:
        structlog.get_logger().error("failed", why=str(error) or type(error).__name__)
        return FAILED
    except Exception:
        structlog.get_logger().exception("failed")
        return FAILED


def _set_up(settings: PlatformSettings) -> int:
    from services.chassis.setup import set_up

    asyncio.run(set_up(settings))
    return 0


def _openapi(folder: Path, *, check: bool) -> int:
    """Write each service's OpenAPI document, or say which of those in the folder are not what the routes say."""
    from services.chassis.describing import describe

    builders = {name: importlib.import_module(f"services.{name}.main").build for name in installed()}
    wanted = {folder / f"{name}.json": text for name, text in describe(builders).items()}
    there = set(folder.glob("*.json"))
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for path in there - set(wanted):
            path.unlink()
        for path, text in wanted.items():
            path.write_text(text, "utf-8")
        return 0
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in sorted({*stale, *(there - set(wanted))}):
        print(f"{path} is not what the routes say: run `make contracts` and commit it")  # noqa: T201
    return FAILED if stale or there - set(wanted) else 0


def _run(settings: PlatformSettings, scrubber: Scrubber, plan: Plan) -> int:
    from services.chassis.platform import Foundation
    from services.chassis.run import Member, Process
    from services.chassis.servers import PortTaken

    async def process() -> int:
        foundation = Foundation.of(settings, scrubber)
        members = []
        for name, parts in plan.items():
            platform = foundation.platform(name)
            service = importlib.import_module(f"services.{name}.main").build(platform)
            members.append(Member(service, platform, parts))
        gc.freeze()
        gc.enable()
        return await Process(foundation, members).run()

    try:
        return asyncio.run(process())
    except PortTaken as error:
        structlog.get_logger().error("start_refused", reason=str(error))
        return FAILED


def installed() -> list[str]:
    """The services that this distribution holds."""
    here = Path(__file__).resolve().parent
    return [name for name in SERVICES if (here / name / "main.py").is_file()]


def plan_of(what: str, only: str, without: str) -> Plan:
    """Which parts of which services run; raises _UsageWrong for a name that there is not."""
    services = installed() if what == "all" else [what.replace("-", "_")]
    unknown = [name for name in services if name not in installed()]
    chosen = frozenset(_names(only) or PARTS)
    left_out = [name.replace("-", "_") for name in _names(without)]
    unknown += [part for part in chosen if part not in PARTS]
    for name in left_out:
        service, _, part = name.partition(".")
        if service not in SERVICES or (part and part not in PARTS):
            unknown.append(name)
    if unknown:
        raise _UsageWrong(f"there is no {', '.join(sorted(unknown))}; `python -m services list` shows what there is")
    plan = {
        service: frozenset(part for part in chosen if f"{service}.{part}" not in left_out)
        for service in services
        if service not in left_out
    }
    if not any(plan.values()):
        raise _UsageWrong("nothing is left to run")
    return {service: parts for service, parts in plan.items() if parts}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services", description=__doc__)
    parser.add_argument("what", help="a service, `all`, `setup`, `list` or `openapi`")
    parser.add_argument("--only", default="", help=f"parts, with commas: {', '.join(PARTS)}")
    parser.add_argument("--without", default="", help="services or parts to leave out: connector.worker, notification")
    here = Path("contracts") / "openapi"
    parser.add_argument("--folder", type=Path, default=here, help="where the OpenAPI documents are (openapi)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when one is stale (openapi)")
    return parser


if __name__ == "__main__":
    main()
