"""`drift reviews`, `drift review` and `drift proof`: what waits for a person, the answer to it, and what was proved."""

import sys
from typing import Annotated

import typer
from rich.spinner import Spinner
from rich.text import Text

from cli import reviewing, waiting
from cli.client import Json, segment
from cli.errors import CliError, Exit, usage
from cli.output import age, facts, plain, table, until
from cli.shell import Shell, command

REVIEWS = "/api/drift/reviews"
SECONDS = 600.0


def register(these: typer.Typer) -> None:
    """Add the commands."""
    command(
        these,
        "reviews",
        examples="""
        modulardata drift reviews · what waits for somebody
        modulardata drift reviews --state closed --workflow flights · what was decided
        """,
    )(reviews)
    command(
        these,
        "review",
        examples="""
        modulardata drift review latest · see everything, and be asked
        modulardata drift review 0197f3a2-… --approve --reason 'the carrier renamed it in May'
        modulardata drift review 0197f3a2-… --reject --reason 'their export is broken'
        modulardata drift review 0197f3a2-… --ask-again · it was rejected: ask when it comes again
        modulardata drift review 0197f3a2-… --map dep_delay=late_minutes --map gate= · another one, and none for gate
        """,
    )(review)
    command(
        these,
        "proof",
        examples="""
        modulardata drift proof 0197f3a2-…
        modulardata drift proof 0197f3a2-… --replay · make it again from the recorded inputs
        """,
    )(proof)


def reviews(
    shell: Shell,
    state: Annotated[str, typer.Option(help="open, closed or all.")] = "open",
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
) -> int:
    """List what waits for a decision, newest first."""
    if state not in ("open", "closed", "all"):
        raise usage(f"A review is not {state!r}.", hint="--state open, closed or all")
    wanted = None if state == "all" else state
    items = list(shell.api.pages(REVIEWS, limit=limit, state=wanted, workflow=workflow))
    rows = ([i["id"], i["state"], i["workflow"], age(i["opened_at"]), _left(i), i["summary"]] for i in items)
    heads = ["id", "state", "workflow", "ago", "silence counts", "what changed"]
    shell.output.show({"items": items}, table(heads, rows, longest=160))
    if any(map(reviewing.is_open, items)):
        shell.output.say("→ `modulardata drift review ID` shows one with its evidence and its proof, and asks.")
    return Exit.GOOD


def review(
    shell: Shell,
    review: Annotated[str, typer.Argument(help="The review's id, or 'latest': the newest that is open.")],
    approve: Annotated[bool, typer.Option("--approve", help="Yes: publish what is proposed, and go on.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="No: set aside what came.")] = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="NEEDED=CAME: this column carries that one; NEEDED= for none. Repeatable."),
    ] = None,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Of a rejected one: ask when the same change comes again.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why; it is recorded with your name.")] = None,
) -> int:
    """Decide about a change that a run waits with: see what changed and what was proved, then answer.

    Without an answer it shows what a person needs to decide, and asks if somebody sits at the terminal.

    A decision is made once: the run goes on with it. Values of columns that look personal are masked.
    """
    given = {"approve": approve, "reject": reject, "ask-again": ask_again}
    said = _said([answer for answer, chosen in given.items() if chosen], mapping, reason)
    path = f"{REVIEWS}/{_identify(shell, review)}"
    if said is None:
        found = shell.api.get(path)
        shell.output.show(found, *reviewing.review(found))
        if not reviewing.is_open(found):
            return Exit.GOOD
        said = _asked() if sys.stdin.isatty() and not shell.output.json else None
        if said is None:
            shell.output.say("→ Answer with --approve, --reject or --map NEEDED=CAME, and say why with --reason.")
            return Exit.GOOD
    action, body = said
    decided = dict(shell.api.post(f"{path}:{action}", body))
    if action == "ask-again":
        shell.output.show(decided, facts({"review": decided["id"], "state": decided["state"]}))
        shell.output.done("it is recorded; when the same change comes again, somebody is asked")
        return Exit.GOOD
    run = decided["run_id"]
    shell.output.show(decided, facts({"review": decided["id"], "state": decided["state"], "run": run}))
    shell.output.done(f"it is recorded; `modulardata runs show {run} --wait` follows the run")
    return Exit.GOOD


def proof(
    shell: Shell,
    proof: Annotated[str, typer.Argument(help="The proof's id, as reviews and versions name it.")],
    replay: Annotated[bool, typer.Option("--replay", help="Make it again, and compare the verdicts.")] = False,
    timeout: Annotated[float, typer.Option(help="With --replay: seconds to wait.")] = SECONDS,
) -> int:
    """Show what was proved about an adapted version: the inputs, every check with its numbers, the verdict.

    With --replay it is made again from the same recorded inputs; exit code 0 if the verdict is the same, 2 if not.
    """
    path = f"/api/drift/proofs/{segment(proof)}"
    if not replay:
        found = shell.api.get(path)
        shell.output.show(found, *reviewing.proof(found))
        return Exit.GOOD
    made = shell.api.post(f"{path}:replay")
    found = waiting.until(
        shell.output,
        lambda: dict(shell.api.get(path)),
        lambda seen: _replay(seen, made["id"])["state"] != "running",
        _drawn,
        seconds=timeout,
        what="The replay",
    )
    shell.output.show(found, *reviewing.proof(found))
    again = _replay(found, made["id"])
    if again["state"] == "failed":
        raise CliError(f"The proof could not be made again: {again.get('message') or 'it gave no reason'}")
    if not found.get("intact", True):
        shell.output.warn("what is stored of the proof is not what was made")
        return Exit.FAILED
    if not again["same"]:
        shell.output.warn(f"made again it is {again['verdict']}, and was {found['verdict']}")
        return Exit.FAILED
    shell.output.done(f"made again it is {again['verdict']}, as it was")
    return Exit.GOOD


def _said(answers: list[str], mapping: list[str] | None, reason: str | None) -> tuple[str, Json] | None:
    """What the options decide, as the API takes it; None if they decide nothing."""
    if len(answers) + bool(mapping) > 1:
        raise usage("A review has one answer: --approve, --reject or --map; a rejected one takes --ask-again.")
    if mapping:
        return "edit", {"mapping": dict(map(_pair, mapping)), "reason": reason or ""}
    if answers:
        return answers[0], {"reason": reason or ""}
    if reason is not None:
        raise usage("There is a reason and no answer.", hint="Add --approve, --reject or --map NEEDED=CAME.")
    return None


def _pair(text: str) -> tuple[str, str | None]:
    needed, equals, came = text.partition("=")
    if not needed or not equals:
        raise usage(
            f"{text!r} maps no column.", hint="Like this: --map dep_delay=late_minutes, or --map gate= for none"
        )
    return needed, came or None


def _asked() -> tuple[str, Json] | None:
    """What a person at the terminal decides."""
    answer = _line("[y]es, [n]o, [m]ap the columns yourself, or Enter to decide later").lower()
    if answer in ("y", "yes"):
        return "approve", {"reason": _line("Why (it is recorded)")}
    if answer in ("n", "no"):
        return "reject", {"reason": _line("Why (it is recorded)")}
    if answer not in ("m", "map"):
        return None
    pairs = []
    while line := _line("NEEDED=CAME, NEEDED= for none, Enter when done"):
        pairs.append(line)
    return _said([], pairs, _line("Why (it is recorded)")) if pairs else None


def _line(prompt: str) -> str:
    return str(typer.prompt(prompt, default="", show_default=False, err=True)).strip()


def _identify(shell: Shell, review: str) -> str:
    if review != "latest":
        return segment(review)
    newest = next(shell.api.pages(REVIEWS, limit=1, state="open"), None)
    if newest is None:
        raise CliError(
            "Nothing waits for a decision.", hint="`modulardata drift reviews --state closed` lists the past."
        )
    return str(newest["id"])


def _left(item: Json) -> str:
    if not reviewing.is_open(item):
        return ""
    return f"as {'yes' if item['veto'] else 'no'} {until(item['expires_at'])}"


def _replay(found: Json, identity: str) -> Json:
    return next((one for one in found.get("replays") or () if one["id"] == identity), {"state": "running"})


def _drawn(seen: Json, spinner: Spinner) -> Spinner:
    spinner.update(text=Text(f"proving {plain(seen.get('module') or seen['id'])} again …"))
    return spinner
