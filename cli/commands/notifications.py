"""`notifications`: who is told of what, and whether it reached them."""

from typing import Annotated

import typer

from cli.client import Json, segment
from cli.errors import Exit, usage
from cli.output import facts, moment, table
from cli.shell import Shell, command, group

Name = Annotated[str, typer.Argument(help="The rule's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Who is told of what, and whether it reached them.")
    app.add_typer(these, name="notifications", rich_help_panel="Operations")
    command(these, "list", examples="modulardata notifications list --state undelivered")(list_all)
    command(these, "rules", examples="modulardata notifications rules")(rules)
    command(
        these,
        "create",
        examples="""
        modulardata notifications create ops --on 'quarantine.*' --url https://example.com/hooks/ops
        modulardata notifications create failures --on run.finished --where outcome=failed --log
        """,
    )(create_rule)
    command(these, "test", examples="modulardata notifications test ops")(test_rule)
    command(these, "delete", examples="modulardata notifications delete ops")(delete_rule)


def list_all(
    shell: Shell,
    state: Annotated[str | None, typer.Option(help="pending, delivered or undelivered")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
) -> int:
    """List notifications, newest first."""
    items = list(shell.api.pages("/api/notifications", limit=limit, state=state))
    rows = (
        [moment(i["created_at"]), i["rule"], i["state"], i["attempts"], i["summary"], i["last_error"]] for i in items
    )
    heads = ["time", "rule", "state", "attempts", "summary", "last error"]
    shell.output.show({"items": items}, table(heads, rows, longest=160))
    return Exit.GOOD


def rules(shell: Shell) -> int:
    """List the rules."""
    items = list(shell.api.pages("/api/notification-rules"))
    rows = ([i["name"], ", ".join(i["events"]), i["where"], i["channel"]["url"] or "log"] for i in items)
    shell.output.show({"items": items}, table(["name", "events", "where", "to"], rows, longest=100))
    return Exit.GOOD


def create_rule(
    shell: Shell,
    name: Name,
    on: Annotated[list[str], typer.Option("--on", help="A type: run.finished, drift.*, *; repeatable.")],
    where: Annotated[list[str] | None, typer.Option(help="A field of the event: outcome=failed; repeatable.")] = None,
    url: Annotated[str | None, typer.Option(help="POST it there, signed (Standard Webhooks).")] = None,
    log: Annotated[bool, typer.Option("--log", help="Write it into the service's log.")] = False,
) -> int:
    """Make a rule. A webhook's signing secret is shown this once."""
    if (url is None) == (not log):
        raise usage("A rule tells by --url URL or by --log, one of them.")
    channel: Json = {"kind": "log"} if url is None else {"kind": "webhook", "url": url}
    conditions: dict[str, list[str]] = {}
    for condition in where or ():
        path, equals, value = condition.partition("=")
        if not equals:
            raise usage(f"{condition!r} is no condition.", hint="Like this: --where outcome=failed")
        conditions.setdefault(path, []).append(value)
    body = {"name": name, "events": on, "where": conditions, "channel": channel}
    made = shell.api.post("/api/notification-rules", body)
    shown = {"rule": made["name"], "events": ", ".join(made["events"]), "secret (shown once)": made["secret"]}
    shell.output.show(made, facts(shown))
    return Exit.GOOD


def test_rule(shell: Shell, name: Name) -> int:
    """Send a notification that only says that the rule's channel works."""
    found = shell.api.post(f"/api/notification-rules/{segment(name)}:test")
    shell.output.show(found, "sent; `modulardata notifications list` says how it went")
    return Exit.GOOD


def delete_rule(shell: Shell, name: Name) -> int:
    """Remove a rule."""
    shell.api.delete(f"/api/notification-rules/{segment(name)}")
    shell.output.show({"deleted": name}, f"removed {name}")
    return Exit.GOOD
