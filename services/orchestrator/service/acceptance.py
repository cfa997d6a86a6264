"""Accepting a trigger: its receipt, the run that is owed for it, and the fact that says so, in one transaction."""

import hashlib
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from contracts.commands.command import WindowRequest
from contracts.data import ObjectVersion
from contracts.events.runs import RunRequested
from contracts.workflow import WorkflowDefinition
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict
from services.orchestrator.repository import receipts, runs

Kind = Literal["manual", "s3_event", "webhook", "watch", "quarantine"]
# Events and listings of an object share one source: whoever comes second finds the receipt of the first.
OBJECTS = "object"
EVERYTHING_NEW = WindowRequest()
_LONGEST_KEY = 500


@dataclass(frozen=True)
class Asked:
    """Which workflow is asked to run, by what, and on which slice of its source."""

    workflow_id: UUID
    workflow: str
    version: int
    kind: Kind
    trigger_id: UUID | None = None
    window: WindowRequest = EVERYTHING_NEW
    undoes: UUID | None = None  # the run whose rows are taken out
    dry_run: bool = False
    by: UUID | None = None
    draft: WorkflowDefinition | None = None  # of a dry run: what is tried …
    past: tuple[UUID, ...] = ()  # … on what these runs read


@dataclass(frozen=True)
class Accepted:
    """The run that answers a trigger, and whether this was the first time it was heard."""

    run_id: UUID
    new: bool


async def accept(
    work: UnitOfWork,
    asked: Asked,
    source: str,
    dedupe_key: str,
    *,
    body_hash: bytes | None = None,
    version_id: str | None = None,
) -> Accepted:
    """Exactly one run for a source and key, however many ask at once; a known key with another body is a conflict."""
    run_id = work.ids.new()
    if not await receipts.add_receipt(
        work,
        source,
        dedupe_key,
        run_id=run_id,
        body_hash=body_hash,
        version_id=version_id,
        now=work.clock.now(),
    ):
        receipt = await receipts.get_receipt(work, source, dedupe_key)
        if body_hash is not None and receipt["body_hash"] != body_hash:
            raise conflict("This id was used for another message.", "id_reused")
        return Accepted(receipt["run_id"], new=False)
    await runs.add_run(
        work,
        {
            "id": run_id,
            "workflow_id": asked.workflow_id,
            "workflow": asked.workflow,
            "workflow_version": asked.version,
            "trigger_kind": asked.kind,
            "trigger_id": asked.trigger_id,
            "requested_window": asked.window.model_dump(mode="json"),
            "undoes": asked.undoes,
            "dry_run": asked.dry_run,
            "requested_by": asked.by,
            "draft": None if asked.draft is None else asked.draft.model_dump(mode="json"),
            "past": [str(run) for run in asked.past] or None,
        },
    )
    await work.publish(
        RunRequested(
            run_id=run_id,
            workflow_id=asked.workflow_id,
            workflow=asked.workflow,
            workflow_version=asked.version,
            trigger=asked.kind,
            undoes=asked.undoes,
        ),
        key=run_id,
        run=run_id,
    )
    return Accepted(run_id, new=True)


async def accept_object(work: UnitOfWork, asked: Asked, version: ObjectVersion) -> Accepted:
    """One run for each object version, whoever reports it.

    A listing knows an object by its content (ETag), an event may know its version as well. The first version that is
    reported with a content is the one a listing saw; another version with the same content is a new object version.
    """
    by_content = _key(asked.workflow_id, version.model_copy(update={"version_id": None}))
    if not version.etag:
        return await accept(work, asked, OBJECTS, _key(asked.workflow_id, version))
    accepted = await accept(work, asked, OBJECTS, by_content, version_id=version.version_id)
    if accepted.new or version.version_id is None:
        return accepted
    receipt = await receipts.get_receipt(work, OBJECTS, by_content)
    if receipt["version_id"] is None:
        await receipts.name_version(work, OBJECTS, by_content, version.version_id)
        return accepted
    if receipt["version_id"] == version.version_id:
        return accepted
    return await accept(work, asked, OBJECTS, _key(asked.workflow_id, version), version_id=version.version_id)


def object_window(version: ObjectVersion) -> WindowRequest:
    """The window of a run for one object version: that one, not everything new."""
    return WindowRequest(objects=(version,))


def _key(workflow_id: UUID, version: ObjectVersion) -> str:
    identity = version.identity
    if len(identity) > _LONGEST_KEY:
        # An index entry has a limit; a key in a bucket may be longer.
        identity = "sha256:" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{workflow_id}/{identity}"
