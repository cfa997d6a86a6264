"""A review and a proof as a person reads them: what changed, what was proved, and what an answer does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli.client import Json
from cli.output import facts, moment, plain, table, until

LONGEST = 48
MOST_FIGURES = 10
VERDICTS = {"proven": "green", "unproven": "yellow", "refuted": "bold red"}
STATES = {"open": "cyan", "approved": "green", "rejected": "yellow", "edited": "green", "expired": "red"}
DECIDERS = {"link": "somebody who had the link of a message", "silence": "nobody in time"}
ORIGINS = {
    "built": "built from what was found",
    "remembered": "the same change was settled before in this workspace",
    "model": "proposed by the model that is set up",
    "person": "as a person mapped it",
}


def review(found: Json) -> list[RenderableType]:
    """Everything that is needed to decide, in the order in which one asks for it."""
    head = {
        "review": found["id"],
        "state": Text(plain(found["state"]), style=STATES.get(found["state"], "")),
        "workflow": f"{found['workflow']}, input {found['stream']}",
        "run": found["run_id"],
        "module": f"{found['module']} version {found['base_version']}",
        "opened": moment(found["opened_at"]),
        "until": f"{moment(found['expires_at'])} UTC ({until(found['expires_at'])})" if is_open(found) else None,
    }
    parts: list[RenderableType] = [facts(head), "", Text(plain(found["summary"]), style="bold")]
    parts += ["", _title("What changed"), *_changes(found["changes"])]
    columns = _changed(found)
    if columns:
        parts += ["", _title("Side by side"), _side_by_side(columns)]
    if found.get("proposal"):
        parts += ["", _title("What would be done"), *_proposal(found["proposal"])]
    if found.get("model"):
        parts += [Text(f"  {plain(found['model'])}", style="dim")]
    if found.get("proof"):
        parts += ["", _title("What was proved"), *proof_checks(found["proof"])]
    if found.get("decision"):
        return [*parts, "", _title("What was decided"), _decision(found["decision"])]
    question = found.get("question") or found.get("advice")
    return [*parts, "", _title("What an answer does"), facts(_answers(found)), *_asked(question)]


def is_open(found: Json) -> bool:
    """Whether somebody can still decide."""
    return bool(found["state"] == "open")


def proof(found: Json) -> list[RenderableType]:
    """A proof: what was asked of it, its checks with their numbers, what it stands on, and who made it again."""
    head = {
        "proof": found["id"],
        "workflow": found.get("workflow"),
        "module": found.get("module"),
        "made of version": found.get("base_version"),
        "drift report": found.get("report_id"),
        "made": moment(found.get("made_at")),
        "changed since": None if found.get("intact", True) else "yes: what is stored is not what was made",
    }
    parts: list[RenderableType] = [facts(head), "", *proof_checks(found)]
    if found.get("steps"):
        parts += ["", _title("The steps that adapt"), *_numbered(found["steps"])]
    if found.get("inputs"):
        heads = ["input", "of", "rows", "looked at", "out", "set aside", "sha-256"]
        parts += ["", table(heads, map(_input, found["inputs"]), longest=64)]
    parts += _differences(found.get("differences") or ())
    if found.get("replays"):
        rows = (
            [moment(one.get("asked_at")), one["state"], one.get("verdict"), one.get("same"), one.get("message")]
            for one in found["replays"]
        )
        parts += ["", table(["made again", "state", "verdict", "the same", ""], rows, longest=160)]
    return parts


def _input(one: Json) -> list[object]:
    looked_at = f"{one.get('share', 1):.0%}"
    figures = [f"{one[name]:,}" for name in ("rows", "rows_out", "set_aside")]
    return [one["role"], moment(one["at"] or None), figures[0], looked_at, *figures[1:], one["sha256"]]


def _differences(found: Iterable[Json]) -> Iterator[RenderableType]:
    """Rows of the past of which the new version made something else, with some of them."""
    for one in found:
        if not (one["changed"] or one["only_before"] or one["only_after"]):
            continue
        counts = {name: one[name] for name in ("changed", "only_before", "only_after")}
        yield ""
        yield _title(f"Made otherwise of what was read at {moment(one['at'] or None)}{figures(counts)}")
        for part, rows in one["samples"].items():
            if rows:
                lines = ([row[name] for name in rows[0]] for row in rows)
                yield table(list(rows[0]), lines, title=plain(part).replace("_", " "), longest=40)


def proof_checks(found: Json) -> Iterator[RenderableType]:
    """The verdict and each check with its numbers."""
    verdict, history = plain(found["verdict"]), found.get("history")
    stands_on = "" if history is None else f" on {history} recorded input{'' if history == 1 else 's'} and what came"
    yield Text.assemble("  ", (verdict, VERDICTS.get(verdict, "")), stands_on)
    for check in found["checks"]:
        mark = ("  ✓ ", "green") if check["passed"] else ("  ✗ ", "bold red")
        numbers = figures(check.get("figures") or {})
        yield Text.assemble(mark, (plain(check["name"]), "bold"), f"  {plain(check['detail'])}", (numbers, "dim"))


def figures(numbers: Mapping[str, Any]) -> str:
    """Names and numbers of a check or of evidence, in brackets; nothing where there are none."""
    said = [f"{plain(name).replace('_', ' ')} {_number(value)}" for name, value in numbers.items()]
    more = [f"{len(said) - MOST_FIGURES} more"] if len(said) > MOST_FIGURES else []
    return f"  ({', '.join([*said[:MOST_FIGURES], *more])})" if said else ""


def _changes(changes: Iterable[Json]) -> Iterator[RenderableType]:
    for change in changes:
        became = f" → {plain(change['became'])}" if change.get("became") else ""
        what = plain(change["kind"]).replace("_", " ")
        yield Text.assemble("  ", (f"{what}: ", "yellow"), (f"{plain(change['column'])}{became}", "bold"))
        said = ". ".join(plain(change[part]).rstrip(". ") for part in ("detail", "proof") if change.get(part))
        evidence = figures(change.get("evidence") or {})
        if said or evidence:
            yield Text.assemble(f"    {said}", (evidence, "dim"))
        candidates = [_candidate(one) for one in change.get("candidates") or ()]
        if candidates:
            yield Text(f"    could be: {', '.join(candidates)}")


def _candidate(one: Any) -> str:
    if not isinstance(one, dict):
        return plain(one)
    rest = {name: value for name, value in one.items() if name != "column" and value is not None}
    return " ".join((plain(one.get("column")) + figures(rest)).split())


def _changed(found: Json) -> list[Json]:
    """The columns that something is said about; the others are as they were."""
    told: set[str | None] = set()
    for change in found["changes"]:
        told |= {change["column"], change.get("became"), *map(_named, change.get("candidates") or ())} - {None}
    return [one for one in found.get("columns") or () if told & {one.get("old"), one.get("new")}]


def _named(candidate: Any) -> str:
    return str(candidate.get("column") if isinstance(candidate, dict) else candidate)


def _side_by_side(columns: Sequence[Json]) -> Table:
    """Each column as it was on the left, as it came on the right, with some of its values."""
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 2))
    for heading in ("before", "now"):
        made.add_column(heading, overflow="fold")
    for column in columns:
        masked = "  (masked)" if column.get("masked") else ""
        made.add_row(*(_cell(column.get(side), column.get(f"{side}_values"), masked) for side in ("old", "new")))
    return made


def _cell(name: str | None, values: Iterable[object] | None, masked: str) -> Text:
    if name is None:
        return Text("–", style="dim")
    cell = Text.assemble((plain(name), "bold"), (masked, "dim"))
    for value in values or ():
        cell.append("\n  ")
        cell.append(*(("null", "dim") if value is None else (plain(value, LONGEST),)))
    return cell


def _proposal(found: Json) -> Iterator[RenderableType]:
    yield Text(f"  {ORIGINS.get(found['origin'], plain(found['origin']))}", style="dim")
    yield from _numbered(found["steps"]) if found["steps"] else [Text("  nothing: what came is taken as it is")]
    if found.get("doubtful"):
        names = ", ".join(map(plain, found["doubtful"]))
        yield Text(f"  ! left as written, left empty, or no longer checked: {names}", style="yellow")


def _numbered(lines: Iterable[str]) -> Iterator[RenderableType]:
    for number, line in enumerate(lines, start=1):
        yield Text(f"  {number}. {plain(line)}")


def _answers(found: Json) -> Json:
    silence = "it is approved" if found["veto"] else "as on no"
    refuted = not found.get("approvable", found["proof"]["verdict"] != "refuted")
    return {
        "  on yes": "it is not taken: the proof refutes what is proposed"
        if refuted
        else f"a version of {found['module']} with these steps is published, and the run goes on with it",
        "  on no": "what came is set aside with its reason and its bytes; nothing of it is loaded",
        "  on another mapping": "it is proved as this one was, and the run goes on if it holds",
        "  on silence": f"at {moment(found['expires_at'])} UTC {silence}",
    }


def _asked(question: str | None) -> list[RenderableType]:
    return ["", Text(plain(question), style="yellow")] if question else []


def _decision(found: Json) -> Text:
    return facts(
        {
            "  outcome": Text(plain(found["outcome"]), style=STATES.get(found["outcome"], "")),
            "  by": found.get("by") or DECIDERS.get(str(found.get("via")), "nobody in time"),
            "  at": moment(found.get("at")),
            "  because": found.get("reason"),
            "  asked about again": moment(found.get("asked_again_at")),
        }
    )


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return plain(value)
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.3g}"


def _title(text: str) -> Text:
    return Text(text, style="bold underline")
