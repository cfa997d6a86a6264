"""Facts about sessions: topic `sessions`."""

from typing import Any, Literal
from uuid import UUID

from contracts.data import Contract


class SessionCreated(Contract):
    """Somebody opened a session on a source; its data is still to be pulled."""

    session_id: UUID
    connection: str
    selection: dict[str, Any]
    created_by: UUID


class SessionOpened(Contract):
    """The session's first node has its data."""

    session_id: UUID
    node_id: UUID
    rows: int
    fingerprint: str


class SessionFailed(Contract):
    """The session's data could not be pulled."""

    session_id: UUID
    code: str
    message: str


class NodeAdded(Contract):
    """Steps were applied to a node and gave a new one."""

    session_id: UUID
    node_id: UUID
    parent_id: UUID
    rows: int


class TaskRequested(Contract):
    """A session has work that takes longer than a request may."""

    session_id: UUID
    task_id: UUID
    kind: str


class TaskFinished(Contract):
    """A session's long work came to its end."""

    session_id: UUID
    task_id: UUID
    kind: str
    state: Literal["done", "failed"]
    node_id: UUID | None = None
    code: str | None = None


class SessionArchived(Contract):
    """A session was put away; it can still be read and brought back."""

    session_id: UUID
    archived_by: UUID


class SessionRestored(Contract):
    """A session that was put away is in use again."""

    session_id: UUID
    restored_by: UUID


class SessionDeleted(Contract):
    """A session is gone with its nodes; by itself some time after it was put away, if nobody is named."""

    session_id: UUID
    deleted_by: UUID | None = None
