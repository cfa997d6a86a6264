"""Use cases of identity: who works here, what they prove it with, and what counts no more."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from contracts.events.identity import CredentialRevoked, WorkspaceCreated, WorkspacePlanChanged
from contracts.permissions import Role
from services.chassis.auth import Principal
from services.chassis.clock import Clock
from services.chassis.database import Database, SystemWork, UnitOfWork
from services.chassis.ids import Ids
from services.chassis.problems import conflict, forbidden, not_found, too_many, unauthorized
from services.chassis.tokens import AUDIENCE, ISSUER, Claims
from services.identity import keys, repository
from services.identity.passwords import Passwords, check_policy
from services.identity.settings import IdentitySettings
from services.identity.signing import Signer

_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Token:
    """A signed token and the seconds it lives."""

    text: str
    seconds: int


@dataclass(frozen=True)
class Founded:
    """A workspace that was just made."""

    workspace: UUID
    user: UUID
    api_key: str


class Identity:
    """What identity does."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        passwords: Passwords,
        clock: Clock,
        ids: Ids,
        settings: IdentitySettings,
        setup_secret: str | None,
    ) -> None:
        self._database = database
        self._signer = signer
        self._passwords = passwords
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._setup_secret = setup_secret

    # The installation

    async def setup_is_open(self) -> bool:
        """Whether the installation still waits for its first workspace."""
        if self._setup_secret is None:
            return False
        async with self._database.system() as work:
            return not await repository.is_set_up(work)

    async def set_up(self, secret: str, workspace: str, email: str, password: str) -> Founded:
        """Make the first workspace, its admin and a key, once; the admin operates the installation, too."""
        if self._setup_secret is None:
            raise not_found()
        if not hmac.compare_digest(secret.encode(), self._setup_secret.encode()):
            raise unauthorized("This needs the set-up secret.")
        check_policy(password, email)
        hashed = await self._passwords.hash(password)
        async with self._database.system() as system:
            if not await repository.mark_set_up(system):
                raise not_found()
            work = await system.as_tenant(self._ids.new())
            user = await self._found(work, workspace, email, hashed, platform=True)
            made = await self._add_key(work, user, "first key", Role.ADMIN, platform=True)
            return Founded(work.tenant, user, made[1])

    async def create_workspace(
        self, work: UnitOfWork, who: Principal, name: str, email: str, password: str, plan: str | None
    ) -> tuple[UUID, UUID]:
        """Make another workspace and its admin, in the caller's transaction; returns the two ids."""
        check_policy(password, email)
        hashed = await self._passwords.hash(password)
        system = SystemWork(work.connection, work.service, work.clock, work.ids)
        other = await system.as_tenant(self._ids.new())
        user = await self._found(other, name, email, hashed, platform=False, plan=plan)
        await system.as_tenant(work.tenant)
        await repository.note(work, who.subject, "workspace.create", str(other.tenant))
        return other.tenant, user

    async def set_plan(self, work: UnitOfWork, who: Principal, workspace: UUID, plan: str) -> None:
        """Give a workspace another plan, in the caller's transaction; every service hears of it."""
        system = SystemWork(work.connection, work.service, work.clock, work.ids)
        other = await system.as_tenant(workspace)
        if await repository.workspace(other) is None:
            raise not_found()
        if await repository.set_plan(other, plan):
            await other.publish(WorkspacePlanChanged(workspace_id=workspace, plan=plan), key=workspace)
        await system.as_tenant(work.tenant)
        await repository.note(work, who.subject, "workspace.set_plan", str(workspace), plan=plan)

    async def _found(
        self, work: UnitOfWork, name: str, email: str, hashed: str, *, platform: bool, plan: str | None = None
    ) -> UUID:
        await repository.add_workspace(work, name, plan)
        user = self._ids.new()
        if not await repository.add_user(work, user, email, hashed, Role.ADMIN.value, platform):
            raise conflict("This email cannot be used.", "email_taken")
        await work.publish(WorkspaceCreated(workspace_id=work.tenant, name=name, plan=plan), key=work.tenant)
        await repository.note(work, user, "workspace.found", str(work.tenant), name=name)
        return user

    # Tokens

    async def log_in(self, email: str, password: str, address: str) -> Token:
        """A token for a person. An unknown email and a wrong password are the same, in words and in time."""
        origin = hashlib.sha256(f"{email.lower()}\n{address}".encode("utf-8", "surrogatepass")).digest()
        now = self._clock.now()
        since = now - self._settings.login_window
        async with self._database.system() as work:
            failures = await repository.login_failures_since(work, origin, since)
            if len(failures) >= self._settings.login_attempts:
                wait = failures[-self._settings.login_attempts] + self._settings.login_window - now
                raise too_many("Too many failed logins.", retry_after=max(1, ceil(wait.total_seconds())))
            user = await repository.user_by_email(work, email)
        right = await self._passwords.verify(None if user is None else user.password, password)
        async with self._database.system() as work:
            if user is None or not right or user.disabled_at is not None:
                await repository.add_login_failure(work, origin, since)
            else:
                if failures:
                    await repository.clear_login_failures(work, origin)
                await repository.note(await work.as_tenant(user.tenant), user.id, "user.log_in", str(user.id))
        if user is None or not right or user.disabled_at is not None:
            raise unauthorized("The email or the password is wrong.")
        return await self._token(user.tenant, user.id, Role(user.role), user.platform, None)

    async def exchange(self, api_key: str) -> Token:
        """A short token for an API key that counts."""
        id = keys.id_of(api_key)
        if id is None:
            raise unauthorized()
        async with self._database.system() as work:
            row = await repository.key_anywhere(work, id)
            if row is None or not keys.matches(api_key, row.digest) or row.revoked_at is not None:
                raise unauthorized()
            if row.last_used_at is None or self._clock.now() - row.last_used_at > _USED_EVERY:
                await repository.mark_used(work, id)
        return await self._token(row.tenant, row.id, Role(row.role), row.platform, row.id)

    async def log_out(self, work: UnitOfWork, who: Principal) -> UUID:
        """Revoke the token of this request; returns the event that tells everybody."""
        if who.credential_id == who.subject:
            raise conflict("An API key is not logged out; revoke it.", "not_a_token")
        now = self._clock.now()
        await repository.note(work, who.subject, "user.log_out", str(who.credential_id))
        gone = CredentialRevoked(
            kind="token",
            credential_id=who.credential_id,
            revoked_at=now,
            expires_at=now + self._settings.token_life,
        )
        return await work.publish(gone, key=who.credential_id)

    async def _token(self, tenant: UUID, subject: UUID, role: Role, platform: bool, key: UUID | None) -> Token:
        life = self._settings.token_life if key is None else self._settings.key_token_life
        issued = int(self._clock.now().timestamp())
        name = self._ids.new()
        claims = Claims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=subject,
            tenant=tenant,
            role=role,
            platform=platform,
            jti=name,
            cred=key or name,
            iat=issued,
            exp=issued + int(life.total_seconds()),
        )
        return Token(await self._signer.sign(claims), int(life.total_seconds()))

    # API keys

    async def create_key(
        self, work: UnitOfWork, who: Principal, name: str, role: Role, *, platform: bool
    ) -> tuple[Any, str]:
        """Make an API key; returns it as kept, and its text, which nobody can show again."""
        if platform and not who.platform:
            raise forbidden("platform:workspaces")
        return await self._add_key(work, who.subject, name, role, platform=platform)

    async def _add_key(
        self, work: UnitOfWork, actor: UUID, name: str, role: Role, *, platform: bool
    ) -> tuple[Any, str]:
        id = self._ids.new()
        made = keys.make(id)
        values = {
            "id": id,
            "name": name,
            "role": role.value,
            "platform": platform,
            "prefix": made.prefix,
            "digest": made.digest,
            "created_by": actor,
        }
        await repository.add_key(work, values)
        await repository.note(work, actor, "key.create", str(id), name=name, role=role.value, platform=platform)
        return await repository.key(work, id), made.text

    async def revoke_key(self, work: UnitOfWork, who: Principal, id: UUID) -> UUID | None:
        """Revoke a key; returns the event that tells everybody, or None when that was done before."""
        if await repository.key(work, id) is None:
            raise not_found()
        if not await repository.revoke_key(work, id):
            return None
        await repository.note(work, who.subject, "key.revoke", str(id))
        return await self._publish_revoked(work, "api_key", id)

    async def _publish_revoked(self, work: UnitOfWork, kind: Any, id: UUID) -> UUID:
        return await work.publish(CredentialRevoked(kind=kind, credential_id=id, revoked_at=self._clock.now()), key=id)

    # Users

    async def create_user(
        self, work: UnitOfWork, who: Principal, email: str, password: str, role: Role, *, platform: bool
    ) -> Any:
        """Make a user of the workspace."""
        if platform and not who.platform:
            raise forbidden("platform:workspaces")
        check_policy(password, email)
        id = self._ids.new()
        hashed = await self._passwords.hash(password)
        if not await repository.add_user(work, id, email, hashed, role.value, platform):
            raise conflict("This email cannot be used.", "email_taken")
        await repository.note(work, who.subject, "user.create", str(id), role=role.value, platform=platform)
        return await repository.user(work, id)

    async def disable_user(self, work: UnitOfWork, who: Principal, id: UUID) -> Sequence[UUID]:
        """Disable a user and all keys they made; returns the events that tell everybody."""
        if await repository.user(work, id) is None:
            raise not_found()
        if id == who.subject:
            raise conflict("Somebody else has to disable you.", "own_user")
        if not await repository.disable_user(work, id):
            return ()
        revoked = await repository.revoke_keys_of(work, id)
        await repository.note(work, who.subject, "user.disable", str(id), keys=len(revoked))
        events = [await self._publish_revoked(work, "user", id)]
        events += [await self._publish_revoked(work, "api_key", key) for key in revoked]
        return events

    def now(self) -> datetime:
        """The moment."""
        return self._clock.now()
