"""Parked events over HTTP: who sees them, and that they go out again before what waited behind them."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from contracts.envelope import MAX_PAYLOAD_BYTES
from contracts.permissions import Role
from services.chassis.auth import Principal
from services.chassis.http import ServiceHttp
from services.chassis.idempotency import Idempotency
from services.chassis.keys import KeyRing
from services.chassis.outbox import Relay
from services.chassis.parked import parked_routes
from services.chassis.problems import unauthorized
from services.chassis.request_scope import ServiceParts
from services.chassis.sealing import Sealer
from tests.integration.chassis.conftest import SERVICE, Bus, event, running, until
from tests.integration.conftest import ROLE_PASSWORD
from tests.unit.chassis.edge_app import client_of

TENANT, OTHER = uuid.UUID(int=42), uuid.UUID(int=43)
PATH = f"/api/parked-events/{SERVICE}"
OPERATOR = {"Authorization": "Bearer platform"}
RAW = (
    "INSERT INTO outbox (event_id, tenant, topic, key, type, headers, payload)"
    " VALUES ($1, $2, 'runs', $3, 'run.requested.v1', $4, $5)"
)


class TheWord:
    """Believes a token that is a role's name; `platform` is an analyst who operates the installation."""

    async def authenticate(self, authorization: str | None) -> Principal:
        _, _, role = (authorization or "").partition(" ")
        if role not in {*Role, "platform"}:
            raise unauthorized()
        platform = role == "platform"
        return Principal(TENANT, uuid.UUID(int=7), Role.ANALYST if platform else Role(role), platform, uuid.UUID(int=8))


@pytest.fixture
async def http(bus: Bus) -> AsyncIterator[httpx.AsyncClient]:
    sealer = Sealer(KeyRing(primary="k", keys={"k": bytes(32)}))
    parts = ServiceParts(SERVICE, bus.database, TheWord(), Idempotency(SERVICE, sealer))
    async with client_of(parked_routes(ServiceHttp(parts), SERVICE, bus.database)) as client:
        yield client


def relay(bus: Bus) -> Relay:
    # It polls once a minute: what goes out sooner was woken by the operator's own word.
    return Relay(SERVICE, bus.place.url, ROLE_PASSWORD, bus.producer, prefix=bus.prefix, poll=60)


async def park(bus: Bus, tenant: uuid.UUID, number: int, key: str) -> uuid.UUID:
    """An event that no relay can send: its payload is too large."""
    name, envelope = uuid.uuid4(), bus.envelope(tenant, key)
    headers = json.dumps([[header, value.decode()] for header, value in envelope.to_headers()])
    await bus.admin(RAW, name, tenant, key, headers, b"x" * (MAX_PAYLOAD_BYTES + number))
    return name


async def mend(bus: Bus, number: int, name: uuid.UUID) -> None:
    await bus.admin(
        "UPDATE outbox SET payload = $2 WHERE event_id = $1", name, event(number).model_dump_json().encode()
    )


async def listed(http: httpx.AsyncClient, query: str = "") -> Any:
    answer = await http.get(PATH + query, headers=OPERATOR)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def requeue(http: httpx.AsyncClient, **body: Any) -> dict[str, int]:
    answer = await http.post(f"{PATH}:requeue", headers=OPERATOR, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()
    return found


async def parked(bus: Bus) -> int:
    return await bus.count("SELECT count(*) FROM outbox WHERE status = 'parked'")


async def test_parked_events_are_seen_and_go_out_first(bus: Bus, http: httpx.AsyncClient) -> None:
    first, second = await park(bus, TENANT, 1, "a"), await park(bus, OTHER, 2, "b")
    await bus.publish(TENANT, 3, key="a")
    await bus.publish(TENANT, 4, key="a")
    async with running(relay(bus).run):

        async def both() -> bool:
            return await parked(bus) == 2

        await until(both)
        page = await listed(http, "?limit=1")
        (one,) = page["items"]
        assert (one["event_id"], one["tenant"], one["key"], one["held"]) == (str(first), str(TENANT), "a", 2)
        assert (one["topic"], one["type"], one["size"]) == ("runs", "run.requested.v1", MAX_PAYLOAD_BYTES + 1)
        assert str(MAX_PAYLOAD_BYTES) in one["reason"]
        (two,) = (await listed(http, f"?limit=1&cursor={page['next_cursor']}"))["items"]
        assert (two["event_id"], two["tenant"], two["held"]) == (str(second), str(OTHER), 0)

        # What cannot be sent still is parked anew, and holds back what it held back before.
        assert await requeue(http, event_id=str(first)) == {"requeued": 1, "left": 1}
        await until(both)
        await mend(bus, 1, first)
        assert await requeue(http, topic="drift") == {"requeued": 0, "left": 2}
        assert await requeue(http, event_id=str(first)) == {"requeued": 1, "left": 1}
        records = await bus.read(bus.runs, 3, quiet=0.3)
        assert [json.loads(record.value)["workflow_version"] for record in records] == [1, 3, 4]
        await mend(bus, 2, second)
        assert await requeue(http) == {"requeued": 1, "left": 0}
        assert len(await bus.read(bus.runs, 4)) == 4
    assert (await listed(http))["items"] == []


async def test_without_the_old_id_order_is_lost(bus: Bus, http: httpx.AsyncClient) -> None:
    """The guard, seen red: an event that is written anew instead comes after what had waited for it."""
    first = await park(bus, TENANT, 1, "a")
    await bus.publish(TENANT, 3, key="a")
    async with running(relay(bus).run):

        async def aside() -> bool:
            return await parked(bus) == 1

        await until(aside)
        await bus.admin("DELETE FROM outbox WHERE event_id = $1", first)
        await bus.publish(TENANT, 1, key="a")
        records = await bus.read(bus.runs, 2)
    assert [json.loads(record.value)["workflow_version"] for record in records] == [3, 1]


@pytest.mark.parametrize("role", Role)
async def test_no_role_of_a_workspace_sees_them(http: httpx.AsyncClient, role: Role) -> None:
    headers = {"Authorization": f"Bearer {role.value}"}
    assert (await http.get(PATH, headers=headers)).status_code == 403
    assert (await http.post(f"{PATH}:requeue", headers=headers, json={})).status_code == 403


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": "5"}, {"event_id": "x"}, {"id": 1}])
async def test_what_is_no_request_is_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await http.post(f"{PATH}:requeue", headers=OPERATOR, json=body)).status_code == 422
    assert (await http.get(f"{PATH}?cursor=zzz", headers=OPERATOR)).status_code == 422
