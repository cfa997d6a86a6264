"""The `modulardata` command: its groups, and how every failure ends in words and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.exceptions import TyperException

from cli.commands import (
    connections,
    data,
    demo,
    drift,
    events,
    keys,
    login,
    modules,
    notifications,
    plans,
    quarantine,
    runs,
    sessions,
    stack,
    uploads,
    workflows,
)
from cli.errors import CliError, Exit, usage
from cli.output import Format, Output
from cli.shell import OutputOption, ProfileOption, group

app = group(
    "ModularData moves tabular data through named, versioned, immutable modules.\n\n"
    "Start here: [bold]modulardata demo[/bold] tells the whole story on real data, "
    "[bold]modulardata up[/bold] starts the stack for your own.\n\n"
    "Exit codes: 0 good · 1 partial (something was set aside) · 2 failed · 64 the command was put wrongly."
)


@app.callback()
def everywhere(ctx: typer.Context, output: OutputOption = None, profile: ProfileOption = None) -> None:
    """Options that may also stand before the command."""
    ctx.obj = {"output": output, "profile": profile}


PARTS = (
    stack,
    demo,
    login,
    keys,
    connections,
    data,
    uploads,
    sessions,
    plans,
    modules,
    workflows,
    runs,
    quarantine,
    drift,
    notifications,
    events,
)
for part in PARTS:
    part.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; no failure leaves as a stack trace."""
    output = Output(Format.JSON if _wants_json(arguments) else Format.TABLE)
    try:
        return _exit_code(app(args=list(arguments), prog_name="modulardata", standalone_mode=False))
    except CliError as error:
        output.failure(error)
        return int(error.exit_code)
    except TyperException as error:
        return _misused(output, error)
    except typer.Abort:  # a prompt that was left
        output.failure(CliError("Interrupted.", code="interrupted", exit_code=Exit.INTERRUPTED))
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader, `head` for one, has seen enough; the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.GOOD)
    except OSError as error:
        output.failure(CliError(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")))
        return int(Exit.FAILED)
    except Exception as error:
        if os.environ.get("MODULARDATA_TRACEBACK"):
            raise
        output.failure(
            CliError(
                f"This command has a defect: {type(error).__name__}: {error}",
                hint="Please report it; MODULARDATA_TRACEBACK=1 shows where it happened.",
            )
        )
        return int(Exit.FAILED)


def _misused(output: Output, error: TyperException) -> int:
    context: Any = getattr(error, "ctx", None)
    if not error.format_message():  # a group without a command: its help was printed, and that was all
        return int(Exit.USAGE)
    path = context.command_path if context is not None else "modulardata"
    output.failure(usage(error.format_message(), hint=f"`{path} --help` shows how it is used."))
    return int(Exit.USAGE)


def _exit_code(result: object) -> int:
    return result if isinstance(result, int) else int(Exit.GOOD)


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether failures too are to be JSON; asked before the arguments are understood."""
    pairs = zip(arguments, [*arguments, ""][1:], strict=True)
    return any(
        argument in ("--output=json", "-ojson") or (argument in ("--output", "-o") and following == "json")
        for argument, following in pairs
    )


if __name__ == "__main__":
    main()
