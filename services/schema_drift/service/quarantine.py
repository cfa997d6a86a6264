"""What happens to files and rows that may not go on: set aside, looked at, corrected, released, rejected, settled."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.command import RunScope
from contracts.commands.connector import QuarantinedRows
from contracts.commands.schema_drift import QuarantineFileInput, QuarantineRowsInput, SettleEntryInput
from contracts.events.drift import QuarantineOpened, QuarantineRejected, QuarantineReleased
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, not_found
from services.schema_drift import repository
from services.schema_drift.report import Rejection, advise, restore

# Texts come from other services, and what they quote may come from a file.
MAX_TEXT = 4_000

_AFTER_RELEASE = {"loaded": "loaded", "failed": "open", "quarantined": "superseded"}


async def open_file(work: UnitOfWork, input: QuarantineFileInput) -> UUID:
    """Set a file aside, once for each run, stream and object version."""
    entry_id = work.ids.new()
    advice = await _advice(work, input, entry_id)
    return await _open(
        work,
        input.scope,
        {
            "id": entry_id,
            "stream": input.stream,
            "what": "file",
            "identity": input.object.identity,
            "reason": input.reason,
            "summary": _plain(input.summary),
            "advice": _plain(advice),
            "object": f"{input.object.bucket}/{input.object.key}",
            "object_version": input.object.model_dump(mode="json"),
            "preserved_uri": input.preserved_uri,
            "rows": input.rows,
            "report_id": input.report_id,
        },
    )


async def open_rows(work: UnitOfWork, input: QuarantineRowsInput) -> UUID:
    """Set rows aside, once for each run, stream and dataset of them."""
    entry_id, rows = work.ids.new(), input.rows
    summary, advice = _words(rows, entry_id)
    return await _open(
        work,
        input.scope,
        {
            "id": entry_id,
            "stream": input.stream,
            "what": "rows",
            "identity": f"{rows.dataset.id}/{rows.reason}/{rows.object or ''}",
            "reason": rows.reason,
            "summary": _plain(summary),
            "advice": advice,
            "object": rows.object,
            "dataset": rows.dataset.model_dump(mode="json"),
            "rows": rows.dataset.rows,
            "sample": _plain(rows.sample),
        },
    )


async def settle_entry(work: UnitOfWork, input: SettleEntryInput) -> None:
    """Note what became of a released file. A file that failed to load waits again; anything else is closed."""
    entry = await repository.get_entry(work, input.entry_id, lock=True)
    if entry is None or entry["state"] != "released":
        return
    state = _AFTER_RELEASE[input.outcome]
    closed_at = None if state == "open" else work.clock.now()
    await repository.change_entry(work, input.entry_id, state=state, closed_at=closed_at)


async def release(work: UnitOfWork, entry_id: UUID, who: UUID) -> RowMapping:
    """Let a file go on: the corrected bytes if there are any, else the original ones."""
    entry = await _open_entry(work, entry_id)
    if entry["what"] != "file":
        raise conflict(
            "Rows cannot be released by themselves: correct them at their source and load them again.",
            "rows_not_releasable",
        )
    changed = await repository.change_entry(
        work, entry_id, state="released", released_at=work.clock.now(), released_by=who
    )
    await work.publish(
        QuarantineReleased(
            entry_id=entry_id,
            workflow_id=entry["workflow_id"],
            stream=entry["stream"],
            preserved_uri=entry["corrected_uri"] or entry["preserved_uri"],
            object=entry["object"],
            released_by=who,
            corrected=entry["corrected_uri"] is not None,
        ),
        key=entry["workflow_id"],
        run=entry["run_id"],
    )
    return changed


async def reject(work: UnitOfWork, entry_id: UUID, who: UUID, reason: str) -> RowMapping:
    """Say that what was set aside stays out."""
    entry = await _open_entry(work, entry_id)
    changed = await repository.change_entry(
        work, entry_id, state="rejected", closed_at=work.clock.now(), closed_by=who, close_reason=reason
    )
    await work.publish(
        QuarantineRejected(entry_id=entry_id, workflow_id=entry["workflow_id"], rejected_by=who, reason=reason),
        key=entry["workflow_id"],
        run=entry["run_id"],
    )
    return changed


async def correct(work: UnitOfWork, entry_id: UUID, uri: str, size: int) -> RowMapping:
    """Put corrected bytes beside the original ones, which are kept."""
    await correctable(work, entry_id)
    return await repository.change_entry(work, entry_id, corrected_uri=uri, corrected_bytes=size)


async def correctable(work: UnitOfWork, entry_id: UUID) -> None:
    """Raise a problem unless this entry is a file that waits."""
    if (await _open_entry(work, entry_id))["what"] != "file":
        raise conflict("These are rows, not a file: there is nothing to put in its place.", "no_file")


async def entry(work: UnitOfWork, entry_id: UUID) -> RowMapping:
    """One entry, or the problem that there is none."""
    found = await repository.get_entry(work, entry_id)
    if found is None:
        raise not_found()
    return found


async def _open_entry(work: UnitOfWork, entry_id: UUID) -> RowMapping:
    found = await repository.get_entry(work, entry_id, lock=True)
    if found is None:
        raise not_found()
    if found["state"] != "open":
        raise conflict(f"This entry is {found['state']} already.", "not_open")
    return found


async def _open(work: UnitOfWork, scope: RunScope, values: dict[str, Any]) -> UUID:
    added = await repository.add_entry(
        work,
        {
            "run_id": scope.run_id,
            "workflow_id": scope.workflow_id,
            "workflow": scope.workflow,
            "state": "open",
            "sample": "",
            "created_at": work.clock.now(),
            **values,
        },
    )
    if added is None:
        return await repository.find_entry(work, scope.run_id, values["stream"], values["what"], values["identity"])
    await work.publish(
        QuarantineOpened(
            entry_id=added,
            run_id=scope.run_id,
            workflow_id=scope.workflow_id,
            workflow=scope.workflow,
            stream=values["stream"],
            what=values["what"],
            reason=values["reason"],
            summary=values["summary"],
            advice=values["advice"],
            rows=values["rows"],
            object=values["object"],
        ),
        key=scope.workflow_id,
        run=scope.run_id,
    )
    return added


async def _advice(work: UnitOfWork, input: QuarantineFileInput, entry_id: UUID) -> str:
    """What to do, with the commands for this very entry."""
    report = None if input.report_id is None else await repository.get_report(work, input.report_id)
    if report is not None and (rejected := (report["context"] or {}).get("rejected")) is not None:
        return Rejection.of(rejected).advice(str(entry_id))
    if report is not None:
        differences = [restore(stored) for stored in report["changes"]]
        return advise(report["module"], report["decision"], differences, str(entry_id))
    commands = (
        f"`modulardata quarantine release {entry_id} --with FILE` loads a corrected file in its place, "
        f"`modulardata quarantine reject {entry_id}` says that it stays out."
    )
    return f"{input.advice} {commands}" if input.advice else commands


def _words(rows: QuarantinedRows, entry_id: UUID) -> tuple[str, str]:
    """What happened to rows, and what to do. Rows of a table whose columns do not fit bring the reason with them."""
    count = f"{rows.dataset.rows} {'row' if rows.dataset.rows == 1 else 'rows'}"
    stay_out = f"or say that they stay out: `modulardata quarantine reject {entry_id}`."
    if rows.reason == "drift":
        return f"{count} set aside. {rows.sample}", (
            f"Publish a module version that takes the new columns, or change them back at the source, and run the "
            f"workflow again; {stay_out}"
        )
    where = f" of {rows.object}" if rows.object else ""
    first = f"; the first: {rows.sample}" if rows.sample else ""
    return f"{count}{where} set aside: {rows.reason.replace('_', ' ')}{first}.", (
        f"Look at them with `modulardata quarantine rows {entry_id}`, correct them at their source, and load them "
        f"again; {stay_out}"
    )


def _plain(text: str) -> str:
    """Text that PostgreSQL and a terminal can hold, and not more of it than a person reads."""
    plain = "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text[:MAX_TEXT])
    return plain if len(text) <= MAX_TEXT else plain + "…"
