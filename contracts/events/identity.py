"""Facts about who may do what: topic `identity`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.data import Contract


class WorkspaceCreated(Contract):
    """A workspace was made."""

    workspace_id: UUID
    name: str
    plan: str | None = None  # None: the installation's default


class WorkspacePlanChanged(Contract):
    """A workspace has another plan: its limits are others from now on."""

    workspace_id: UUID
    plan: str


class CredentialRevoked(Contract):
    """A user's tokens or an API key count no more; services refuse them from now on."""

    kind: Literal["token", "api_key", "user"]
    credential_id: UUID  # the token's id, the key's id, or the user's id
    revoked_at: datetime
    expires_at: datetime | None = None  # after this the credential would have been refused anyway
