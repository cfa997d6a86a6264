"""The one table of topics: what flows where, who writes it, who reads it, and for how long it is kept."""

from dataclasses import dataclass, field

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Topic:
    """One row of the table. `key` names the id whose order matters; retention is in seconds."""

    name: str
    description: str
    key: str
    events: tuple[str, ...]
    producer: str
    consumers: tuple[str, ...]
    partitions: int = 4
    retention_seconds: int = 7 * DAY
    broadcast: bool = False  # every process reads all of it from the start, not one per service
    config: dict[str, str] = field(default_factory=dict)


TOPICS: tuple[Topic, ...] = (
    Topic(
        name="identity",
        description="Workspaces made, their plans, and credentials revoked.",
        key="workspace or credential",
        events=(
            "identity.workspace_created.v1",
            "identity.workspace_plan_changed.v1",
            "identity.credential_revoked.v1",
        ),
        producer="identity",
        consumers=("module_registry", "notification"),
        partitions=1,
        retention_seconds=30 * DAY,
        broadcast=True,
    ),
    Topic(
        name="connections",
        description="Connections made, changed and removed.",
        key="connection",
        events=("connection.created.v1", "connection.updated.v1", "connection.deleted.v1"),
        producer="connector",
        consumers=("notification",),
    ),
    Topic(
        name="objects",
        description="Object versions seen by listing watches, and windows closed.",
        key="workflow",
        events=("object.seen.v1", "window.committed.v1"),
        producer="connector",
        consumers=("orchestrator", "notification"),
    ),
    Topic(
        name="sessions",
        description="Sessions created, opened, failed and put away, nodes added, and their long work.",
        key="session",
        events=(
            "session.created.v1",
            "session.opened.v1",
            "session.failed.v1",
            "session.node_added.v1",
            "session.task_requested.v1",
            "session.task_finished.v1",
            "session.archived.v1",
            "session.restored.v1",
            "session.deleted.v1",
        ),
        producer="transform",
        consumers=("orchestrator", "notification"),
    ),
    Topic(
        name="modules",
        description="Module versions published, retired and rolled back, modules archived, restored and deleted; "
        "what was asked of them on data.",
        key="module, comparison or trial",
        events=(
            "module.version_published.v1",
            "module.version_retired.v1",
            "module.archived.v1",
            "module.restored.v1",
            "module.deleted.v1",
            "module.rolled_back.v1",
            "module.comparison_requested.v1",
            "module.comparison_finished.v1",
            "module.trial_requested.v1",
            "module.trial_finished.v1",
        ),
        producer="module_registry",
        consumers=("orchestrator", "schema_drift", "notification"),
    ),
    Topic(
        name="schema-drift",
        description="Drift detected, asked about and adapted to, and what quarantine holds, releases and rejects.",
        key="workflow",
        events=(
            "drift.detected.v1",
            "drift.detected.v2",
            "drift.review_opened.v1",
            "drift.review_decided.v1",
            "drift.adapted.v1",
            "drift.replay_requested.v1",
            "quarantine.opened.v1",
            "quarantine.released.v1",
            "quarantine.rejected.v1",
        ),
        producer="schema_drift",
        consumers=("orchestrator", "notification"),
    ),
    Topic(
        name="workflows",
        description="Workflow definitions applied and removed, and the watches of their triggers.",
        key="workflow",
        events=("workflow.applied.v1", "workflow.deleted.v1", "watch.configured.v1"),
        producer="orchestrator",
        consumers=("connector", "module_registry", "notification"),
    ),
    Topic(
        name="runs",
        description="Runs requested, started, stepping, finished and undone.",
        key="run",
        events=("run.requested.v1", "run.started.v1", "run.step_finished.v1", "run.finished.v1", "run.undone.v1"),
        producer="orchestrator",
        consumers=("orchestrator", "module_registry", "notification"),
    ),
    Topic(
        name="notifications",
        description="Notifications delivered, and those that could not be.",
        key="notification",
        events=("notification.delivered.v1", "notification.undelivered.v1"),
        producer="notification",
        consumers=("notification",),
    ),
)

SERVICES: tuple[str, ...] = (
    "connector",
    "identity",
    "module_registry",
    "notification",
    "orchestrator",
    "schema_drift",
    "transform",
)

DEAD_LETTER_RETENTION_SECONDS = 30 * DAY


def deployable(service: str) -> str:
    """A service's name outside Python: hyphens for underscores."""
    return service.replace("_", "-")


def dead_letter_topic(service: str) -> str:
    """Where a service's consumers put what they could not handle."""
    return f"{deployable(service)}-dlq"


def topic_of(event_type: str) -> Topic:
    """The topic that carries an event type."""
    for topic in TOPICS:
        if event_type in topic.events:
            return topic
    raise KeyError(event_type)
