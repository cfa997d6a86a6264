"""Workflows without modules load what comes, and set aside what lacks a column that came before."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup
from contracts.commands.schema_drift import SettleInput, SettleResult
from contracts.data import Column, FormatFacts, LogicalType, Schema
from contracts.workflow import DriftMode, DriftPolicy, SourceDefinition
from services.schema_drift.service.samples import Samples
from services.schema_drift.service.settling import Settling
from tests.integration.composed import Composed
from tests.integration.orchestrator.stub_services import dataset

FIRST = "order_id:integer customer:string total:float"
PROCEED = SettleResult(decision="proceed")


class Feed:
    """One workflow without modules; every delivery is a run of it."""

    def __init__(self, world: Composed) -> None:
        platform = world.platforms["schema_drift"]
        self._settling = Settling(platform.database, Samples(platform.storage))
        self._tenant, self._workflow = world.tenant, uuid4()

    keys: tuple[str, ...] = ()

    async def comes(
        self,
        columns: str,
        *,
        mode: DriftMode = "evolve",
        released: bool = False,
        path: str = "orders/*.csv",
        run: UUID | None = None,
    ) -> SettleResult:
        """What is decided about a file with these columns."""
        named = (one.split(":") for one in columns.split())
        shape = Schema(columns=tuple(Column(name=name, type=LogicalType(type)) for name, type in named))
        scope = RunScope(tenant=self._tenant, run_id=run or uuid4(), workflow_id=self._workflow, workflow="orders")
        return await self._settling.settle(
            SettleInput(
                scope=scope,
                stream="main",
                group=PulledGroup(dataset=dataset(3, shape=shape), facts=FormatFacts(format="csv")),
                module=None,
                contract=None,
                policy=DriftPolicy(mode=mode),
                keys=self.keys,
                source=SourceDefinition(connection="landing", selection={"path": path}),
                released=released,
            )
        )


@pytest.fixture
def feed(world: Composed) -> Feed:
    return Feed(world)


async def told(world: Composed) -> list[Any]:
    return [(event["decision"], event["summary"]) for _, event in await world.published("schema_drift")]


async def test_what_has_every_column_goes_on_and_new_ones_are_expected_from_then_on(
    world: Composed, feed: Feed
) -> None:
    assert await feed.comes(FIRST) == PROCEED
    assert await feed.comes(FIRST) == PROCEED
    assert (await feed.comes(f"{FIRST} country:string")).decision == "proceed"
    assert (await feed.comes(FIRST)).decision == "quarantine"
    assert await told(world) == [
        ("proceed", "Column `country` is new. No column is missing, so it is loaded as it came."),
        ("quarantine", "Column `country` is gone, and no incoming column looks like it. Nothing was loaded."),
    ]


async def test_a_renamed_column_is_not_loaded_as_a_new_one(world: Composed, feed: Feed) -> None:
    await feed.comes(FIRST)
    run = uuid4()
    refused = await feed.comes("OrderID:integer customer:string total:float", run=run)
    assert refused.decision == "quarantine"
    assert "column `order_id` is gone; `OrderID` looks like it" in refused.summary[:1].lower() + refused.summary[1:]
    assert "quarantine release ENTRY --with FILE" in refused.advice
    assert await feed.comes("OrderID:integer customer:string total:float", run=run) == refused
    assert await feed.comes(FIRST) == PROCEED  # what was set aside changed nothing


async def test_what_a_person_lets_go_on_may_be_missing_from_then_on(feed: Feed) -> None:
    await feed.comes(FIRST)
    short = "order_id:integer customer:string"
    assert (await feed.comes(short)).decision == "quarantine"
    assert (await feed.comes(short, released=True)).decision == "proceed"
    assert await feed.comes(short) == PROCEED
    assert await feed.comes(FIRST) == PROCEED
    assert await feed.comes(short) == PROCEED
    assert (await feed.comes("order_id:integer")).decision == "quarantine"


@pytest.mark.parametrize(
    ("mode", "columns", "decision"),
    [
        ("freeze", "order_id:integer customer:string", "fail"),
        ("warn", "order_id:integer customer:string", "quarantine"),
        ("strict", f"{FIRST} country:string", "quarantine"),
        ("strict", "order_id:string customer:string total:float", "quarantine"),
        ("evolve", "order_id:string customer:string total:float", "proceed"),  # the destination says whether it fits
    ],
)
async def test_the_mode_says_what_a_difference_means(feed: Feed, mode: DriftMode, columns: str, decision: str) -> None:
    await feed.comes(FIRST, mode=mode)
    assert (await feed.comes(columns, mode=mode)).decision == decision


async def test_rows_that_the_destination_refuses_say_nothing_of_later_ones(feed: Feed) -> None:
    feed.keys = ("order_id",)
    assert await feed.comes("id:integer customer:string") == PROCEED
    assert await feed.comes(FIRST) == PROCEED
    assert (await feed.comes("id:integer customer:string")).decision == "quarantine"


async def test_another_source_is_expected_to_look_otherwise(feed: Feed) -> None:
    await feed.comes(FIRST)
    assert await feed.comes("visit:integer", path="visits/*.csv") == PROCEED
    assert (await feed.comes("patient:integer", path="visits/*.csv")).decision == "quarantine"
