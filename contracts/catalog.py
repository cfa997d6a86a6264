"""Event type → model, and back; the only way from bytes to an event."""

from collections.abc import Iterable

from pydantic import ValidationError

from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events import connections, drift, identity, modules, notifications, runs, sessions, workflows

EVENTS: dict[str, type[Contract]] = {
    "identity.workspace_created.v1": identity.WorkspaceCreated,
    "identity.workspace_plan_changed.v1": identity.WorkspacePlanChanged,
    "identity.credential_revoked.v1": identity.CredentialRevoked,
    "connection.created.v1": connections.ConnectionCreated,
    "connection.updated.v1": connections.ConnectionUpdated,
    "connection.deleted.v1": connections.ConnectionDeleted,
    "object.seen.v1": connections.ObjectSeen,
    "window.committed.v1": connections.WindowCommitted,
    "session.created.v1": sessions.SessionCreated,
    "session.opened.v1": sessions.SessionOpened,
    "session.failed.v1": sessions.SessionFailed,
    "session.node_added.v1": sessions.NodeAdded,
    "session.task_requested.v1": sessions.TaskRequested,
    "session.task_finished.v1": sessions.TaskFinished,
    "session.archived.v1": sessions.SessionArchived,
    "session.restored.v1": sessions.SessionRestored,
    "session.deleted.v1": sessions.SessionDeleted,
    "module.version_published.v1": modules.ModuleVersionPublished,
    "module.archived.v1": modules.ModuleArchived,
    "module.restored.v1": modules.ModuleRestored,
    "module.deleted.v1": modules.ModuleDeleted,
    "module.version_retired.v1": modules.ModuleVersionRetired,
    "module.rolled_back.v1": modules.ModuleRolledBack,
    "module.comparison_requested.v1": modules.ComparisonRequested,
    "module.comparison_finished.v1": modules.ComparisonFinished,
    "module.trial_requested.v1": modules.TrialRequested,
    "module.trial_finished.v1": modules.TrialFinished,
    "drift.detected.v1": drift.DriftDetectedV1,
    "drift.detected.v2": drift.DriftDetected,
    "drift.review_opened.v1": drift.ReviewOpened,
    "drift.review_decided.v1": drift.ReviewDecided,
    "drift.adapted.v1": drift.DriftAdapted,
    "drift.replay_requested.v1": drift.ReplayRequested,
    "quarantine.opened.v1": drift.QuarantineOpened,
    "quarantine.released.v1": drift.QuarantineReleased,
    "quarantine.rejected.v1": drift.QuarantineRejected,
    "workflow.applied.v1": workflows.WorkflowApplied,
    "workflow.deleted.v1": workflows.WorkflowDeleted,
    "watch.configured.v1": workflows.WatchConfigured,
    "run.requested.v1": runs.RunRequested,
    "run.started.v1": runs.RunStarted,
    "run.step_finished.v1": runs.RunStepFinished,
    "run.finished.v1": runs.RunFinished,
    "run.undone.v1": runs.RunUndone,
    "notification.delivered.v1": notifications.NotificationDelivered,
    "notification.undelivered.v1": notifications.NotificationUndelivered,
}
_TYPES: dict[type[Contract], str] = {model: name for name, model in EVENTS.items()}


class EventUnknown(Exception):
    """Nobody here knows this event type; a newer producer may."""


class EventVersionUnknown(Exception):
    """The event is known, this version of it is not."""


class EventInvalid(Exception):
    """The body is not what its type promises."""


def type_of(event: Contract | type[Contract]) -> str:
    """The event type of a model or its instance."""
    return _TYPES[event if isinstance(event, type) else type(event)]


def decode(envelope: Envelope, body: bytes) -> Contract:
    """The event in a message's body.

    Raises EventUnknown, EventVersionUnknown or EventInvalid; the messages hold field names, never values.
    """
    if envelope.type not in EVENTS:
        stem = envelope.type.rpartition(".")[0]
        if any(name.rpartition(".")[0] == stem for name in EVENTS):
            raise EventVersionUnknown(f"event type {envelope.type!r} has a version that is not known here")
        raise EventUnknown(f"event type {envelope.type!r} is not known here")
    try:
        # Writers forbid unknown fields, readers ignore them: a producer may be newer than its consumers.
        return EVENTS[envelope.type].model_validate_json(body, extra="ignore")
    except ValidationError as error:
        raise EventInvalid(f"{envelope.type}: {_where(error.errors())}") from None


def _where(errors: Iterable[object]) -> str:
    """Field paths and error kinds of a validation error, without the values that caused it."""
    parts = []
    for item in errors:
        if isinstance(item, dict):
            parts.append("/" + "/".join(str(part) for part in item["loc"]) + " " + str(item["type"]))
    return "; ".join(parts[:10])
