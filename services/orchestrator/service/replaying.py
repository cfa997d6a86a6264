"""What a changed module can be tried on: what earlier runs gave to it, and who reads what its workflow writes."""

from typing import Any

from sqlalchemy import RowMapping

from contracts.adaptation import PastInput
from contracts.commands.orchestrator import PastInputsInput, PastInputsResult, Reader
from contracts.data import DatasetRef
from contracts.workflow import ModuleVersionRef, WorkflowDefinition
from services.chassis.database import UnitOfWork
from services.orchestrator.checks import reads
from services.orchestrator.repository import definitions, runs


async def past_inputs(work: UnitOfWork, wanted: PastInputsInput) -> PastInputsResult:
    """Rows that runs of this workflow loaded with that version of their first module, newest first; and the readers."""
    rows = await runs.loaded_with(work, wanted.scope.workflow_id, wanted.module, wanted.limit)
    past = [one for row in rows for one in _inputs(row, wanted.module)]
    return PastInputsResult(past=tuple(past[: wanted.limit]), readers=await _readers(work, wanted))


def _inputs(row: RowMapping, module: ModuleVersionRef) -> list[PastInput]:
    """The inputs of a run that went through this version; a run's inputs may have gone through different ones."""
    inputs: list[Any] = row["inputs"]
    chains: list[list[Any]] = row["chains"] or [row["modules"]] * len(inputs)
    return [
        PastInput(run_id=row["id"], dataset=DatasetRef.model_validate(given), at=row["started_at"].isoformat())
        for given, chain in zip(inputs, chains, strict=True)
        if (chain[0]["module_id"], chain[0]["version"]) == (module.module_id, module.version)
    ]


async def _readers(work: UnitOfWork, wanted: PastInputsInput) -> tuple[Reader, ...]:
    """The other workflows that read what this one writes, as it is defined now."""
    row = await definitions.get_workflow(work, wanted.scope.workflow_id)
    if row is None:
        return ()
    writer = WorkflowDefinition.model_validate(row["definition"])
    others = [WorkflowDefinition.model_validate(one) for one in await definitions.current_definitions(work)]
    return tuple(
        Reader(workflow=other.name, module=next(iter(other.modules), None))
        for other in others
        if other.name != writer.name and reads(other, writer)
    )
