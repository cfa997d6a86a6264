"""The doors to a service's dead letters, for those who operate the installation."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from contracts.permissions import Permission
from services.chassis.dead_letter_topic import Match, list_dead_letters, replay_dead_letters
from services.chassis.http import ServiceHttp, requires
from services.chassis.producer import Producer

ALLOWED = [requires(Permission.PLATFORM_DEAD_LETTERS)]


class DeadLetterView(BaseModel):
    """One message that was set aside. Its bytes stay in the dead-letter topic."""

    model_config = ConfigDict(extra="forbid")

    offset: int
    reason: str
    kind: str
    at: datetime | None
    topic: str
    partition: int
    source_offset: int
    group: str
    type: str
    event_id: str | None
    tenant: str | None
    key: str | None
    size: int


class DeadLetterPage(BaseModel):
    """Letters that wait, oldest first, and how many there are."""

    model_config = ConfigDict(extra="forbid")

    items: list[DeadLetterView]
    waiting: int
    next_cursor: str | None = None


class ReplayRequest(BaseModel):
    """Which letters go back to their topics. What is left out matches all."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=10_000, ge=1, le=1_000_000)
    kind: str | None = Field(default=None, max_length=100)
    type: str | None = Field(default=None, max_length=200)
    topic: str | None = Field(default=None, max_length=200)
    tenant: str | None = Field(default=None, max_length=36)


class ReplayReport(BaseModel):
    """What a replay did: sent back, kept because it did not match, and still waiting."""

    model_config = ConfigDict(extra="forbid")

    replayed: int
    kept: int
    left: int


def dead_letter_routes(http: ServiceHttp, service: str, kafka: str, producer: Producer, prefix: str = "") -> APIRouter:
    """The routes of one service's dead letters."""
    router = http.router(f"/api/dead-letters/{service}", ["dead letters"])

    @router.get("", dependencies=ALLOWED, summary="List dead letters")
    async def list_letters(
        cursor: Annotated[int, Query(ge=-1, description="next_cursor of the page before")] = -1,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> DeadLetterPage:
        """Messages that this service's consumers could not handle and that were not replayed yet."""
        letters, waiting = await list_dead_letters(kafka, service, after=cursor, limit=limit, prefix=prefix)
        more = len(letters) == limit
        return DeadLetterPage(
            items=[DeadLetterView(**asdict(letter)) for letter in letters],
            waiting=waiting,
            next_cursor=str(letters[-1].offset) if more else None,
        )

    @router.post(":replay", dependencies=ALLOWED, summary="Replay dead letters")
    async def replay(request: ReplayRequest) -> ReplayReport:
        """Send letters back to the topics they came from, with their own bytes; each once."""
        match = Match(kind=request.kind, type=request.type, topic=request.topic, tenant=request.tenant)
        done = await replay_dead_letters(kafka, producer, service, limit=request.limit, match=match, prefix=prefix)
        return ReplayReport(**asdict(done))

    return router
