"""The link that lets a person decide is in the message alone: no log, list or table of the platform has it."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from contracts.permissions import Role
from services.chassis.passes import Passes
from services.notification.decision_links import PURPOSE
from tests.conformance.webhook_targets import answer, serving
from tests.integration.composed import Composed
from tests.integration.notification.world import (
    dispatching,
    drift,
    heard,
    make_rule,
    notifications,
    review_opened,
    take,
    until,
)


async def test_the_message_holds_the_link_and_nothing_else_does(world: Composed) -> None:
    takes = asyncio.Event()

    async def behave(request: Any, writer: asyncio.StreamWriter) -> None:
        # A target that says back what it could not take.
        credential = json.loads(request.body)["links"].get("decide", "").rpartition("/")[2]
        await answer(writer, "204 No Content" if takes.is_set() else "500 Oh", credential.encode())

    event = review_opened()
    async with serving(behave) as target, dispatching(world):
        await make_rule(world, url=target.url, events=["drift.review_opened"])
        await take(world, heard(world, event), heard(world, drift()))

        async def tried() -> Any:
            return (await notifications(world))[0]["last_error"]

        assert await until(tried) == "the target answered 500: [secret]"
        takes.set()

        async def arrived() -> list[dict[str, Any]]:
            return await notifications(world, state="delivered")

        found = await until(arrived)
    assert len({request.body for request in target.requests}) == 1
    link = json.loads(target.requests[0].body)["links"]["decide"]
    page, _, credential = link.rpartition("/")
    assert page == f"http://here/drift/reviews/{event.review_id}"
    passes = Passes(world.platforms["notification"].sealer, PURPOSE)
    assert passes.read(credential, event.review_id, datetime.now(UTC)) == world.tenant
    assert passes.read(credential, event.review_id, event.expires_at) is None

    kept = await world.sql("SELECT to_jsonb(d)::text AS row FROM notification.deliveries d")
    kept += await world.sql("SELECT payload::text AS row FROM notification.event_log")
    kept += await world.sql("SELECT payload::text AS row FROM notification.outbox")
    listed = [
        (await world.request("GET", path, role=Role.ANALYST)).text
        for path in ("/api/notifications", f"/api/notifications/{found[0]['id']}", "/api/events")
    ]
    texts = [row["row"] for row in kept] + listed
    assert any(str(event.review_id) in text for text in texts)
    assert [text for text in texts if credential in text] == []
