"""notification on real PostgreSQL and Kafka: the log is complete, rules owe once, deliveries end."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import svix.webhooks
from sqlalchemy import text

from contracts.catalog import type_of
from contracts.data import Contract
from contracts.envelope import Envelope
from contracts.events.drift import DriftDetected
from contracts.events.modules import ModuleVersionPublished
from contracts.events.notifications import NotificationDelivered
from contracts.events.runs import RunFinished
from contracts.permissions import Role
from contracts.topics import topic_of
from deploy.local.state import State
from services.chassis.consumer import Consumer
from services.chassis.egress import Egress
from services.chassis.errors import TransientError
from services.chassis.ids import SystemIds
from services.chassis.outbox import Relay
from services.chassis.producer import Producer
from services.chassis.topics import ensure_topics
from services.notification.channels.channel import Channel, Delivered, Notification, Outcome, Target
from services.notification.channels.log import LogChannel
from services.notification.channels.webhook import WebhookChannel, WebhookLimits
from services.notification.dispatch import Dispatcher, Janitor
from services.notification.service import EventLog
from services.notification.settings import NotificationSettings
from tests.conformance.webhook_targets import answer, says, serving
from tests.integration.composed import PASSWORDS, Composed, composed

LOOPBACK = (ip_network("127.0.0.0/8"),)
QUICK = NotificationSettings(poll_seconds=0.05, retry_base_seconds=0.1, retry_most_seconds=0.2)


class MovableClock:
    """A clock that a test can set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def world(servers: State, admin_url: str, tmp_path: Path, clock: MovableClock) -> AsyncIterator[Composed]:
    async with composed(
        ["notification"], tmp_path, servers, admin_url, clock=clock, egress_allow="127.0.0.0/8"
    ) as made:
        yield made


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> Any:
    """Wait until something is true, and give it back."""
    deadline = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def dispatching(
    world: Composed, settings: NotificationSettings = QUICK, channel: Channel | None = None
) -> AsyncIterator[None]:
    platform = world.platforms["notification"]
    webhook = channel or WebhookChannel(Egress(LOOPBACK), platform.clock, platform.scrubber, WebhookLimits(1.0, 2.0))
    dispatcher = Dispatcher(
        platform.database,
        {"log": LogChannel(), "webhook": webhook},
        platform.sealer,
        platform.clock,
        settings,
        lambda: 0.5,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def heard(world: Composed, event: Contract, **changes: Any) -> tuple[Envelope, Contract]:
    values = {
        "id": SystemIds().new(),
        "source": "/services/any",
        "type": type_of(event),
        "subject": "key",
        "time": world.foundation.clock.now(),
        "tenant": world.tenant,
        "run": uuid4(),
    }
    return Envelope(**(values | changes)), event


async def take(world: Composed, *events: tuple[Envelope, Contract]) -> None:
    log = EventLog("http://here")
    async with world.platforms["notification"].database.work(world.tenant) as work:
        await log.take(work, events)


def finished(outcome: str = "succeeded", workflow: str = "flights") -> RunFinished:
    return RunFinished.model_validate(
        {
            "run_id": uuid4(),
            "workflow_id": uuid4(),
            "workflow": workflow,
            "outcome": outcome,
            "books": {"read": 3, "loaded": 3},
            "finished_at": datetime.now(UTC),
        }
    )


def drift() -> DriftDetected:
    return DriftDetected.model_validate(
        {
            "report_id": uuid4(),
            "run_id": uuid4(),
            "workflow_id": uuid4(),
            "workflow": "flights",
            "module": "clean-flights",
            "stream": "main",
            "decision": "quarantine",
            "changes": [{"kind": "renamed", "column": "dep_delay", "became": "departure_delay", "confidence": 0.9}],
            "summary": "Column `dep_delay` is gone; `departure_delay` looks like it (name 0.87, type fits).",
            "advice": "Rename it back and release the file.",
        }
    )


async def make_rule(world: Composed, name: str = "tell", url: str | None = None, **changes: Any) -> dict[str, Any]:
    channel = {"kind": "webhook", "url": url} if url else {"kind": "log"}
    body = {"name": name, "events": ["drift.detected"], "channel": channel} | changes
    made = await world.request("POST", "/api/notification-rules", json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def notifications(world: Composed, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.request("GET", "/api/notifications", params=query)).json()["items"]
    return items


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
    assert body["type"] == "drift.detected.v1"
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
        "drift.detected.v1",
        "notification.delivered.v1",
        "run.finished.v1",
    ]


async def test_a_replay_sends_nothing_twice(world: Composed) -> None:
    async with serving() as target, dispatching(world):
        await make_rule(world, url=target.url)
        events = [heard(world, drift()) for _ in range(40)]
        await take(world, *events)

        async def all_arrived() -> bool:
            return len(await notifications(world, state="delivered", rule="tell")) == 40

        await until(all_arrived)
        # As if the inbox had forgotten everything: the log and the deliveries themselves know.
        for event in events:
            await take(world, event)
        await take(world, *events)
        late = heard(world, drift())
        await take(world, late)

        async def late_arrived() -> bool:
            return len(target.requests) >= 41

        await until(late_arrived)
    ids = [request.headers["webhook-id"] for request in target.requests]
    assert len(ids) == len(set(ids)) == 41
    rows = await world.sql("SELECT count(*) AS n FROM notification.event_log WHERE tenant = $1", world.tenant)
    assert rows[0]["n"] == 41


class Forgetful(EventLog):
    """The event log without the stable identity of notifications."""

    def _delivery(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        return super()._delivery(*arguments, **named) | {"id": uuid4()}


async def test_without_a_stable_identity_a_replay_sends_twice(world: Composed) -> None:
    """The same story seen red."""
    await make_rule(world)
    event = heard(world, drift())
    for log in (EventLog("http://here"), EventLog("http://here"), Forgetful("http://here"), Forgetful("http://here")):
        async with world.platforms["notification"].database.work(world.tenant) as work:
            await log.take(work, [event])
    assert len(await notifications(world)) == 3


async def test_rules_tell_what_they_mean_and_nothing_else(world: Composed) -> None:
    await make_rule(world, "failures", events=["run.finished"], where={"outcome": ["failed", "partial"]})
    await make_rule(world, "everything", events=["*"], where={"workflow": "flights"})
    await take(
        world,
        heard(world, finished("failed")),
        heard(world, finished("succeeded")),
        heard(world, finished("partial", "other")),
        heard(world, drift()),
        heard(
            world,
            NotificationDelivered(notification_id=uuid4(), rule="x", channel="log", attempts=1),
        ),
        heard(world, finished("failed"), time=datetime(2020, 1, 1, tzinfo=UTC)),
    )
    failures = await notifications(world, rule="failures")
    everything = await notifications(world, rule="everything")
    assert len(failures) == 2
    assert sorted(item["type"] for item in everything) == ["drift.detected.v1", "run.finished.v1", "run.finished.v1"]
    async with dispatching(world):

        async def all_logged() -> bool:
            return len(await notifications(world, state="delivered")) == 5

        await until(all_logged)


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
    dying = Dispatcher(platform.database, {"webhook": dead}, platform.sealer, clock, QUICK, lambda: 0.5)
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


async def test_a_secret_is_shown_once_and_sealed(world: Composed) -> None:
    body = {"name": "tell", "events": ["*"], "channel": {"kind": "webhook", "url": "http://127.0.0.1:1/"}}
    made = await world.request("POST", "/api/notification-rules", json=body, headers={"Idempotency-Key": "k"})
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    again = await world.request("POST", "/api/notification-rules", json=body, headers={"Idempotency-Key": "k"})
    assert again.json() == made.json()
    assert (await world.request("POST", "/api/notification-rules", json=body)).json()["code"] == "name_taken"
    for path in ("/api/notification-rules", "/api/notification-rules/tell"):
        assert secret not in (await world.request("GET", path)).text
    rows = await world.sql("SELECT rules::text AS text FROM notification.rules")
    assert secret.removeprefix("whsec_") not in rows[0]["text"]
    dump = await world.sql("SELECT idempotency::text AS text FROM notification.idempotency")
    assert secret.removeprefix("whsec_") not in dump[0]["text"]
    # A sealed secret moved to another rule does not open: nothing is signed with it.
    await make_rule(world, "other", url="http://127.0.0.1:1/")
    await world.sql(
        "UPDATE notification.rules SET secret = (SELECT secret FROM notification.rules WHERE name = 'tell')"
        " WHERE name = 'other'"
    )
    await take(world, heard(world, drift()))
    async with dispatching(world):

        async def given_up() -> list[dict[str, Any]]:
            return await notifications(world, state="undelivered", rule="other")

        assert (await until(given_up))[0]["last_error"].startswith("the rule's secret cannot be opened")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "Not A Name"}, "/name"),
        ({"events": []}, "/events"),
        ({"events": ["run.finnished"]}, "/events/0"),
        ({"events": ["*", "notification.*"]}, "/events/1"),
        ({"events": ["run finished"]}, "/events/0"),
        ({"where": {"a b": 1}}, "/where/a b/[key]"),
        ({"where": {"a": {}}}, None),
        ({"channel": {"kind": "pigeon"}}, "/channel"),
        ({"channel": {"kind": "webhook"}}, "/channel/webhook/url"),
        ({"channel": {"kind": "webhook", "url": "ftp://x/"}}, "/channel/url"),
        ({"channel": {"kind": "webhook", "url": "http://u:p@127.0.0.1/"}}, "/channel/url"),
        ({"channel": {"kind": "webhook", "url": "http://10.0.0.1/"}}, "/channel/url"),
        ({"channel": {"kind": "webhook", "url": "http://169.254.169.254/latest/meta-data"}}, "/channel/url"),
        ({"channel": {"kind": "webhook", "url": "http://nowhere.invalid/"}}, "/channel/url"),
        ({"is_admin": True}, "/is_admin"),
    ],
)
async def test_a_wrong_rule_is_refused_with_its_place(
    world: Composed, change: dict[str, Any], pointer: str | None
) -> None:
    body = {"name": "tell", "events": ["*"], "channel": {"kind": "log"}} | change
    answer = await world.request("POST", "/api/notification-rules", json=body)
    assert answer.status_code == 422, answer.text
    if pointer is not None:
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await world.request("GET", "/api/notification-rules")).json()["items"] == []


async def test_the_log_is_read_page_by_page_backwards_and_followed_forwards(world: Composed) -> None:
    run = uuid4()
    for number in range(7):
        envelope, event = heard(world, finished(workflow=f"w{number}"), **({"run": run} if number % 2 else {}))
        await take(world, (envelope, event))

    async def read(path: str) -> list[str]:
        found, cursor = [], ""
        while True:
            page = (await world.request("GET", f"/api/events?limit=3{path}{cursor}")).json()
            found += [item["data"]["workflow"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    assert await read("") == [f"w{n}" for n in range(6, -1, -1)]
    assert await read("&after=0") == [f"w{n}" for n in range(7)]
    assert await read(f"&run={run}") == ["w5", "w3", "w1"]
    assert await read(f"&run={run}&after=0") == ["w1", "w3", "w5"]
    assert len(await read("&type=run.*")) == len(await read("&type=run.finished")) == 7
    assert len(await read("&type=run.finished.v1")) == 7
    assert await read("&type=drift.*") == []
    third = (await world.request("GET", "/api/events?after=0&limit=3")).json()["items"][2]["position"]
    assert await read(f"&after={third}") == ["w3", "w4", "w5", "w6"]
    for wrong in ("type=nonsense", "after=-1", "run=x", "cursor=!!", "unknown=1"):
        assert (await world.request("GET", f"/api/events?{wrong}")).status_code == 422, wrong


async def test_positions_become_visible_in_their_order(world: Composed) -> None:
    """A follower that reads on from the last position it saw misses nothing, however many write at once."""
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        last = 0
        while True:
            ended = done.is_set()
            page = (await world.request("GET", f"/api/events?after={last}&limit=500")).json()["items"]
            seen.extend(item["position"] for item in page)
            last = seen[-1] if seen else 0
            if ended and not page:
                return

    async def write() -> None:
        for _ in range(15):
            await take(world, heard(world, finished()), heard(world, finished()))

    follower = asyncio.create_task(follow())
    await asyncio.gather(*(write() for _ in range(4)))
    done.set()
    await follower
    assert len(seen) == len(set(seen)) == 120
    assert seen == sorted(seen)


async def test_who_writes_later_waits_for_who_wrote_first(world: Composed) -> None:
    """Positions are given out when a transaction writes, and seen when it commits: these must be the same order."""
    database, log = world.platforms["notification"].database, EventLog("http://here")
    async with database.work(world.tenant) as first:
        await log.take(first, [heard(world, finished(workflow="first"))])
        second = asyncio.create_task(take(world, heard(world, finished(workflow="second"))))
        done, _ = await asyncio.wait({second}, timeout=0.3)
        assert not done
        # Another workspace does not wait.
        other = uuid4()
        async with database.work(other) as work:
            await log.take(work, [heard(world, finished(), tenant=other)])
    await second
    items = (await world.request("GET", "/api/events?after=0")).json()["items"]
    assert [item["data"]["workflow"] for item in items] == ["first", "second"]


async def test_a_lock_that_somebody_holds_is_the_worlds_fault(world: Composed) -> None:
    """A process that stands still in its transaction must not turn the events of others into dead letters."""
    database, log = world.platforms["notification"].database, EventLog("http://here")
    async with database.work(world.tenant) as stopped:
        await log.take(stopped, [heard(world, finished())])

        async def impatient() -> None:
            async with database.work(world.tenant) as work:
                await work.connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
                await log.take(work, [heard(world, finished())])

        with pytest.raises(TransientError):
            await impatient()


async def test_many_events_at_once_are_quick(world: Composed) -> None:
    published = ModuleVersionPublished(
        module_id=uuid4(),
        name="m",
        version=1,
        content_hash="0" * 64,
        input_fingerprint="",
        output_fingerprint="",
        current=True,
    )
    events = [heard(world, published) for _ in range(1_000)]
    began = time.monotonic()
    await take(world, *events)
    assert time.monotonic() - began < 5
    rows = await world.sql("SELECT count(*) AS n FROM notification.event_log WHERE tenant = $1", world.tenant)
    assert rows[0]["n"] == 1_000


async def test_workspaces_do_not_hear_of_each_other(world: Composed) -> None:
    await make_rule(world)
    await take(world, heard(world, drift()))
    (mine,) = await notifications(world)
    stranger = uuid4()
    for path in ("/api/notification-rules", "/api/notifications", "/api/events", "/api/events?after=0"):
        assert (await world.request("GET", path, tenant=stranger)).json()["items"] == []
        assert (await world.request("GET", path)).json()["items"] != []
    unknown = await world.request("GET", f"/api/notifications/{uuid4()}", tenant=stranger)
    known = await world.request("GET", f"/api/notifications/{mine['id']}", tenant=stranger)
    assert (known.status_code, known.content) == (404, unknown.content)
    for method, path in (
        ("GET", "/api/notification-rules/tell"),
        ("DELETE", "/api/notification-rules/tell"),
        ("POST", "/api/notification-rules/tell:test"),
    ):
        assert (await world.request(method, path, tenant=stranger)).status_code == 404
    assert (await world.request("GET", "/api/notification-rules/tell")).status_code == 200


async def test_a_test_goes_the_ordinary_way(world: Composed) -> None:
    async with serving() as target, dispatching(world):
        await make_rule(world, url=target.url)
        sent = await world.request("POST", "/api/notification-rules/tell:test")
        assert sent.status_code == 202
        assert sent.headers["location"] == f"/api/notifications/{sent.json()['notification_id']}"

        async def arrived() -> list[dict[str, Any]]:
            return await notifications(world, state="delivered")

        await until(arrived)
    assert json.loads(target.requests[0].body)["summary"] == "This is a test of the rule tell."


@pytest.mark.parametrize(
    ("role", "status"), [(Role.ANALYST, 403), (Role.SERVICE, 403), (Role.OPERATOR, 201), (Role.DEVELOPER, 201)]
)
async def test_who_may_make_rules(world: Composed, role: Role, status: int) -> None:
    body = {"name": "tell", "events": ["*"], "channel": {"kind": "log"}}
    assert (await world.request("POST", "/api/notification-rules", json=body, role=role)).status_code == status
    assert (await world.request("GET", "/api/notification-rules", role=role)).status_code == 200


async def test_what_is_old_is_forgotten_and_what_is_owed_is_not(world: Composed, clock: MovableClock) -> None:
    await make_rule(world)
    await take(world, heard(world, drift()))
    async with dispatching(world):

        async def arrived() -> list[dict[str, Any]]:
            return await notifications(world, state="delivered")

        await until(arrived)
    await take(world, heard(world, drift()))
    janitor = Janitor(world.platforms["notification"].database, clock, timedelta(days=90))
    assert await janitor.sweep() == 0
    clock.ahead = timedelta(days=91)
    assert await janitor.sweep() == 3
    assert [item["state"] for item in await notifications(world)] == ["pending"]
    assert (await world.request("GET", "/api/events")).json()["items"] == []
