"""What every command is given: where to print and whom to ask; and the decorator that adds the options all share."""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from cli import profile
from cli.client import Api
from cli.errors import CliError, Exit
from cli.output import Format, Output

P = ParamSpec("P")

OutputOption = Annotated[
    Format | None,
    typer.Option("--output", "-o", help="table for people, json: one document on stdout", rich_help_panel="Everywhere"),
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", help="an installation you logged in to", rich_help_panel="Everywhere"),
]


class Shell:
    """One command's surroundings."""

    def __init__(self, form: Format, profile_name: str | None) -> None:
        self.output = Output(form)
        self.profile_name = profile_name
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        """The installation; looked up when first asked for."""
        if self._api is None:
            self._api = Api(profile.find(self.profile_name))
        return self._api

    def close(self) -> None:
        """Let go of what was opened."""
        if self._api is not None:
            self._api.close()


def group(help_text: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)


def command(
    app: typer.Typer, name: str, *, examples: str = "", panel: str | None = None
) -> Callable[[Callable[Concatenate[Shell, P], int | None]], Callable[Concatenate[Shell, P], int | None]]:
    """Make a function a command: it is given a Shell, and takes --output and --profile like all the others."""

    def decorate(
        function: Callable[Concatenate[Shell, P], int | None],
    ) -> Callable[Concatenate[Shell, P], int | None]:
        @functools.wraps(function)
        def run(ctx: typer.Context, **given: Any) -> int:
            shared = ctx.obj or {}
            form = given.pop("output") or shared.get("output") or Format.TABLE
            shell = Shell(form, given.pop("profile") or shared.get("profile") or os.environ.get("MODULARDATA_PROFILE"))
            try:
                return int(function(shell, **given) or 0)  # type: ignore[call-arg]
            except KeyboardInterrupt:
                raise CliError("Interrupted.", code="interrupted", exit_code=Exit.INTERRUPTED) from None
            finally:
                shell.close()

        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        kind = inspect.Parameter.KEYWORD_ONLY
        signature = [
            inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
            *(parameter.replace(kind=kind) for parameter in own),
            inspect.Parameter("output", kind, default=None, annotation=OutputOption),
            inspect.Parameter("profile", kind, default=None, annotation=ProfileOption),
        ]
        run.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in signature}
        app.command(name, epilog=_epilog(examples), rich_help_panel=panel)(run)
        return function

    return decorate


def _epilog(examples: str) -> str | None:
    """Examples, one a line; an empty line between them, because help texts are flowed."""
    lines = [line.strip() for line in examples.strip().splitlines() if line.strip()]
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  {line}" for line in lines) if lines else None
