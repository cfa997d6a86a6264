"""The other ways to a run: somebody asks, a listing sees an object, quarantine lets a file go."""

from uuid import UUID

import structlog

from contracts.commands.command import WindowRequest
from contracts.events.connections import ObjectSeen
from contracts.events.drift import QuarantineReleased
from services.chassis.database import UnitOfWork
from services.chassis.metrics import TRIGGERS
from services.chassis.problems import not_found
from services.orchestrator.repository import definitions
from services.orchestrator.s3_events import Place
from services.orchestrator.service.acceptance import Accepted, Asked, accept, accept_object, object_window


async def by_hand(work: UnitOfWork, name: str, key: str | None) -> Accepted:
    """A run on everything new; the same key is the same run."""
    workflow = await definitions.find_workflow(work, name)
    if workflow is None:
        raise not_found()
    asked = Asked(workflow["id"], workflow["name"], workflow["current_version"], "manual")
    accepted = await accept(work, asked, f"manual/{workflow['id']}", key or str(work.ids.new()))
    TRIGGERS.labels("manual", "accepted" if accepted.new else "repeated").inc()
    return accepted


async def object_seen(work: UnitOfWork, seen: ObjectSeen) -> Accepted | None:
    """A run for an object that a listing saw; None when its trigger has gone or is not for it."""
    trigger = await definitions.get_trigger(work, seen.trigger_id)
    workflow = await definitions.get_workflow(work, seen.workflow_id)
    reason = None
    if trigger is None or workflow is None or not trigger["enabled"]:
        reason = "trigger_gone"
    else:
        # The bucket is the connector's own knowledge; the path may have changed since the listing began.
        reason = Place("", trigger["settings"]["pattern"]).why_not(seen.object)
    if trigger is None or workflow is None or reason is not None:
        TRIGGERS.labels("watch", "ignored").inc()
        structlog.get_logger().info("object_ignored", key=seen.object.key, reason=reason)
        return None
    asked = Asked(
        workflow["id"],
        workflow["name"],
        workflow["current_version"],
        "watch",
        seen.trigger_id,
        object_window(seen.object),
    )
    accepted = await accept_object(work, asked, seen.object)
    TRIGGERS.labels("watch", "accepted" if accepted.new else "repeated").inc()
    return accepted


async def quarantine_released(work: UnitOfWork, released: QuarantineReleased, event_id: UUID) -> Accepted | None:
    """A run for a file that a person let go; each release is one run, also of a file that came back."""
    workflow = await definitions.get_workflow(work, released.workflow_id)
    if workflow is None:
        TRIGGERS.labels("quarantine", "ignored").inc()
        structlog.get_logger().info("release_ignored", entry=str(released.entry_id), reason="workflow_gone")
        return None
    window = WindowRequest(
        quarantine_entry=released.entry_id,
        preserved_uri=released.preserved_uri,
        preserved_object=released.object,
    )
    asked = Asked(workflow["id"], workflow["name"], workflow["current_version"], "quarantine", None, window)
    accepted = await accept(work, asked, f"quarantine/{released.entry_id}", str(event_id))
    TRIGGERS.labels("quarantine", "accepted" if accepted.new else "repeated").inc()
    return accepted
