"""Rules, notifications and events as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.workflow import Name
from services.notification.rules import PATTERN

Pattern = Annotated[
    str,
    Field(
        pattern=f"^({PATTERN.pattern})$",
        max_length=200,
        description="`*`, `drift.*`, `run.finished` (any version of it) or `run.finished.v1`.",
    ),
]
Path = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+){0,3}$", max_length=200)]
Value = bool | int | float | str | None


class View(BaseModel):
    """Base of what is shown: exactly the declared fields."""

    model_config = ConfigDict(extra="ignore")


class Asked(BaseModel):
    """Base of what is asked for: nothing but the declared fields."""

    model_config = ConfigDict(extra="forbid")


class LogTarget(Asked):
    """A line in the service's log."""

    kind: Literal["log"] = "log"


class WebhookTarget(Asked):
    """A signed POST (Standard Webhooks)."""

    kind: Literal["webhook"] = "webhook"
    url: str = Field(max_length=2_000)


class RuleRequest(Asked):
    """What to tell, and where."""

    name: Name
    events: list[Pattern] = Field(min_length=1, max_length=50)
    where: dict[Path, Value | Annotated[list[Value], Field(min_length=1, max_length=50)]] = Field(
        default_factory=dict,
        max_length=20,
        description="Fields of the event and the value, or the values, they must have: `{outcome: [failed, partial]}`.",
    )
    channel: LogTarget | WebhookTarget = Field(discriminator="kind")


class ChannelView(View):
    """Where it goes."""

    kind: Literal["log", "webhook"]
    url: str | None


class RuleView(View):
    """A rule."""

    id: UUID
    name: str
    events: list[str]
    where: dict[str, list[Value]]
    channel: ChannelView
    created_at: datetime
    created_by: UUID


class RuleCreated(RuleView):
    """A new rule, with the secret its webhooks are signed with; the secret is shown this once."""

    secret: str | None


class TestSent(View):
    """A test notification was made."""

    notification_id: UUID


class NotificationView(View):
    """A notification and how its delivery stands."""

    id: UUID
    rule: str
    type: str
    event_id: UUID
    run_id: UUID | None
    channel: Literal["log", "webhook"]
    state: Literal["pending", "delivered", "undelivered"]
    summary: str
    advice: str
    attempts: int
    last_error: str | None
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


class EventView(View):
    """An event of the workspace. `position` grows; `?after=` a position gives what followed it."""

    position: int
    id: UUID
    type: str
    topic: str
    key: str
    run_id: UUID | None
    time: datetime
    data: dict[str, Any]


def rule_document(row: Any) -> dict[str, Any]:
    """A rule's row as it is shown."""
    return dict(row) | {"channel": {"kind": row["channel"], "url": row["url"] or None}, "secret": None}


def notification_view(row: Any) -> NotificationView:
    """A delivery's row as it is shown."""
    return NotificationView.model_validate(
        dict(row)
        | {
            "summary": row["body"]["summary"],
            "advice": row["body"]["advice"],
            "due_at": row["due_at"] if row["state"] == "pending" else None,
        }
    )


def event_view(row: Any) -> EventView:
    """An event's row as it is shown."""
    return EventView.model_validate(dict(row) | {"id": row["event_id"], "data": row["payload"]})
