"""Who is asking: a bearer token or an API key becomes a principal, judged without asking identity each time."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from contracts.permissions import Permission, Role, granted


@dataclass(frozen=True)
class Principal:
    """Somebody who proved who they are."""

    tenant: UUID
    subject: UUID  # the user, or the API key itself
    role: Role
    platform: bool
    credential_id: UUID  # the token's or the key's id: what a revocation names

    def may(self, permission: Permission) -> bool:
        """Whether this principal holds the permission."""
        return granted(self.role, permission, platform=self.platform)


class Authenticator(Protocol):
    """Turns the Authorization header into a principal."""

    async def authenticate(self, authorization: str | None) -> Principal:
        """The principal; raises ProblemError 401 for nobody, 503 when identity is needed and away."""
