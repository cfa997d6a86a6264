"""Rules of notification: they tell what they mean, to their own workspace, and keep their secret."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts.events.notifications import NotificationDelivered
from contracts.permissions import Role
from tests.conformance.webhook_targets import serving
from tests.integration.composed import Composed
from tests.integration.notification.world import (
    dispatching,
    drift,
    finished,
    heard,
    make_rule,
    notifications,
    take,
    until,
)


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
    assert sorted(item["type"] for item in everything) == ["drift.detected.v2", "run.finished.v1", "run.finished.v1"]
    async with dispatching(world):

        async def all_logged() -> bool:
            return len(await notifications(world, state="delivered")) == 5

        await until(all_logged)


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
        ({"channel": {"kind": "webhook"}}, "/channel/url"),
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
