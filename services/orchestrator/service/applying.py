"""Workflow definitions: checked against the world, versioned when they change, removed with their triggers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.events.workflows import WorkflowApplied, WorkflowDeleted
from contracts.runs import ValidateWorkflowResult
from contracts.workflow import S3EventTrigger, WorkflowDefinition
from services.chassis.database import UnitOfWork
from services.chassis.problems import invalid, not_found, unavailable
from services.chassis.sealing import Sealer
from services.orchestrator.changes import Change, changes, content_hash
from services.orchestrator.checks import check, circle
from services.orchestrator.repository import definitions
from services.orchestrator.service.executions import Executions, ValidationUnavailable
from services.orchestrator.service.trigger_sync import TriggerSecret, remove_all, sync

Precondition = Callable[[RowMapping | None], None]


@dataclass(frozen=True)
class Applied:
    """What applying a definition did, or would do."""

    change: Literal["created", "updated", "unchanged"]
    changes: list[Change]
    workflow: RowMapping | None
    triggers: list[RowMapping] = field(default_factory=list)
    secrets: list[TriggerSecret] = field(default_factory=list)


class Definitions:
    """What can be done with workflow definitions."""

    def __init__(self, executions: Executions, sealer: Sealer) -> None:
        self._executions = executions
        self._sealer = sealer

    async def validate(self, tenant: UUID, definition: WorkflowDefinition, name: str) -> ValidateWorkflowResult:
        """Raise 422 with all that is wrong: of the definition itself first, then against connections and modules."""
        if problems := check(definition, name):
            raise invalid(problems, "The workflow cannot be used.")
        try:
            found = await self._executions.validate(tenant, definition)
        except ValidationUnavailable:
            raise unavailable("The services that know the connections and modules do not answer.", 5) from None
        if found.problems:
            raise invalid(found.problems, "The workflow cannot be used.")
        return found

    async def refuse_circle(self, work: UnitOfWork, definition: WorkflowDefinition) -> None:
        """Raise 422 when workflows would start one another for ever.

        Two that are saved in the same moment do not see each other; what they make of it ends at the connector, which
        counts through how many runs an object's rows came.
        """
        if any(isinstance(trigger, S3EventTrigger) and trigger.enabled for trigger in definition.triggers):
            others = [WorkflowDefinition.model_validate(other) for other in await definitions.writing_objects(work)]
            if problems := circle(definition, others):
                raise invalid(problems, "The workflow cannot be used.")

    async def apply(
        self,
        work: UnitOfWork,
        definition: WorkflowDefinition,
        validated: ValidateWorkflowResult,
        *,
        by: UUID,
        precondition: Precondition,
        dry_run: bool = False,
    ) -> Applied:
        """Make the workflow what the definition says. The same definition twice is one version."""
        row = await definitions.find_workflow(work, definition.name, lock=not dry_run)
        precondition(row)
        await self.refuse_circle(work, definition)
        old = None if row is None else WorkflowDefinition.model_validate(row["definition"])
        what: Literal["created", "updated", "unchanged"] = "created"
        if row is not None:
            what = "unchanged" if row["content_hash"] == content_hash(definition) else "updated"
        difference = changes(old, definition)
        if dry_run:
            triggers = [] if row is None else await definitions.triggers_of(work, row["id"])
            return Applied(what, difference, row, triggers)
        workflow_id = work.ids.new() if row is None else row["id"]
        if row is None:
            await definitions.add_workflow(work, workflow_id, definition.name)
        if what != "unchanged":
            version = 1 if row is None else row["current_version"] + 1
            document = definition.model_dump(mode="json")
            await definitions.add_version(work, workflow_id, version, document, content_hash(definition), by)
            await work.publish(
                WorkflowApplied(
                    workflow_id=workflow_id, name=definition.name, version=version, modules=definition.modules
                ),
                key=workflow_id,
            )
        # Also when nothing changed here: the connection may mean another bucket by now.
        secrets = await sync(work, self._sealer, workflow_id, definition, validated.source_bucket)
        return Applied(
            what,
            difference,
            await definitions.get_workflow(work, workflow_id),
            await definitions.triggers_of(work, workflow_id),
            secrets,
        )

    async def delete(self, work: UnitOfWork, name: str, precondition: Precondition) -> None:
        """Remove a workflow and its triggers; runs that were accepted go on, and their history stays."""
        row = await definitions.find_workflow(work, name, lock=True)
        precondition(row)
        if row is None:
            raise not_found()
        await remove_all(work, row["id"])
        await definitions.delete_workflow(work, row["id"])
        await work.publish(WorkflowDeleted(workflow_id=row["id"], name=name), key=row["id"])
