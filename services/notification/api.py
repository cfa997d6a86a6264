"""HTTP of notification: rules, notifications, and the event log of the workspace."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from contracts.commands.connector import Problem
from contracts.permissions import Permission
from services.chassis.cursors import number_after
from services.chassis.egress import Egress, EgressRefused, HostUnknown
from services.chassis.http import Page, PageQuery, Paging, ServiceHttp, Who, Work, requires
from services.chassis.problems import invalid, not_found
from services.notification import repository
from services.notification.channels.webhook import UrlInvalid, origin, parse_url
from services.notification.service import EventLog, NewRule, Rules
from services.notification.views import (
    EventView,
    NotificationView,
    Pattern,
    RuleCreated,
    RuleRequest,
    RuleView,
    TestSent,
    WebhookTarget,
    event_view,
    notification_view,
    rule_document,
)

RESOLVE_SECONDS = 5.0


def router(rules: Rules, log: EventLog, egress: Egress, http: ServiceHttp) -> APIRouter:
    """The routes of notification."""
    routes = http.router(prefix="/api", tags=["notifications"])
    reads = [requires(Permission.NOTIFICATIONS_READ)]
    writes = [requires(Permission.NOTIFICATIONS_WRITE)]

    @routes.get("/notification-rules", dependencies=reads)
    async def list_rules(work: Work, paging: PageQuery) -> Page[RuleView]:
        """Rules by name."""
        after = paging.after[0] if paging.after else None
        rows = await repository.list_rules(work, after=after, limit=paging.limit + 1)
        return paging.page([RuleView.model_validate(rule_document(row)) for row in rows], lambda rule: (rule.name,))

    @routes.post("/notification-rules", dependencies=writes, status_code=201)
    async def add_rule(body: RuleRequest, work: Work, who: Who, response: Response) -> RuleCreated:
        """Make a rule. A webhook's signing secret is in this answer and nowhere else."""
        new = NewRule(
            name=body.name,
            events=tuple(body.events),
            where={path: tuple(value) if isinstance(value, list) else (value,) for path, value in body.where.items()},
            channel=body.channel.kind,
            url=body.channel.url if isinstance(body.channel, WebhookTarget) else "",
            target=await _target(body, egress),
        )
        row, secret = await rules.add(work, new, who.subject)
        response.headers["Location"] = f"/api/notification-rules/{body.name}"
        return RuleCreated.model_validate(rule_document(row) | {"secret": secret})

    @routes.get("/notification-rules/{name}", dependencies=reads)
    async def get_rule(name: str, work: Work) -> RuleView:
        """One rule."""
        return RuleView.model_validate(rule_document(await rules.get(work, name)))

    @routes.delete("/notification-rules/{name}", dependencies=writes, status_code=204)
    async def remove_rule(name: str, work: Work) -> None:
        """Remove a rule; what it still owed counts as undelivered."""
        await rules.remove(work, name)

    @routes.post("/notification-rules/{name}:test", dependencies=writes, status_code=202)
    async def test_rule(name: str, work: Work, response: Response) -> TestSent:
        """Send a notification that only says that the rule's channel works."""
        notification = await log.test(work, name)
        response.headers["Location"] = f"/api/notifications/{notification}"
        return TestSent(notification_id=notification)

    @routes.get("/notifications", dependencies=reads)
    async def list_notifications(
        work: Work,
        paging: PageQuery,
        state: Literal["pending", "delivered", "undelivered"] | None = None,
        rule: Annotated[str | None, Query(max_length=100)] = None,
    ) -> Page[NotificationView]:
        """Notifications, newest first."""
        rows = await repository.list_deliveries(
            work, state=state, rule=rule, after=_moment_and_id(paging), limit=paging.limit + 1
        )
        items = [notification_view(row) for row in rows]
        return paging.page(items, lambda item: (item.created_at.isoformat(), item.id))

    @routes.get("/notifications/{notification_id}", dependencies=reads)
    async def get_notification(notification_id: UUID, work: Work) -> NotificationView:
        """One notification and how its delivery stands."""
        row = await repository.get_delivery(work, notification_id)
        if row is None:
            raise not_found()
        return notification_view(row)

    @routes.get("/events", dependencies=[requires(Permission.EVENTS_READ)])
    async def list_events(
        work: Work,
        paging: PageQuery,
        type: Annotated[Pattern | None, Query(description="A type, or a pattern as in rules")] = None,
        run: UUID | None = None,
        after: Annotated[
            int | None, Query(ge=0, le=2**62, description="Only what followed this position, oldest first")
        ] = None,
    ) -> Page[EventView]:
        """What happened in the workspace, newest first; with `after`, oldest first, to follow along."""
        seen = number_after(paging)
        rows = await repository.list_events(
            work,
            pattern=type,
            run_id=run,
            after=None if after is None else max(after, seen or 0),
            before=seen if after is None else None,
            limit=paging.limit + 1,
        )
        return paging.page([event_view(row) for row in rows], lambda event: (event.position,))

    return routes


async def _target(body: RuleRequest, egress: Egress) -> str:
    """What shares the limit of deliveries at once; refuses an address that nothing would be sent to."""
    if not isinstance(body.channel, WebhookTarget):
        return body.channel.kind
    try:
        url = parse_url(body.channel.url)
        async with asyncio.timeout(RESOLVE_SECONDS):
            await asyncio.to_thread(egress.resolve, url.raw_host.decode("ascii"), url.port or 443)
    except UrlInvalid as error:
        raise invalid([Problem(pointer="/channel/url", code="url_invalid", message=str(error))]) from None
    except EgressRefused:
        message = (
            "leads to an address that is not public; the operator can allow its network with MODULARDATA_EGRESS_ALLOW"
        )
        raise invalid([Problem(pointer="/channel/url", code="address_refused", message=message)]) from None
    except (HostUnknown, TimeoutError):
        message = "the host name has no address"
        raise invalid([Problem(pointer="/channel/url", code="host_unknown", message=message)]) from None
    return origin(url)


def _moment_and_id(paging: Paging) -> tuple[datetime, UUID] | None:
    if paging.after is None:
        return None
    try:
        moment, identity = paging.after
        return datetime.fromisoformat(moment), UUID(identity)
    except ValueError:
        message = "not a cursor of this list"
        raise invalid([Problem(pointer="/query/cursor", code="cursor_invalid", message=message)]) from None
