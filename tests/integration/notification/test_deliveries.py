"""What is owed is delivered, over real servers; late targets hold nobody up, and a death leaves the work."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import svix.webhooks

from contracts.topics import topic_of
from deploy.local.state import State
from services.chassis.consumer import Consumer
from services.chassis.outbox import Relay
from services.chassis.producer import Producer
from services.chassis.topics import ensure_topics
from services.notification.channels.channel import Delivered, Notification, Outcome, Target
from services.notification.dispatch import Dispatcher
from services.notification.settings import NotificationSettings
from tests.conformance.webhook_targets import answer, says, serving
from tests.integration.composed import PASSWORDS, Composed
from tests.integration.notification.world import (
    QUICK,
    MovableClock,
    dispatching,
    drift,
    finished,
    heard,
    links_of,
    make_rule,
    notifications,
    take,
    until,
)


async def test_from_kafka_to_a_signed_webhook(world: Composed, servers: State) -> None:
    """The whole way: an event on Kafka, the log, a rule, a delivery, and the fact that it arrived back on Kafka."""
    platform, prefix = world.platforms["notification"], f"n{uuid4().hex[:8]}-"
    await ensure_topics(servers.kafka, prefix=prefix)
    producer = Producer(servers.kafka)
    await producer.start()
    stop = asyncio.Event()
    handlers = world.services["notification"].handlers
    assert handlers is not None
    consumer = Consumer(platform.database, servers.kafka, handlers, producer, prefix=prefix)
    relay = Relay("notification", platform.settings.database_url, PASSWORDS["notification"], producer, prefix=prefix)
    loops = world.services["notification"].loops
    tasks = [asyncio.create_task(part.run(stop)) for part in (consumer, relay, *loops)]
    try:
        async with serving() as target:
            rule = await make_rule(world, url=target.url)
            envelope, event = heard(world, drift())
            message = event.model_dump_json().encode()
            topic = prefix + topic_of(envelope.type).name
            for _ in range(3):  # Kafka delivers at least once
                await producer.send_and_wait(topic, message, envelope.subject.encode(), envelope.to_headers())
            quiet, other = heard(world, finished())
            await producer.send_and_wait(prefix + "runs", other.model_dump_json().encode(), b"key", quiet.to_headers())

            async def told() -> list[dict[str, Any]]:
                found = (await world.request("GET", "/api/events?type=notification.*")).json()["items"]
                return [item for item in found if item["type"] == "notification.delivered.v1"]

            delivered = await until(told)
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        await producer.stop()
    assert len(target.requests) == 1
    request = target.requests[0]
    svix.webhooks.Webhook(rule["secret"]).verify(request.body, request.headers)
    body = json.loads(request.body)
    assert body["type"] == "drift.detected.v2"
    assert "`dep_delay` is gone; `departure_delay` looks like it" in body["summary"]
    assert body["advice"] == "Rename it back and release the file."
    assert body["data"]["changes"][0]["became"] == "departure_delay"
    assert body["links"]["drift_report"].startswith("http://127.0.0.1:8080/api/drift-reports/")
    assert body["tenant"] == str(world.tenant)
    assert delivered[0]["data"] == {
        "notification_id": request.headers["webhook-id"],
        "rule": "tell",
        "channel": "webhook",
        "attempts": 1,
    }
    log = (await world.request("GET", "/api/events?after=0")).json()["items"]
    assert sorted(item["type"] for item in log) == [
        "drift.detected.v2",
        "notification.delivered.v1",
        "run.finished.v1",
    ]


async def test_a_failing_target_is_tried_again_until_it_takes_it(world: Composed) -> None:
    answers = iter(["500 Oh", "503 Busy", "204 No Content"])

    async def behave(_request: Any, writer: asyncio.StreamWriter) -> None:
        await answer(writer, next(answers))

    async with serving(behave) as target, dispatching(world):
        await make_rule(world, url=target.url)
        await take(world, heard(world, drift()))

        async def arrived() -> list[dict[str, Any]]:
            return await notifications(world, state="delivered")

        found = (await until(arrived))[0]
    assert found["attempts"] == 3
    assert len({request.headers["webhook-id"] for request in target.requests}) == 1
    assert len({request.body for request in target.requests}) == 1


async def test_after_the_deadline_it_counts_as_undelivered(world: Composed, clock: MovableClock) -> None:
    async with serving(says("500 Oh", b"no")) as target:
        await make_rule(world, url=target.url)
        await take(world, heard(world, drift()))
        async with dispatching(world, NotificationSettings(poll_seconds=0.05, retry_base_seconds=3600)):

            async def tried() -> bool:
                # Its outcome, not its beginning: the clock must not jump while the first attempt is under way.
                return bool((await notifications(world))[0]["last_error"])

            await until(tried)
            clock.ahead = timedelta(hours=24, seconds=1)

            async def given_up() -> list[dict[str, Any]]:
                return await notifications(world, state="undelivered")

            found = (await until(given_up))[0]
    assert found["last_error"] == "the target answered 500: no"
    assert found["attempts"] == 2
    events = await world.published("notification")
    assert [name for name, _ in events] == ["notification.undelivered.v1"]
    assert events[0][1]["reason"] == "the target answered 500: no"


async def test_what_a_removed_rule_owed_is_undelivered(world: Composed) -> None:
    async with serving() as target:
        await make_rule(world, url=target.url)
        await take(world, heard(world, drift()))
        assert (await world.request("DELETE", "/api/notification-rules/tell")).status_code == 204
        assert (await world.request("DELETE", "/api/notification-rules/tell")).status_code == 404
        async with dispatching(world):

            async def given_up() -> list[dict[str, Any]]:
                return await notifications(world, state="undelivered")

            assert (await until(given_up))[0]["last_error"] == "the rule was removed"
    assert target.requests == []


class Gate:
    """A channel whose slow target waits until it is let go, and which counts who is inside."""

    kind = "webhook"

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.done: list[UUID] = []

    async def deliver(self, notification: Notification, target: Target) -> Outcome:
        self.inside[target.url] = self.inside.get(target.url, 0) + 1
        self.most[target.url] = max(self.most.get(target.url, 0), self.inside[target.url])
        if "slow" in target.url:
            await self.open.wait()
        self.inside[target.url] -= 1
        self.done.append(notification.id)
        return Delivered()


async def test_a_slow_target_does_not_keep_the_others_from_their_turn(world: Composed) -> None:
    slow, fast = "http://127.0.0.1:1/slow", "http://127.0.0.2:1/fast"
    await make_rule(world, "slow", url=slow)
    await make_rule(world, "fast", url=fast)
    await take(world, *(heard(world, drift()) for _ in range(30)))
    gate = Gate()
    async with dispatching(
        world, NotificationSettings(poll_seconds=0.05, at_once=4, at_once_per_target=2), channel=gate
    ):

        async def fast_done() -> bool:
            return len(await notifications(world, state="delivered", rule="fast", limit="100")) == 30

        await until(fast_done)
        assert await notifications(world, state="delivered", rule="slow") == []
        gate.open.set()

        async def slow_done() -> bool:
            return len(await notifications(world, state="delivered", rule="slow", limit="100")) == 30

        await until(slow_done)
    assert gate.most[slow] == 2
    assert gate.most[fast] <= 2
    assert len(gate.done) == len(set(gate.done)) == 60


async def test_without_a_share_for_each_target_the_slow_one_takes_all(world: Composed) -> None:
    """The same story seen red: where a target may have every place, the others get none."""
    slow, fast = "http://127.0.0.1:1/slow", "http://127.0.0.2:1/fast"
    await make_rule(world, "slow", url=slow)
    await make_rule(world, "fast", url=fast)
    await take(world, *(heard(world, drift()) for _ in range(200)))
    gate = Gate()
    async with dispatching(
        world, NotificationSettings(poll_seconds=0.05, at_once=4, at_once_per_target=4), channel=gate
    ):

        async def slow_has_all() -> bool:
            return gate.inside.get(slow) == 4

        await until(slow_has_all)
        before = len(gate.done)
        await take(world, heard(world, drift()))
        assert before < 200
        assert len(gate.done) == before
        gate.open.set()


async def test_two_processes_share_the_work_and_one_that_dies_leaves_it(world: Composed, clock: MovableClock) -> None:
    url = "http://127.0.0.1:1/slow"
    await make_rule(world, url=url)
    await take(world, *(heard(world, drift()) for _ in range(10)))
    dead, left, right = Gate(), Gate(), Gate()
    left.open.set()
    right.open.set()
    platform = world.platforms["notification"]
    dying = Dispatcher(
        platform.database, {"webhook": dead}, platform.sealer, links_of(world), clock, QUICK, lambda: 0.5
    )
    task = asyncio.create_task(dying.run(asyncio.Event()))

    async def taken() -> bool:
        return dead.inside.get(url, 0) == 2

    await until(taken)
    task.cancel()  # as if the process were gone: its leases stay
    await asyncio.gather(task, return_exceptions=True)
    async with dispatching(world, channel=left), dispatching(world, channel=right):

        async def eight() -> bool:
            return len(await notifications(world, state="delivered")) == 8

        await until(eight)
        clock.ahead = timedelta(seconds=61)

        async def ten() -> bool:
            return len(await notifications(world, state="delivered")) == 10

        await until(ten)
    assert dead.done == []
    assert len(left.done + right.done) == len(set(left.done + right.done)) == 10
