"""Deliveries that drift, as a run brings them: pulled, settled, tried, asked about."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import polars as pl

from contracts.adaptation import Judged, PastInput, Proposal
from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup
from contracts.commands.schema_drift import (
    JudgeInput,
    SettleInput,
    SettleResult,
)
from contracts.commands.transform import ProveInput
from contracts.data import Column, DatasetRef, FormatFacts, LogicalType, Schema
from contracts.envelope import Envelope
from contracts.events.modules import ModuleRolledBack, ModuleVersionPublished
from contracts.workflow import DriftPolicy, ModuleVersionRef, ResolvedModule
from services.chassis.clock import SystemClock
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.consumers import handlers
from tests.integration.composed import Composed
from tests.unit.schema_drift.changing import CONTRACT, DECIMALS, MODULE_ID, OUTPUT, Change, module, typed
from tests.unit.transform.replaying import Trial

FACTS = FormatFacts(format="csv", encoding="utf-8", delimiter=",", quote='"', header=True)
WORKFLOW = uuid4()


def scope(world: Composed, workflow: UUID = WORKFLOW) -> RunScope:
    return RunScope(tenant=world.tenant, run_id=uuid4(), workflow_id=workflow, workflow="flights")


def pulled(world: Composed, change: Change, month: int, size: int = 80) -> PulledGroup:
    """A group as a pull gives it, with its first rows as they were written."""
    storage = world.platforms["schema_drift"].storage
    schemas = [
        Schema(columns=tuple(Column(name=n, type=LogicalType(k)) for n, k in zip(change.names, kinds, strict=True)))
        for kinds in (change.types, ["string"] * len(change.names))
    ]
    written = [[cell or None for cell in change.write(row)] for row in typed(month, size)]
    with storage.writer(world.tenant, schemas[1]) as writer:
        writer.write(pl.DataFrame(written, schema=dict.fromkeys(change.names, pl.String()), orient="row"))
        sample = writer.finish()
    digest = f"{month:02}{schemas[0].fingerprint}"
    dataset = DatasetRef(
        id=digest, uri=f"dataset://{world.tenant}/{digest}", table_schema=schemas[0],
        fingerprint=schemas[0].fingerprint, content_hash=digest, rows=size, bytes=100,
    )  # fmt: skip
    return PulledGroup(dataset=dataset, facts=FACTS, sample=sample)


def settled(
    run: RunScope, group: PulledGroup, base: ResolvedModule | None = None, keys: tuple[str, ...] = (), **policy: Any
) -> SettleInput:
    base = base or module()
    return SettleInput(
        scope=run, stream="main", group=group, module=base.ref, contract=base.input_contract, base=base,
        policy=DriftPolicy(**policy), keys=keys,
    )  # fmt: skip


def judged(run: RunScope, answer: SettleResult, folder: Path, change: Change, **more: Any) -> JudgeInput:
    """What the run asks when the proposal was tried on past inputs and on what came."""
    proposal = answer.proposal if more.get("proposal") is None else more.pop("proposal")
    assert isinstance(proposal, Proposal)
    assert answer.report_id is not None
    needed = proposal.candidate.input_contract.names
    trial = Trial(
        old=CONTRACT, new=proposal.candidate.input_contract, output=OUTPUT,
        steps=[step.model_dump(mode="json") for step in module().recipe.steps],
        prelude=[step.model_dump(mode="json") for step in proposal.prelude.steps],
        inverse=[step.model_dump(mode="json") for step in proposal.inverse.steps],
    )  # fmt: skip
    places = [change.names.index(name) for name in needed]
    rows = [[change.read(row)[place] for place in places] for row in typed(2)]
    evidence = trial.evidence(folder, [(f"2013-0{month}-01T00:00:00+00:00", typed(month)) for month in (1, 3)], rows)
    base = module()
    asked = ProveInput(
        scope=run, base=base, candidate=base, prelude=proposal.prelude, inverse=proposal.inverse,
        past=(PastInput(run_id=uuid4(), dataset=evidence.replays[0].input, at="2013-01-01T00:00:00+00:00"),),
        incoming=evidence.incoming.input,
    )  # fmt: skip
    return JudgeInput(
        scope=run, stream="main", report_id=answer.report_id, proposal=proposal, asked=asked, evidence=evidence,
        policy=more.pop("policy", DriftPolicy()), **more,
    )  # fmt: skip


def published(answer: SettleResult, version: int = 4, proposal: Proposal | None = None) -> ModuleVersionRef:
    return ModuleVersionRef(module_id=MODULE_ID, name="clean", version=version, content_hash=f"{version:064}")


async def heard(world: Composed, event: Any) -> None:
    """The event as the consumer gives it to its handler."""
    name = {ModuleVersionPublished: "module.version_published.v1", ModuleRolledBack: "module.rolled_back.v1"}[
        type(event)
    ]
    handler = handlers().of(name)
    assert handler is not None
    assert handler.one is not None
    envelope = Envelope(
        id=uuid4(), source="/services/module_registry", type=name, subject=MODULE_ID, time=SystemClock().now(),
        tenant=world.tenant,
    )  # fmt: skip
    async with world.platforms["schema_drift"].database.work(world.tenant) as work:
        await handler.one(work, event, envelope)


def version(number: int, contract: Schema) -> ModuleVersionPublished:
    return ModuleVersionPublished(
        module_id=UUID(MODULE_ID), name="clean", version=number, content_hash=f"{number:064}",
        input_fingerprint=contract.fingerprint, output_fingerprint=OUTPUT.fingerprint, current=number == 3,
        input_contract=contract, output_contract=OUTPUT,
    )  # fmt: skip


async def opened(
    world: Composed, activities: SchemaDriftActivities, folder: Path, **policy: Any
) -> tuple[SettleResult, Judged, JudgeInput]:
    """A review of a change that touches a key."""
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, DECIMALS, 2), keys=("flight",), **policy))
    question = judged(run, answer, folder, DECIMALS, policy=DriftPolicy(**policy))
    return answer, await activities.judge(question), question


async def review_of(world: Composed, review_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = (await world.request("GET", f"/api/drift/reviews/{review_id}")).json()
    return found
