"""The named points at which something dies while runs are in flight."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from contracts.events.connections import ObjectSeen

# What a run is caused by; `files` puts objects and asks for nothing.
Way = Literal["manual", "webhook", "event", "watch"]
Meant = Callable[[tuple[Any, ...], dict[str, Any]], bool]


def anything(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whoever comes by."""
    return True


@dataclass(frozen=True)
class Point:
    """A place in a process (`target`), and what dies there.

    Without `kills`, the process that comes by ends itself with SIGKILL, right before or after the named method. With
    it, the one that comes by waits there while the named processes are killed from outside.
    """

    name: str
    target: str  # module:Class.method
    when: Literal["before", "after", "raised"]
    process: str  # which process of the stack comes by
    meant: Meant = anything
    kills: tuple[str, ...] = ()
    way: Way | None = None  # the only way that leads past it


def milestone(name: str) -> Meant:
    """The connector's own name for how far a pull or a push is."""
    return lambda args, kwargs: args[1] == name


def posts_to(prefix: str, suffix: str = "") -> Meant:
    """A request that was served: its method and path."""

    def meant(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        request = args[2]
        path = str(request.url.path)
        return bool(request.method == "POST" and path.startswith(prefix) and path.endswith(suffix))

    return meant


def relay_of(service: str) -> Meant:
    """One service's relay."""
    return lambda args, kwargs: args[0]._service == service and bool(args[2])


def hears(service: str, event: str) -> Meant:
    """One service's delivery of events, one of this type among them."""
    return lambda args, kwargs: (
        args[0]._database.service == service and any(item.envelope.type == event for item in args[1])
    )


def tells_of(event: type) -> Meant:
    """Events that are published, one of this type among them."""
    return lambda args, kwargs: any(isinstance(each, event) for each, _ in args[1])


def answers_key_of(path: str) -> Meant:
    """An answer that is kept for its Idempotency-Key."""
    return lambda args, kwargs: path in args[2]


def starts(workflow: str) -> Meant:
    """A Temporal workflow of this name is started."""
    return lambda args, kwargs: args[1] == workflow


LEDGER = "services.connector.destinations.postgres_ledger"
CONNECTOR = "services.connector.milestones:LoggedMilestones.reached"
GATEWAY = "services.chassis.temporal:TemporalGateway.start"
SETTLE = "services.schema_drift.activities:SchemaDriftActivities.settle"
WEBHOOK = "services.notification.channels.webhook:WebhookChannel"
HISTORY = "services.orchestrator.service.history"

# In an order that lets each kind of process live for a while between two of its deaths.
POINTS: tuple[Point, ...] = (
    Point(
        "api-before-commit",
        "services.chassis.idempotency:Idempotency.keep",
        "after",
        "services",
        meant=answers_key_of("/runs"),
        way="manual",
    ),
    Point("pull-claimed", CONNECTOR, "before", "worker", meant=milestone("pull.claimed")),
    Point(
        "api-committed-not-answered",
        "services.chassis.request_scope:_run",
        "after",
        "services",
        meant=posts_to("/api/workflows/", "/runs"),
        way="manual",
    ),
    Point("push-before-commit", CONNECTOR, "before", "worker", meant=milestone("push.before_commit")),
    Point(
        "hook-committed-not-answered",
        "services.chassis.request_scope:_run",
        "after",
        "services",
        meant=posts_to("/hooks/"),
        way="webhook",
    ),
    Point("push-committed-not-acknowledged", CONNECTOR, "before", "worker", meant=milestone("push.after_commit")),
    Point(
        "relay-before-send",
        "services.chassis.outbox:Relay._relay",
        "before",
        "services",
        meant=relay_of("orchestrator"),
    ),
    Point("pull-stored", CONNECTOR, "before", "worker", meant=milestone("pull.stored")),
    Point(
        "relay-sent-not-marked",
        "services.chassis.outbox:Relay._acknowledged",
        "after",
        "services",
        meant=relay_of("orchestrator"),
    ),
    Point("push-staged", CONNECTOR, "before", "worker", meant=milestone("push.staged")),
    Point("postgres-dies-during-pull", CONNECTOR, "before", "worker", milestone("pull.read"), kills=("postgres",)),
    Point(
        "consumer-before-transaction",
        "services.chassis.delivery:Delivery.deliver",
        "before",
        "services",
        meant=hears("orchestrator", "run.requested.v1"),
    ),
    Point("pull-read", CONNECTOR, "before", "worker", meant=milestone("pull.read")),
    Point(
        "consumer-committed-not-acknowledged",
        "services.chassis.delivery:Delivery.deliver",
        "after",
        "services",
        meant=hears("orchestrator", "run.requested.v1"),
    ),
    Point("kafka-dies-during-pull", CONNECTOR, "before", "worker", milestone("pull.read"), kills=("kafka",)),
    Point("orchestrator-before-start", GATEWAY, "before", "services", meant=starts("run-workflow")),
    Point("s3-dies-during-pull", CONNECTOR, "before", "worker", milestone("pull.claimed"), kills=("s3",)),
    Point("orchestrator-started-not-noted", GATEWAY, "after", "services", meant=starts("run-workflow")),
    Point("postgres-dies-during-push", CONNECTOR, "before", "worker", milestone("push.before_commit"), ("postgres",)),
    Point("run-started-not-acknowledged", f"{HISTORY}:History.start", "after", "services"),
    Point("temporal-dies-during-push", CONNECTOR, "before", "worker", milestone("push.staged"), kills=("temporal",)),
    Point("run-finish-before-commit", f"{HISTORY}:finish", "after", "services"),
    Point("window-closed-not-acknowledged", CONNECTOR, "before", "worker", meant=milestone("window.closed")),
    Point("run-finished-not-acknowledged", f"{HISTORY}:History.finish", "after", "services"),
    Point("temporal-dies-during-pull", CONNECTOR, "before", "worker", milestone("pull.read"), kills=("temporal",)),
    Point("drift-settled-not-acknowledged", SETTLE, "after", "services"),
    Point("both-die-during-pull", CONNECTOR, "before", "worker", milestone("pull.read"), kills=("services", "worker")),
    Point("recipe-dies", "services.chassis.isolation.wire:pack", "before", "services", kills=("child",)),
    Point("drift-before-settling", SETTLE, "before", "services"),
    Point("pull-spooled", CONNECTOR, "before", "worker", meant=milestone("pull.spooled")),
    Point("notification-before-delivery", f"{WEBHOOK}.deliver", "before", "services"),
    Point("recipe-done-not-stored", "services.transform.computing:Computing._keep", "before", "services"),
    Point("notification-delivered-not-noted", f"{WEBHOOK}.deliver", "after", "services"),
    Point("watch-seen-not-committed", CONNECTOR, "before", "services", meant=milestone("watch.seen"), way="watch"),
)

# Past the last look at whether anybody still wants this: only the destination can say no from here on.
PUSH_TO_BEGIN = Point(
    "push-to-begin", "services.connector.destinations.postgres:PostgresDestination._load", "before", "worker"
)
PUSH_TO_COMMIT = Point(
    "push-to-commit",
    "services.connector.progress:Progress.reached",
    "after",
    "worker",
    meant=milestone("push.before_commit"),
)
UNDO_TO_COMMIT = Point("undo-to-commit", CONNECTOR, "before", "worker", meant=milestone("undo.before_commit"))
UNDO_COMMITTED = Point("undo-committed", CONNECTOR, "before", "worker", meant=milestone("undo.after_commit"))
UNDO_WITHOUT_SERVER = Point(
    "undo-without-server", CONNECTOR, "before", "worker", milestone("undo.before_commit"), kills=("postgres",)
)
PUSH_COMMITTED = Point("push-committed", CONNECTOR, "before", "worker", meant=milestone("push.after_commit"))
PUSH_FENCED = Point("push-fenced", f"{LEDGER}:Fence.pass_", "raised", "worker")
EVENTS_UNPUBLISHED = Point(
    "events-unpublished", "tests.faults.removals:publish_late", "before", "services", meant=tells_of(ObjectSeen)
)
DRIFT = "services.schema_drift.activities:SchemaDriftActivities"
HEALING = (
    Point("proved-not-acknowledged", "services.transform.activities:TransformActivities.prove", "after", "services"),
    Point("judged-not-acknowledged", f"{DRIFT}.judge", "after", "services"),
    Point(
        "published-not-recorded",
        "services.module_registry.activities:ModuleRegistryActivities.publish",
        "after",
        "services",
    ),
    Point("adaptation-before-recording", f"{DRIFT}.record_adaptation", "before", "services"),
    Point("adaptation-recorded-not-acknowledged", f"{DRIFT}.record_adaptation", "after", "services"),
)
# What single tests lay on their own.
UNDOING = (UNDO_TO_COMMIT, UNDO_COMMITTED, UNDO_WITHOUT_SERVER)
OTHERS = (PUSH_TO_BEGIN, PUSH_TO_COMMIT, PUSH_COMMITTED, PUSH_FENCED, EVENTS_UNPUBLISHED, *UNDOING, *HEALING)
