"""Undoing a run: another run is asked for that takes out what it loaded; a run is undone once."""

from uuid import UUID

from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, not_found
from services.orchestrator.repository import runs
from services.orchestrator.service.acceptance import Accepted, Asked, accept


async def ask(work: UnitOfWork, run_id: UUID, by: UUID, key: str | None, *, dry_run: bool) -> Accepted:
    """The run that undoes this one; raises 409 when that is done, under way, or not to be done at all.

    Whether the destination can do it is found out by that run, which says why when it cannot.
    """
    row = await runs.lock_run(work, run_id)
    if row is None:
        raise not_found()
    source, name = f"undo/{run_id}", key or str(work.ids.new())
    asked = Asked(
        row["workflow_id"], row["workflow"], row["workflow_version"], "manual", undoes=run_id, dry_run=dry_run, by=by
    )
    if row["undoes"] is not None:
        raise conflict("The run is an undoing itself; run the workflow to load again.", "run_is_undoing")
    if row["dry_run"]:
        raise conflict("The run was a dry one: it has loaded nothing.", "run_was_dry")
    if row["state"] in runs.OPEN:
        raise conflict("The run has not ended yet; wait for its end, or cancel it.", f"run_{row['state']}")
    if row["undone_by"] is not None:
        raise conflict(f"The run is undone already, by run {row['undone_by']}.", "run_undone")
    under_way = await runs.open_undoing(work, run_id)
    if under_way is not None and not dry_run:
        raise conflict(f"The run is being undone by run {under_way}.", "run_being_undone")
    return await accept(work, asked, source, name)
