"""Idempotency-Key: the same request again gets the same answer, and has no second effect."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from services.chassis.database import Database, UnitOfWork
from services.chassis.problems import ProblemError, bad_request, conflict
from services.chassis.sealing import Sealer

KEEP = timedelta(hours=25)  # 24 are promised
MAX_KEY = 255

_LOCK = text("SELECT pg_try_advisory_xact_lock(:lock)")
_FIND = text("SELECT body_hash, status, headers, body FROM idempotency WHERE route = :route AND key = :key")
_KEEP = text(
    "INSERT INTO idempotency (tenant, route, key, body_hash, status, headers, body, created_at)"
    " VALUES (:tenant, :route, :key, :body_hash, :status, CAST(:headers AS jsonb), :body, :created_at)"
)
_FORGET = text("DELETE FROM idempotency WHERE created_at < :before")


@dataclass(frozen=True)
class Stored:
    """An answer that was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_key(values: Sequence[str]) -> str | None:
    """The key of a request's header; raises 400 for one that is no key."""
    if not values:
        return None
    key = values[0]
    if len(values) > 1 or not key.strip() or len(key) > MAX_KEY or not (key.isascii() and key.isprintable()):
        raise bad_request(
            "idempotency_key_invalid", f"Idempotency-Key is one text of 1 to {MAX_KEY} printable letters."
        )
    return key


def fingerprint(subject: UUID, path: str, query: str, body: bytes) -> str:
    """What makes two requests the same: who asks, for what, and the bytes sent."""
    digest = hashlib.sha256()
    for part in (str(subject).encode(), path.encode(), query.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class Idempotency:
    """The stored answers of one service, sealed: an answer may hold a key that is shown only once."""

    def __init__(self, service: str, sealer: Sealer) -> None:
        self._service = service
        self._sealer = sealer

    async def claim(self, work: UnitOfWork, route: str, key: str, digest: str) -> Stored | None:
        """The answer given before, or None with the key locked until this transaction ends.

        Raises 409 while another request with the key is under way, 422 when the key belonged to another request.
        """
        name = f"{self._service}\n{work.tenant}\n{route}\n{key}"
        lock = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        if not (await work.connection.execute(_LOCK, {"lock": lock})).scalar_one():
            problem = conflict("A request with this Idempotency-Key is under way.", "idempotency_in_flight")
            problem.headers["Retry-After"] = "1"
            raise problem
        row = (await work.connection.execute(_FIND, {"route": route, "key": key})).one_or_none()
        if row is None:
            return None
        if row.body_hash != digest:
            detail = "This Idempotency-Key was used for another request."
            raise ProblemError(422, "idempotency_key_reused", detail)
        body = self._sealer.open(row.body, self._context(work, route, key))
        return Stored(row.status, row.headers, body)

    async def keep(self, work: UnitOfWork, route: str, key: str, digest: str, stored: Stored) -> None:
        """Store the answer in the transaction of the effect."""
        values = {
            "tenant": work.tenant,
            "route": route,
            "key": key,
            "body_hash": digest,
            "status": stored.status,
            "headers": json.dumps(dict(stored.headers)),
            "body": self._sealer.seal(stored.body, self._context(work, route, key)),
            "created_at": work.clock.now(),
        }
        await work.connection.execute(_KEEP, values)

    def _context(self, work: UnitOfWork, route: str, key: str) -> tuple[str, ...]:
        return ("idempotency", self._service, str(work.tenant), route, key)


class Janitor:
    """Forgets answers that are older than what is promised."""

    def __init__(self, database: Database, every: timedelta = timedelta(minutes=10)) -> None:
        self._database = database
        self._every = every

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep now and then until the stop event is set."""
        while not stop.is_set():
            await self.sweep()
            try:
                await asyncio.wait_for(stop.wait(), self._every.total_seconds())
            except TimeoutError:
                continue

    async def sweep(self) -> int:
        """Forget what is too old; returns how many."""
        async with self._database.system() as work:
            result = await work.connection.execute(_FORGET, {"before": work.clock.now() - KEEP})
            return result.rowcount
