"""How long a run that meets drift waits until it is known what to do: compared, adapted to, proved and judged."""

import asyncio
import uuid
from pathlib import Path

import polars as pl

from contracts.adaptation import Evidence, PastInput, Proof
from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup
from contracts.commands.schema_drift import SettleInput
from contracts.commands.transform import ProveInput
from contracts.recipe import Recipe, Steps
from contracts.workflow import DriftPolicy, ModuleVersionRef, ResolvedModule
from services.chassis.storage import Storage
from services.chassis.tenancy import acting_for
from services.connector.formats.base import Limits
from services.connector.formats.registry import Formats
from services.connector.progress import Progress
from services.connector.reading import Collected, Reader
from services.schema_drift.adapting.build import Unbuildable
from services.schema_drift.knowledge import Accepted
from services.schema_drift.proving.judge import judge
from services.schema_drift.service import looking
from services.schema_drift.service.samples import Samples
from services.transform.proving.proving import Progress as Proved
from services.transform.proving.proving import Proving
from tests.bench.children import TENANT, Children, children
from tests.bench.effort import Watch
from tests.bench.figures import Figure
from tests.bench.flights import month
from tests.unit.connector.reading import Silent

SECONDS = 20.0
ROUNDS = 3
SCOPE = RunScope(tenant=TENANT, run_id=TENANT, workflow_id=TENANT, workflow="flights")
RENAMED = {"dep_time": "departure_time", "arr_time": "arrival_time"}


def _pulled(storage: Storage, path: Path, data: bytes) -> PulledGroup:
    path.write_bytes(data)
    progress = Progress(Silent())
    with Collected(storage, TENANT, progress) as collected:
        landed = Reader(Formats(), Limits()).file(path, path.name, None, None, progress)
        collected.take(landed, len(data), None)
        return collected.finish(None).groups[0]


def _drifted(data: bytes) -> bytes:
    """Two columns under other names, a new one, and whole numbers written as decimals."""
    rows = pl.read_csv(data, null_values="NA", infer_schema_length=None).rename(RENAMED)
    rows = rows.with_columns(pl.col("dep_delay").cast(pl.Float64), pl.lit("paper").alias("ticket"))
    return rows.write_csv(null_value="NA").encode()


def _module(group: PulledGroup) -> ResolvedModule:
    schema = group.dataset.table_schema
    steps = Steps.validate_python([{"kind": "drop_null", "columns": ["dep_time"]}])
    ref = ModuleVersionRef(module_id=str(TENANT), name="flights", version=1, content_hash="1")
    return ResolvedModule(ref=ref, recipe=Recipe(steps=steps), input_contract=schema, output_contract=schema)


async def _healed(places: Children, past: list[PulledGroup], came: PulledGroup) -> Proof:
    """What settle, prove and judge do for one group, without the database and the queues between them."""
    module = _module(past[0])
    keys = ("year", "month", "day", "carrier", "flight", "origin", "sched_dep_time")
    asked = SettleInput(
        scope=SCOPE, stream="main", group=came, module=module.ref, contract=module.input_contract,
        policy=DriftPolicy(), base=module,
    )  # fmt: skip
    baseline = past[-1]
    if baseline.sample is None:
        raise AssertionError("a pull without a sample")
    known = looking.Known(baseline.facts, Accepted(baseline.sample, baseline.facts))
    with acting_for(TENANT):
        found = looking.look(asked, module, known, Samples(places.storage))
    built, _ = looking.make(asked, module, found, None)
    if isinstance(built, Unbuildable):
        raise AssertionError(built.reason)
    candidate = ResolvedModule(
        ref=module.ref.model_copy(update={"version": 0}),
        **{name: getattr(built.candidate, name) for name in ("recipe", "input_contract", "output_contract")},
    )
    trial = ProveInput(
        scope=SCOPE,
        base=module,
        candidate=candidate,
        prelude=built.prelude,
        inverse=built.inverse,
        past=tuple(
            PastInput(run_id=uuid.UUID(int=at), dataset=group.dataset, at=f"2013-{at:02}-01T00:00:00Z")
            for at, group in enumerate(past, 1)
        ),
        incoming=came.dataset,
        keys=keys,
        at="2013-03-01T00:00:00Z",
    )
    tried = await Proving(places.computing, SECONDS * 3, 1 << 30).prove(trial, Proved(of=len(past) + 1))
    evidence = Evidence(replays=tried.replays, incoming=tried.incoming)
    return judge(evidence, contract=candidate.output_contract, keys=keys)


async def _figures() -> list[Figure]:
    async with children() as places:
        data = [month(1), month(2), _drifted(month(3))]
        pulls = [_pulled(places.storage, places.folder / f"{at}.csv", text) for at, text in enumerate(data, 1)]
        times = []
        for _ in range(ROUNDS):
            watch = Watch()
            proof = await _healed(places, pulls[:2], pulls[2])
            times.append(watch.stop().seconds)
            if proof.verdict != "proven":
                raise AssertionError([check for check in proof.checks if not check.passed])
        return [Figure("three months of flights: adapt, prove and judge", "s", SECONDS, min(times))]


def figures() -> list[Figure]:
    """Seconds by the clock, of the best round: what others do on the machine only adds."""
    return asyncio.run(_figures())
