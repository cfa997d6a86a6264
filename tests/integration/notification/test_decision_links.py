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
    echoed: list[bytes] = []

    async def behave(request: Any, writer: asyncio.StreamWriter) -> None:
        # The first answer says the credential back, as a target does that shows what it could not take.
        credential = json.loads(request.body)["links"].get("decide", "").rpartition("/")[2]
        echoed.append(credential.encode())
        await answer(writer, "204 No Content" if len(echoed) > 1 else "500 Oh", credential.encode())

    event = review_opened()
    async with serving(behave) as target, dispatching(world):
        await make_rule(world, url=target.url, events=["drift.review_opened"])
        await take(world, heard(world, event), heard(world, drift()))

        async def arrived() -> list[dict[str, Any]]:
            return await notifications(world, state="delivered")

        found = await until(arrived)
    first, second = target.requests
    assert first.body == second.body
    link = json.loads(second.body)["links"]["decide"]
    page, _, credential = link.rpartition("/")
    assert page == f"http://here/drift/reviews/{event.review_id}"
    passes = Passes(world.platforms["notification"].sealer, PURPOSE)
    assert passes.read(credential, event.review_id, datetime.now(UTC)) == world.tenant
    assert passes.read(credential, event.review_id, event.expires_at) is None

    assert echoed[0].decode() == credential
    assert found[0]["last_error"] in (None, "the target answered 500: [secret]")
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
