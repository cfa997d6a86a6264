"""Triggers at their addresses: signed, fresh, once; and every way to one object version is one run."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID, uuid4

import pytest
from standardwebhooks.webhooks import Webhook

from contracts.data import ObjectVersion
from contracts.events.connections import ObjectSeen
from contracts.events.drift import QuarantineReleased
from contracts.events.sessions import SessionCreated
from contracts.permissions import Role
from deploy.local.state import State
from services.orchestrator.service.hooks import Hooks
from tests.integration.orchestrator.world import World, until, world_of

WATCH = {"kind": "s3_event", "name": "new-files"}
CALL = {"kind": "webhook", "name": "call"}
BODY = b'{"hello": "there"}'


@pytest.fixture
async def world(namespace: State, admin_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, namespace, admin_url) as made:
        yield made


class Sender:
    """Somebody who knows a trigger's address and secret; signs with a library that is not ours."""

    def __init__(self, world: World, trigger: dict[str, Any]) -> None:
        self.world, self.trigger, self.secret = world, trigger, trigger["secret"]
        self.path = "/hooks/" + trigger["id"]

    async def send(
        self, body: bytes = BODY, identity: str | None = None, *, age: float = 0, secret: str | None = None
    ) -> Any:
        identity = identity or f"msg_{uuid4().hex}"
        at = self.world.clock.now() - timedelta(seconds=age)
        headers = {
            "webhook-id": identity,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret or self.secret).sign(identity, at, body.decode()),
        }
        return await self.world.composed.http.post(self.path, content=body, headers=headers)

    async def event(self, *versions: ObjectVersion, name: str = "ObjectCreated:Put") -> Any:
        return await self.send(notification(*versions, name=name))


def notification(*versions: ObjectVersion, name: str = "ObjectCreated:Put") -> bytes:
    records = [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": name,
            "s3": {
                "bucket": {"name": version.bucket},
                "object": {
                    "key": quote_plus(version.key, safe="/"),
                    "size": version.size,
                    "eTag": version.etag,
                    "sequencer": uuid4().hex,
                }
                | ({} if version.version_id is None else {"versionId": version.version_id}),
            },
        }
        for version in versions
    ]
    return json.dumps({"Records": records}).encode()


def february(version_id: str | None = None, etag: str = "e2", key: str = "flights/02.csv") -> ObjectVersion:
    return ObjectVersion(bucket="landing", key=key, etag=etag, size=9, version_id=version_id)


async def sender(world: World, trigger: dict[str, Any]) -> Sender:
    return Sender(world, (await world.apply(triggers=[trigger]))["triggers"][0])


async def saw(world: World, trigger: Sender, version: ObjectVersion, workflow: str) -> None:
    seen = ObjectSeen(
        trigger_id=UUID(trigger.trigger["id"]),
        workflow_id=UUID(workflow),
        object=version,
        seen_at=world.clock.now(),
    )
    await world.hear((world.envelope("object.seen.v1"), seen))


async def workflow_id(world: World) -> str:
    return str((await world.request("GET", "/api/workflows/flights")).json()["id"])


async def window(world: World, run: str) -> Any:
    return (await world.request("GET", f"/api/runs/{run}")).json()["objects"]


async def test_signed_webhook_is_one_run_on_everything_new(world: World) -> None:
    call = await sender(world, CALL)
    answer = await call.send(identity="msg_1")
    assert answer.status_code == 202, answer.text
    (run,) = answer.json()["runs"]
    again = await call.send(identity="msg_1")
    assert (again.status_code, again.json()["runs"], again.json()["repeated"]) == (202, [run], [run])
    other = await call.send(identity="msg_2")
    assert other.json()["runs"] != [run]
    (first, _) = (await world.runs())[::-1]
    assert (first["id"], first["trigger"], first["trigger_id"]) == (run, "webhook", call.trigger["id"])
    assert await window(world, run) is None


async def test_same_id_with_another_body_is_a_conflict(world: World) -> None:
    for kind in (CALL, WATCH):
        there = await sender(world, kind)
        body = notification(february())
        assert (await there.send(body, "msg_1")).status_code == 202
        assert (await there.send(body + b" ", "msg_1")).status_code == 409
    assert len(await world.runs()) == 2


async def test_nothing_is_believed_before_its_signature(world: World) -> None:
    call = await sender(world, CALL)
    headers = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    answers = [
        await world.composed.http.post(call.path, content=BODY),
        await world.composed.http.post(call.path, content=BODY, headers=headers),
        await call.send(age=301),
        await call.send(age=-62),
        await call.send(secret="whsec_" + "A" * 43 + "="),
        # An account is no signature.
        await world.request("POST", call.path, content=BODY),
    ]
    assert [answer.status_code for answer in answers] == [401] * 6
    assert len({answer.content for answer in answers}) == 1
    assert await world.runs() == []
    assert (await call.send(age=299)).status_code == 202


async def test_without_the_signature_anybody_starts_runs(world: World) -> None:
    """The guard, seen red: a receiver that believes everybody."""

    class Credulous(Hooks):
        def _verified(self, work: Any, trigger: Any, headers: Any, body: bytes) -> str:
            return dict(headers)["webhook-id"]

    platform = world.composed.platforms["orchestrator"]
    call = await sender(world, CALL)
    credulous = Credulous(platform.database, platform.sealer)
    forged = await credulous.deliver(UUID(call.trigger["id"]), [("webhook-id", "m")], BODY)
    assert [str(item.run_id) for item in forged.accepted] == [run["id"] for run in await world.runs()]


async def test_unknown_disabled_and_deleted_addresses_answer_alike(world: World) -> None:
    call = await sender(world, CALL)
    unknown = await world.composed.http.post(f"/hooks/{uuid4()}", content=BODY)
    malformed = await world.composed.http.post("/hooks/nothing", content=BODY)
    await world.apply(triggers=[CALL | {"enabled": False}])
    disabled = await call.send()
    await world.request("DELETE", "/api/workflows/flights")
    deleted = await call.send()
    answers = [unknown, malformed, disabled, deleted]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1


async def test_body_over_the_limit_is_refused(world: World) -> None:
    call = await sender(world, CALL)
    assert (await call.send(b"x" * 1_000_001)).status_code == 413


async def test_old_secret_is_taken_until_its_end(world: World) -> None:
    call = await sender(world, CALL)
    old = call.secret
    rotated = await world.request("POST", f"/api/triggers/{call.trigger['id']}:rotate")
    assert rotated.status_code == 200
    new = rotated.json()["secret"]
    assert new != old
    assert [(await call.send(secret=key)).status_code for key in (old, new)] == [202, 202]
    world.clock.ahead = timedelta(hours=23)
    assert (await call.send(secret=old)).status_code == 202
    world.clock.ahead = timedelta(hours=25)
    assert [(await call.send(secret=key)).status_code for key in (old, new)] == [401, 202]
    listed = (await world.request("GET", "/api/triggers")).json()["items"]
    assert [item["secret"] for item in listed] == [None]
    refused = await world.request("POST", f"/api/triggers/{call.trigger['id']}:rotate", role=Role.OPERATOR)
    assert refused.status_code == 403


async def test_secrets_lie_sealed(world: World) -> None:
    call = await sender(world, CALL)
    (row,) = await world.composed.sql("SELECT secret FROM orchestrator.triggers")
    assert call.secret.encode() not in row["secret"]
    other = await sender(world, WATCH)
    await world.composed.sql(
        "UPDATE orchestrator.triggers SET secret = $1 WHERE id = $2", row["secret"], UUID(other.trigger["id"])
    )
    assert (await other.send(secret=call.secret)).status_code >= 400


async def test_event_twice_and_listing_are_one_run_for_that_version(world: World) -> None:
    there = await sender(world, WATCH)
    first, second = await there.event(february()), await there.event(february())
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["runs"] == second.json()["runs"] == second.json()["repeated"]
    await saw(world, there, february(), await workflow_id(world))
    (run,) = await world.runs()
    assert run["trigger"] == "s3_event"
    assert await window(world, run["id"]) == [february().model_dump(mode="json")]


@pytest.mark.parametrize("listing_first", [True, False])
async def test_listing_knows_no_versions_and_is_the_same_run_all_the_same(world: World, listing_first: bool) -> None:
    there = await sender(world, WATCH)
    workflow = await workflow_id(world)
    if listing_first:
        await saw(world, there, february(), workflow)
    answers = [await there.event(february("v1")) for _ in range(2)]
    await saw(world, there, february(), workflow)
    assert len(await world.runs()) == 1
    # The same bytes again are a new version, and a new run.
    again = await there.event(february("v2"))
    assert again.json()["repeated"] == []
    assert again.json()["runs"] != answers[0].json()["runs"]
    assert (await there.event(february("v2"))).json()["repeated"] == again.json()["runs"]
    assert len(await world.runs()) == 2


async def test_events_that_are_not_for_the_trigger_are_ignored_and_told(world: World) -> None:
    there = await sender(world, WATCH)
    test = await there.send(b'{"Event": "s3:TestEvent", "Bucket": "landing"}')
    assert (test.status_code, test.json()["runs"]) == (200, [])
    answer = await there.event(
        february().model_copy(update={"bucket": "forged"}),
        february(key="else/02.csv"),
        february(key="flights/02.csv.tmp"),
        february().model_copy(update={"size": 0}),
    )
    assert answer.status_code == 202
    assert [item["reason"] for item in answer.json()["ignored"]] == [
        "other_bucket",
        "outside_path",
        "outside_path",
        "empty",
    ]
    removed = await there.event(february(), name="ObjectRemoved:Delete")
    assert [item["reason"] for item in removed.json()["ignored"]] == ["other_event"]
    assert (await there.send(b"no json")).status_code == 400
    assert (await there.send(b"{}")).status_code == 422
    assert await world.runs() == []


async def test_encoded_key_names_the_object_it_means(world: World) -> None:
    there = Sender(
        world,
        (await world.apply(triggers=[WATCH], source={"connection": "landing", "selection": {"path": "a+b c,d/*.csv"}}))[
            "triggers"
        ][0],
    )
    body = notification(february(key="a+b c,d/é%.csv"))
    assert b"a%2Bb+c%2Cd/%C3%A9%25.csv" in body
    (run,) = (await there.send(body)).json()["runs"]
    assert [item["key"] for item in await window(world, run)] == ["a+b c,d/é%.csv"]


async def test_fifty_equal_triggers_at_once_are_one_run(world: World) -> None:
    there = await sender(world, WATCH)
    workflow = await workflow_id(world)

    async def insisted(send: Callable[[], Awaitable[Any]]) -> Any:
        # So many for a pool of a few connections: one that is told to come again comes again, as any sender does.
        for _ in range(50):
            answer = await send()
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.2)
        return answer

    answers = await asyncio.gather(*(insisted(lambda: there.event(february())) for _ in range(25)))
    await asyncio.gather(*(saw(world, there, february(), workflow) for _ in range(25)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({tuple(answer.json()["runs"]) for answer in answers}) == 1
    call = await sender(world, CALL)
    answers = await asyncio.gather(*(insisted(lambda: call.send(identity="msg_1")) for _ in range(50)))
    assert len({tuple(answer.json()["runs"]) for answer in answers}) == 1
    assert sum(not answer.json()["repeated"] for answer in answers) == 1
    found = await world.runs()
    assert len(found) == 2
    # Whoever hears of them, and however often: each is executed once.
    for _ in range(3):
        assert await world.hear_own() == 2
    for run in found:
        assert (await world.ended(run["id"]))["state"] == "succeeded"
    assert len(world.services.named("connector.push")) == 2


async def test_same_idempotency_key_is_the_same_run(world: World) -> None:
    await world.apply()
    path, headers = "/api/workflows/flights/runs", {"Idempotency-Key": "k1"}
    first = await world.request("POST", path, headers=headers)
    assert (first.status_code, first.headers["location"]) == (202, f"/api/runs/{first.json()['id']}")
    again = await world.request("POST", path, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    assert (await world.request("POST", path)).json()["id"] != first.json()["id"]
    # Also when the stored answer was forgotten meanwhile.
    await world.composed.sql("DELETE FROM orchestrator.idempotency")
    forgotten = await world.request("POST", path, headers=headers)
    assert (forgotten.json()["id"], forgotten.json()["new"]) == (first.json()["id"], False)


async def test_each_release_is_one_run_for_the_released_file(world: World) -> None:
    applied = await world.apply()
    entry = uuid4()
    released = QuarantineReleased(
        entry_id=entry,
        workflow_id=UUID(applied["id"]),
        stream="main",
        preserved_uri="kept/x",
        object="landing/flights/03.csv",
        released_by=uuid4(),
        corrected=True,
    )
    envelope = world.envelope("quarantine.released.v1")
    await world.hear((envelope, released))
    await world.hear((envelope, released))
    assert [(run["trigger"]) for run in await world.runs()] == ["quarantine"]
    # It failed to load, waits again, and is let go again.
    await world.hear((world.envelope("quarantine.released.v1"), released))
    found = await world.runs()
    assert len(found) == 2
    await world.hear_own()
    ended = await world.ended(found[0]["id"])
    assert ended["quarantine_entry"] == str(entry)
    assert {pull.window.preserved_uri for pull in world.services.named("connector.pull")} == {"kept/x"}
    gone = released.model_copy(update={"workflow_id": uuid4()})
    await world.hear((world.envelope("quarantine.released.v1"), gone))
    assert len(await world.runs()) == 2


async def test_object_of_a_trigger_that_is_gone_starts_nothing(world: World) -> None:
    there = await sender(world, WATCH)
    workflow = await workflow_id(world)
    await world.apply(triggers=[WATCH | {"enabled": False}])
    await saw(world, there, february(), workflow)
    await world.apply(triggers=[])
    await saw(world, there, february(), workflow)
    assert await world.runs() == []


async def test_created_session_is_opened(world: World) -> None:
    created = SessionCreated(
        session_id=uuid4(), connection="landing", selection={"path": "flights/01.csv"}, created_by=uuid4()
    )
    for _ in range(2):
        await world.hear((world.envelope("session.created.v1"), created))

    async def attached() -> Any:
        return world.services.named("transform.attach_root")

    (root,) = await until(attached)
    assert (root.tenant, root.session_id, root.profile.rows) == (world.tenant, created.session_id, 10)
    (pull,) = world.services.named("connector.pull")
    assert not pull.claim
