"""The demo: a story in ten steps, told on a stack of its own."""

import os
import signal
import tempfile
from pathlib import Path

from cli import bringup
from cli.client import Api
from cli.demo import healing, opening, summary, trials
from cli.demo.claims import Story
from cli.demo.receiver import Receiver
from cli.demo.stage import Stage
from cli.errors import CliError, Exit
from cli.output import Output
from cli.profile import DEMO_FOLDER
from deploy.local import foreground, state
from deploy.local.problems import StackError

MARK = "demo"  # the file that says that a data folder is the demo's own, to be begun anew
STEPS = (
    ("January lands, and is shaped step by step", opening.session),
    ("The steps are frozen as a module", opening.module),
    ("A workflow is applied from a file, and run by hand", opening.workflow),
    ("February lands, and is announced more than once", trials.february),
    ("March comes changed, and the run heals", healing.march),
    ("April comes as March did, with broken rows, and the writer is killed", trials.april),
    ("May comes changed in a way that nothing proves: somebody is asked", healing.may),
    ("June lacks a column that is needed: it is refused", healing.june),
)


def tell(output: Output, *, once: bool) -> int:
    """Tell the story; the exit code says whether every claim held."""
    console = output.err if output.json else output.out
    folder = begin_anew()
    story = Story(console)
    story.heading("The stack comes up")
    with bringup.running(folder, console) as stack, tempfile.TemporaryDirectory(prefix="modulardata-demo-") as papers:
        api = Api(bringup.target(stack.state), patience=60)
        receiver = Receiver()
        stage = Stage(stack, api, output, story, receiver, Path(papers))
        try:
            opening.stack_is_up(stage)
            for title, step in STEPS:
                story.heading(title)
                step(stage)
            story.heading("The books, against the warehouse")
            found = summary.books(stage)
            summary.show(console, stage, found)
            document = {"ok": story.held, "seconds": round(story.seconds, 1)} | found | {"claims": story.document()}
            if output.json:
                output.document(document)
            if not once:
                summary.onwards(console, stage)
                _stay(output)
        except CliError as error:
            # The claims so far are worth more than the error alone.
            story.claim("the story could be told to its end", False, error.message)
            if output.json:
                output.document({"ok": False, "seconds": round(story.seconds, 1), "claims": story.document()})
            _point_at_logs(output, stack.state)
        finally:
            receiver.close()
            api.close()
    return Exit.GOOD if story.held else Exit.FAILED


def begin_anew() -> Path:
    """The demo's data folder, empty: a story about first things cannot be told twice on the same data."""
    named = os.environ.get("MODULARDATA_HOME")
    folder = Path(named or DEMO_FOLDER).absolute()
    if state.is_running(folder):
        raise CliError(
            f"The stack of {folder} runs already.",
            hint="Look around in it, or stop it with `modulardata down` and begin anew.",
        )
    if (folder / "state.json").exists():
        if not (folder / MARK).exists():
            raise CliError(
                f"{folder} holds data that is not the demo's.",
                hint="Give the demo a folder of its own: MODULARDATA_HOME=… , or none at all.",
            )
        try:
            foreground.down(folder, purge=True)
        except StackError as error:
            raise CliError(error.message, hint=error.hint) from None
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    (folder / MARK).touch()
    return folder


def _stay(output: Output) -> None:
    output.say("\nThe stack stays up until Ctrl-C.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        output.say("Stopping …")


def _point_at_logs(output: Output, kept: state.State) -> None:
    output.say(f"→ What each part has to say: {kept.logs}")
