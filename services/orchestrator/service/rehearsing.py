"""Dry runs: a definition is tried on what the last runs of its workflow read; nothing is written."""

from uuid import UUID

from contracts.commands.orchestrator import PastRun
from contracts.data import DatasetRef
from contracts.workflow import ModuleVersionRef, WorkflowDefinition
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid, not_found
from services.orchestrator.checks import check
from services.orchestrator.repository import definitions, runs
from services.orchestrator.service.acceptance import Accepted, Asked, accept


async def ask(work: UnitOfWork, name: str, draft: WorkflowDefinition, last: int, by: UUID, key: str | None) -> Accepted:
    """A dry run of a definition; raises 409 when its workflow has read nothing yet that it could be tried on.

    Neither end is asked, since neither is touched; modules that are not there end the run with their name.
    """
    workflow = await definitions.find_workflow(work, name)
    if workflow is None:
        raise not_found()
    if problems := check(draft, name):
        raise invalid(problems, "The workflow cannot be used.")
    past = await runs.last_with_inputs(work, workflow["id"], last)
    if not past:
        raise conflict("No run of this workflow has read rows yet that are recorded.", "nothing_recorded")
    asked = Asked(
        workflow["id"],
        workflow["name"],
        workflow["current_version"],
        "manual",
        dry_run=True,
        by=by,
        draft=draft,
        past=tuple(past),
    )
    return await accept(work, asked, f"rehearse/{workflow['id']}", key or str(work.ids.new()))


async def past_runs(work: UnitOfWork, ids: list[str]) -> tuple[PastRun, ...]:
    """What these runs were given, and the versions they used."""
    found = []
    for run in ids:
        row = await runs.get_run(work, UUID(run))
        if row is not None:
            found.append(
                PastRun(
                    run_id=row["id"],
                    modules=tuple(ModuleVersionRef.model_validate(one) for one in row["modules"] or ()),
                    inputs=tuple(DatasetRef.model_validate(one) for one in row["inputs"] or ()),
                    chains=tuple(
                        tuple(ModuleVersionRef.model_validate(one) for one in chain) for chain in row["chains"] or ()
                    ),
                )
            )
    return tuple(found)
