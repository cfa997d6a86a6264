"""`demo`: the whole story, on real data."""

from typing import Annotated

import typer

from cli.shell import Shell, command


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "demo",
        panel="The stack of this machine",
        examples="""
        modulardata demo · stays up until Ctrl-C, so that you can look around
        modulardata demo --once --output json · ends by itself; exit code 0 only if every claim held
        """,
    )(demo)


def demo(
    shell: Shell,
    once: Annotated[bool, typer.Option("--once", help="End when the story ends.")] = False,
) -> int:
    """Watch ModularData do what it exists for: pull, shape, freeze, run, survive a kill, refuse what does not fit.

    Four months of real flights, through real Kafka, Temporal and PostgreSQL. The demo has a data folder of its own,
    which each telling begins anew.
    """
    # The story needs a data frame library, which no other command has to wait for.
    from cli.demo.story import tell

    return tell(shell.output, once=once)
