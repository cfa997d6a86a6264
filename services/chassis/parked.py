"""Events that were set aside on their way out: the doors through which an operator sees them and sends them again."""

from datetime import datetime
from uuid import UUID

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from contracts.permissions import Permission
from services.chassis.cursors import number_after
from services.chassis.database import Database, outbox_channel
from services.chassis.http import Page, PageQuery, ServiceHttp, requires

ALLOWED = [requires(Permission.PLATFORM_DEAD_LETTERS)]

_LIST = text(
    "SELECT id, event_id, tenant, topic, key, type, coalesce(reason, '') AS reason, octet_length(payload) AS size,"
    " created_at, (SELECT count(*) FROM outbox l WHERE l.topic = o.topic AND l.key = o.key AND l.id > o.id"
    " AND l.status = 'unsent') AS held FROM outbox o WHERE status = 'parked' AND id > :after ORDER BY id LIMIT :limit"
)
# With its old id: what waits behind it in its key goes out after it, as it was committed.
_REQUEUE = text(
    "UPDATE outbox SET status = 'unsent', reason = NULL WHERE id IN (SELECT id FROM outbox WHERE status = 'parked'"
    " AND (CAST(:event AS uuid) IS NULL OR event_id = :event) AND (CAST(:type AS text) IS NULL OR type = :type)"
    " AND (CAST(:topic AS text) IS NULL OR topic = :topic) ORDER BY id LIMIT :limit FOR UPDATE)"
)
_LEFT = text("SELECT count(*) FROM outbox WHERE status = 'parked'")
_NOTIFY = text("SELECT pg_notify(:channel, '')")


class ParkedView(BaseModel):
    """One event that could not be sent, and how many wait behind it because they have the same key."""

    model_config = ConfigDict(extra="forbid")

    id: int
    event_id: UUID
    tenant: UUID
    topic: str
    key: str
    type: str
    reason: str
    size: int
    created_at: datetime
    held: int


class RequeueRequest(BaseModel):
    """Which events are sent again. What is left out matches all."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=10_000, ge=1, le=1_000_000)
    event_id: UUID | None = None
    type: str | None = Field(default=None, max_length=200)
    topic: str | None = Field(default=None, max_length=200)


class RequeueReport(BaseModel):
    """How many are on their way again, and how many stay aside."""

    model_config = ConfigDict(extra="forbid")

    requeued: int
    left: int


def parked_routes(http: ServiceHttp, service: str, database: Database) -> APIRouter:
    """The routes of one service's parked events."""
    router = http.router(f"/api/parked-events/{service}", ["parked events"])

    @router.get("", dependencies=ALLOWED, summary="List parked events")
    async def list_parked(paging: PageQuery) -> Page[ParkedView]:
        """Events of this service that Kafka would not take, oldest first. Later ones of the same key wait for them."""
        async with database.system() as work:
            found = await work.connection.execute(
                _LIST, {"after": number_after(paging) or 0, "limit": paging.limit + 1}
            )
            rows = [ParkedView.model_validate(dict(row)) for row in found.mappings()]
        return paging.page(rows, lambda row: (row.id,))

    @router.post(":requeue", dependencies=ALLOWED, summary="Send parked events again")
    async def requeue(request: RequeueRequest) -> RequeueReport:
        """Let the relay try again, once what was in the way is mended; what still cannot be sent is parked anew."""
        wanted = {"event": request.event_id, "type": request.type, "topic": request.topic, "limit": request.limit}
        async with database.system() as work:
            done = (await work.connection.execute(_REQUEUE, wanted)).rowcount
            left = int((await work.connection.execute(_LEFT)).scalar_one())
            await work.connection.execute(_NOTIFY, {"channel": outbox_channel(service)})
        structlog.get_logger().warning("parked_events_requeued", service=service, requeued=done, left=left)
        return RequeueReport(requeued=done, left=left)

    return router
