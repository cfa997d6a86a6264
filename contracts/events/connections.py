"""Facts about connections and the objects seen through them: topics `connections` and `objects`."""

from datetime import datetime
from uuid import UUID

from contracts.data import Contract, ObjectVersion


class ConnectionCreated(Contract):
    """A connection was made."""

    connection_id: UUID
    name: str
    connection_kind: str


class ConnectionUpdated(Contract):
    """A connection's settings or secrets changed."""

    connection_id: UUID
    name: str
    connection_kind: str
    secrets_changed: bool


class ConnectionDeleted(Contract):
    """A connection was removed."""

    connection_id: UUID
    name: str


class ObjectSeen(Contract):
    """The listing watch of a trigger saw an object version for the first time."""

    trigger_id: UUID
    workflow_id: UUID
    object: ObjectVersion
    seen_at: datetime


class WindowCommitted(Contract):
    """A slice of a source was loaded and is closed for good."""

    window_id: UUID
    workflow_id: UUID
    run_id: UUID
    stream: str
    rows: int
