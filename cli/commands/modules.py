"""`modules`: the library of named, versioned, immutable transformations."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli import steps, tables
from cli.client import Json, segment
from cli.commands import module_code, module_data
from cli.errors import Exit, usage
from cli.output import facts, picked, table
from cli.shell import Shell, command, group

HEAD = ("name", "number", "semantic_version", "level", "current", "pinned", "content_hash", "description")
WHEN = ("published_at", "retired_at", "retired_reason")

Name = Annotated[str, typer.Argument(help="The module's name.")]
Version = Annotated[int, typer.Argument(help="A version's number.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    these = group("Named, versioned, immutable transformations.")
    app.add_typer(these, name="modules", rich_help_panel="Modules")
    command(
        these,
        "list",
        examples="""
        modulardata modules list
        modulardata modules list --search delays --tag daily --category flights
        """,
    )(list_all)
    command(these, "show", examples="modulardata modules show clean-flights --version 1")(show)
    command(
        these, "edit", examples="modulardata modules edit clean-flights --tag daily --owner ops --readme README.md"
    )(edit)
    command(these, "versions", examples="modulardata modules versions clean-flights")(versions)
    command(these, "usage", examples="modulardata modules usage clean-flights")(usage_of)
    module_data.register(these)
    module_code.register(these)
    command(
        these,
        "set-current",
        examples="modulardata modules set-current clean-flights 1 --reason 'version 2 drops too much'",
    )(set_current)
    command(
        these, "rollback", examples="modulardata modules rollback clean-flights --reason 'version 2 drops too much'"
    )(rollback)
    command(these, "decisions", examples="modulardata modules decisions clean-flights")(decisions)
    command(these, "pin", examples="modulardata modules pin clean-flights 1")(pin)
    command(these, "unpin", examples="modulardata modules unpin clean-flights 1")(unpin)
    command(these, "clone", examples="modulardata modules clone clean-flights clean-trains --version 2")(clone)
    command(these, "archive", examples="modulardata modules archive clean-flights")(archive)
    command(these, "restore", examples="modulardata modules restore clean-flights")(restore)
    command(these, "delete", examples="modulardata modules delete clean-flights")(delete)


def list_all(
    shell: Shell,
    search: Annotated[str | None, typer.Option(help="Words; each must be in the name, description, tags …")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only with this tag; repeatable.")] = None,
    category: Annotated[str | None, typer.Option(help="Only of this category.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only of this owner.")] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Only those that are archived.")] = False,
) -> int:
    """List the modules; all that is asked for must hold."""
    hidden = "yes" if archived else None
    wanted = shell.api.pages("/api/modules", q=search, tag=tag or None, category=category, owner=owner, archived=hidden)
    items = list(wanted)
    columns = ["name", "current_version", "latest_version", "tags", "category", "owner", "description", "updated_at"]
    rows = [item | {"tags": " ".join(item["tags"])} for item in items]
    shell.output.show({"items": items}, picked(rows, columns))
    return Exit.GOOD


def show(
    shell: Shell,
    name: Name,
    version: Annotated[int | None, typer.Option(help="A version's number; the current one if left out.")] = None,
) -> int:
    """Show a module's version: its steps, and what it takes and gives."""
    path = f"/api/modules/{segment(name)}"
    if version is None:
        version = int(shell.api.get(path)["current_version"])
    found = shell.api.get(f"{path}/versions/{version}")
    recipe = found["recipe"]["steps"]
    head = {key.replace("_", " "): found.get(key) for key in (*HEAD, *WHEN)} | _origin(found.get("adapts"))
    shell.output.show(
        found,
        facts(head),
        "",
        table(["", "step"], ([index + 1, steps.short(step)] for index, step in enumerate(recipe)), longest=200),
        *_others(found["recipe"].get("inputs") or {}),
        "",
        facts(
            {
                "takes": _columns(found["input_contract"]),
                "gives": _columns(found["output_contract"]),
                "checks": _checks([*found["input_checks"], *found["output_checks"]]),
            }
        ),
    )
    return Exit.GOOD


def edit(
    shell: Shell,
    name: Name,
    tag: Annotated[list[str] | None, typer.Option(help="The tags, all of them; repeatable, '' for none.")] = None,
    category: Annotated[str | None, typer.Option(help="The category.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    readme: Annotated[Path | None, typer.Option(help="A text file, for people.")] = None,
) -> int:
    """Change what a module is found by. Its versions stay as they are."""
    body = details(tag, category, owner, readme)
    if description is not None:
        body["description"] = description
    if not body:
        raise usage("There is nothing to change.", hint="Say it with --tag, --category, --owner, --description …")
    found = shell.api.patch(f"/api/modules/{segment(name)}", body)
    shell.output.show(found, facts(found))
    return Exit.GOOD


def details(tag: list[str] | None, category: str | None, owner: str | None, readme: Path | None) -> Json:
    """What people find a module by, as far as it was said."""
    said: Json = {"category": category, "owner": owner}
    if tag is not None:
        said["tags"] = [one for one in tag if one]
    if readme is not None:
        try:
            said["readme"] = readme.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise usage(f"{readme} cannot be read as text ({type(error).__name__}).") from None
    return {field: value for field, value in said.items() if value is not None}


def versions(shell: Shell, name: Name) -> int:
    """List a module's versions."""
    items = list(shell.api.pages(f"/api/modules/{segment(name)}/versions"))
    rows = [item | {"why": "; ".join(change["sentence"] for change in item["changes"][:3])} for item in items]
    columns = ["number", "semantic_version", "current", "pinned", "retired_at", "content_hash", "published_at", "why"]
    shell.output.show({"items": items}, picked(rows, columns))
    return Exit.GOOD


def usage_of(shell: Shell, name: Name) -> int:
    """Show which workflows use a module, and how often each version ran."""
    found = shell.api.get(f"/api/modules/{segment(name)}/usage")
    users = ([user["workflow"], user["version"] or "current"] for user in found["workflows"])
    counts = ["number", "runs", "succeeded", "partial", "failed", "rows_read", "rows_loaded", "last_run_at"]
    shell.output.show(
        found, table(["workflow", "uses version"], users), "", picked(found["versions"], [*counts, "pinned"])
    )
    return Exit.GOOD


def set_current(
    shell: Shell,
    name: Name,
    version: Annotated[int, typer.Argument(help="The version that `current` is to mean.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
) -> int:
    """Decide which version workflows use that ask for the current one: forward, or back. Runs under way keep theirs."""
    found = shell.api.post(f"/api/modules/{segment(name)}:set-current", {"version": version, "reason": reason})
    shell.output.show(found, facts(found))
    return Exit.GOOD


def rollback(
    shell: Shell,
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    to: Annotated[
        int | None, typer.Option(help="The earlier version; the last one that was current, if left out.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many runs to list.")] = 50,
) -> int:
    """Make an earlier version current again, and list what was loaded under the one that is withdrawn.

    Runs under way keep theirs, and what was loaded stays until you undo those runs, the newest first.
    """
    body = {"reason": reason} | ({} if to is None else {"version": to})
    done = shell.api.post(f"/api/modules/{segment(name)}:rollback", body)
    made = list(shell.api.pages("/api/runs", limit=limit, module=name, module_version=done["withdrawn"]))
    shell.output.show(
        done | {"runs": made},
        facts(
            {
                "module": name,
                "current version": done["current"],
                "withdrawn": done["withdrawn"],
                "still named by": ", ".join(done["workflows"]),
            }
        ),
        "",
        table(
            ["run", "workflow", "state", "ended", "loaded", "into", "undone by"], (_made(shell, run) for run in made)
        ),
    )
    if any(run["books"] and run["books"]["loaded"] and not run["undone_by"] for run in made):
        shell.output.say("`modulardata runs undo RUN` takes out what a run loaded; begin with the newest.")
    return Exit.GOOD


def _made(shell: Shell, run: Json) -> list[object]:
    """A run under a withdrawn version, with what it loaded."""
    loaded = (run["books"] or {}).get("loaded", 0)
    into = ""
    if loaded:
        destination = shell.api.get(f"/api/runs/{segment(run['id'])}")["definition"]["destination"]
        place = ".".join(str(value) for value in destination["target"].values() if isinstance(value, str))
        into = f"{destination['connection']}: {place}"
    return [run["id"], run["workflow"], run["state"], run["finished_at"], f"{loaded:,}", into, run["undone_by"]]


def decisions(shell: Shell, name: Name) -> int:
    """List how the current version moved, by whom and why; newest first."""
    items = list(shell.api.pages(f"/api/modules/{segment(name)}/decisions"))
    shell.output.show({"items": items}, picked(items, ["decided_at", "before", "after", "reason", "decided_by"]))
    return Exit.GOOD


def pin(shell: Shell, name: Name, version: Version) -> int:
    """Keep a version, whatever the limit of the workspace's plan."""
    return _done(shell, f"/api/modules/{segment(name)}/versions/{version}:pin", f"version {version} is kept")


def unpin(shell: Shell, name: Name, version: Version) -> int:
    """Let a version go when newer ones need its place."""
    path = f"/api/modules/{segment(name)}/versions/{version}:unpin"
    return _done(shell, path, f"version {version} goes when newer ones need its place and nobody uses it")


def clone(
    shell: Shell,
    name: Name,
    new_name: Annotated[str, typer.Argument(help="The name of the new module.")],
    version: Annotated[int | None, typer.Option(help="The version to begin with; the current one if left out.")] = None,
) -> int:
    """Begin a module of its own with the content of a version of this one."""
    body = {"name": new_name} | ({} if version is None else {"version": version})
    made = shell.api.post(f"/api/modules/{segment(name)}:clone", body)
    shell.output.show(made, facts(made))
    return Exit.GOOD


def archive(shell: Shell, name: Name) -> int:
    """Take a module out of the list. Workflows that use it go on."""
    return _done(shell, f"/api/modules/{segment(name)}:archive", f"{name} is archived")


def restore(shell: Shell, name: Name) -> int:
    """Put an archived module back into the list."""
    return _done(shell, f"/api/modules/{segment(name)}:restore", f"{name} is back")


def delete(shell: Shell, name: Name) -> int:
    """Remove a module that no workflow uses; those that do are named."""
    shell.api.delete(f"/api/modules/{segment(name)}")
    shell.output.show({"name": name, "deleted": True})
    shell.output.done(f"{name} is gone")
    return Exit.GOOD


def _done(shell: Shell, path: str, said: str) -> int:
    found = shell.api.post(path)
    shell.output.show(found, facts(found))
    shell.output.done(said)
    return Exit.GOOD


def _origin(adapts: Json | None) -> Json:
    """Where a version comes from that was made to fit what came."""
    if adapts is None:
        return {}
    return {
        "made of": f"version {adapts['base']['version']}, to fit what run {adapts['run_id']} read",
        "proof": f"{adapts['proof_id']} (modulardata drift proof {adapts['proof_id']})",
        "drift report": adapts["report_id"],
    }


def _others(inputs: Json) -> list[RenderableType]:
    return ["", table(["other table", "is", "columns"], tables.drawn(inputs), longest=80)] if inputs else []


def _columns(schema: Json) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in schema["columns"])


def _checks(checks: list[Json]) -> str:
    enforced = sum(check["enforcement"] != "documented" for check in checks)
    return f"{len(checks)}, {enforced} of them looked at by runs" if checks else ""
