"""What the tests of sessions do and work with: a table of flights, a session with it, steps, and the activities."""

from typing import Any

from temporalio.testing import ActivityEnvironment

from contracts.commands.connector import PulledGroup, PullResult, QuarantinedRows
from contracts.commands.transform import AttachRootInput, ProfileInput
from contracts.data import DatasetRef, FormatFacts, Schema
from services.chassis.storage import Storage
from tests.integration.composed import Composed
from tests.unit.transform.evaluating import frame, schema

TABLE = schema(
    dep_time="integer", distance="float", air_time="float", flight="integer", carrier="string", price="decimal"
)
ROWS = [
    (517, 1_400.0, 227.0, 1545, "UA", "19.990000000"),
    (None, 1_416.0, None, 1714, "UA", None),
    (542, 1_089.0, 160.0, 1141, "AA", "0.100000000"),
    (544, 80.0, 183.0, 725, "B6", None),
    (554, 762.0, 116.0, 461, "DL", "7.000000000"),
]
STEPS: list[dict[str, Any]] = [
    {"kind": "drop_null", "columns": ["dep_time"]},
    {"kind": "derive", "columns": [{"column": "speed", "expression": "distance / air_time * 60"}]},
    {"kind": "cast", "columns": {"flight": "string"}},
    {"kind": "filter", "where": "distance >= 100"},
]


class Doing:
    """The activities of the service, as a worker would call them."""

    def __init__(self, world: Composed) -> None:
        self._activities = {activity.__name__: activity for activity in world.services["transform"].activities}

    async def __call__(self, name: str, given: Any) -> Any:
        return await ActivityEnvironment().run(self._activities[name], given)


def store(world: Composed, table: Schema = TABLE, rows: Any = ROWS) -> DatasetRef:
    """A dataset of the workspace."""
    storage: Storage = world.platforms["transform"].storage
    with storage.writer(world.tenant, table) as writer:
        writer.write(frame(table, rows))
        return writer.finish()


def pulled(dataset: DatasetRef, *quarantined: QuarantinedRows) -> PullResult:
    """What the connector says of a dataset that it pulled."""
    group = PulledGroup(dataset=dataset, facts=FormatFacts(format="csv"))
    return PullResult(groups=(group,), quarantined=quarantined, rows_read=dataset.rows)


async def opened(world: Composed, doing: Doing, dataset: DatasetRef | None = None) -> dict[str, Any]:
    """A session with its data."""
    body = {"connection": "landing", "selection": {"path": "flights/2013-01.csv"}}
    made = await world.request("POST", "/api/sessions", json=body)
    assert made.status_code == 202, made.text
    dataset = dataset or store(world)
    profile = await doing("profile", ProfileInput(tenant=world.tenant, dataset=dataset))
    root = AttachRootInput(tenant=world.tenant, session_id=made.json()["id"], pulled=pulled(dataset), profile=profile)
    await doing("attach_root", root)
    return await shown(world, f"/api/sessions/{made.json()['id']}")


async def shown(world: Composed, path: str) -> dict[str, Any]:
    """What a path answers."""
    answer = await world.request("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def grow(world: Composed, session: dict[str, Any], *steps: dict[str, Any], **more: Any) -> Any:
    """Ask for a node with these steps."""
    return await world.request("POST", f"/api/sessions/{session['id']}/nodes", json={"steps": steps, **more})
