"""Facts about sessions: topic `sessions`."""

from typing import Any
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
