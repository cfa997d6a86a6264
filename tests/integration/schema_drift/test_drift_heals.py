"""Drift that heals, on a real database: found by values, proposed, judged, remembered, released."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

from contracts.adaptation import Proposal
from contracts.commands.schema_drift import (
    QuarantineFileInput,
    RecordAdaptationInput,
    SettleResult,
)
from contracts.data import Column, LogicalType, ObjectVersion, Schema
from contracts.events.modules import ModuleRolledBack
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.schema_drift.activities import SchemaDriftActivities
from tests.integration.composed import Composed
from tests.integration.schema_drift.drifting import (
    heard,
    judged,
    published,
    pulled,
    scope,
    settled,
    version,
)
from tests.unit.schema_drift.changing import CONTRACT, DECIMALS, MODULE_ID, OUTPUT, Change, text


async def test_a_change_is_adapted_to_once_and_known_ever_after(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    await heard(world, version(3, CONTRACT))
    january = settled(scope(world), pulled(world, Change(), 1))
    assert await activities.settle(january) == SettleResult(decision="proceed")
    run = scope(world)
    asked = settled(run, pulled(world, DECIMALS, 2))
    answers = await asyncio.gather(*(activities.settle(asked) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    answer = answers[0]
    assert answer.proposal is not None
    assert [step.kind for step in answer.proposal.prelude.steps] == ["rename", "cast"]
    assert (answer.decision, answer.proposal.origin) == ("quarantine", "built")

    question = judged(run, answer, tmp_path / "trial", DECIMALS)
    first = await activities.judge(question)
    assert (first.ruling, first.review_id) == ("auto", None), first
    assert await activities.judge(question) == first
    shown = (await world.request("GET", f"/api/drift/proofs/{first.proof_id}")).json()
    assert (shown["verdict"], shown["steps"][0][:7]) == ("proven", "Rename ")

    assert answer.report_id is not None
    done = RecordAdaptationInput(
        scope=run, stream="main", report_id=answer.report_id, proposal_id=answer.proposal.proposal_id,
        proof_id=first.proof_id, published=published(answer),
    )  # fmt: skip
    for _ in range(2):
        await activities.record_adaptation(done)
    names = [name for name, _ in await world.published("schema_drift")]
    assert names == ["drift.detected.v2", "drift.adapted.v1"]

    # The next file of the new shape is taken by the version that was made; one of the old shape by the base.
    following = await activities.settle(settled(scope(world), pulled(world, DECIMALS, 4)))
    assert (following.decision, following.version, following.proposal) == ("proceed", published(answer), None)
    back = settled(scope(world), pulled(world, Change(), 5), _as_base(answer.proposal, published(answer)))
    old = await activities.settle(back)
    assert (old.decision, old.version and old.version.version) == ("proceed", 3)
    # On another feed the same change is offered again, and its version is known at once.
    elsewhere = await activities.settle(settled(scope(world, uuid4()), pulled(world, DECIMALS, 2)))
    assert elsewhere.version == published(answer)
    # Once it is withdrawn, the change is still known, and has to be proven anew.
    await heard(world, _rolled_back(4, 3))
    again = await activities.settle(settled(scope(world), pulled(world, DECIMALS, 6)))
    assert again.proposal is not None
    assert (again.proposal.origin, again.proposal.mapping) == ("remembered", answer.proposal.mapping)


def _as_base(proposal: Proposal, ref: ModuleVersionRef) -> ResolvedModule:
    return ResolvedModule(
        ref=ref, recipe=proposal.candidate.recipe, input_contract=proposal.candidate.input_contract,
        output_contract=OUTPUT,
    )  # fmt: skip


def _rolled_back(withdrawn: int, current: int) -> ModuleRolledBack:
    return ModuleRolledBack(
        module_id=UUID(MODULE_ID), name="clean", withdrawn=withdrawn, current=current, reason="", decided_by=uuid4()
    )


async def test_what_means_something_else_is_refused_though_names_and_types_fit(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    turned = Change(write=lambda row: [text(value) for value in [*row[:4], not row[4]]])
    answer = await activities.settle(settled(scope(world), pulled(world, turned, 2)))
    assert (answer.decision, answer.proposal) == ("quarantine", None)
    assert "means something else" in answer.summary
    stopped = await activities.settle(settled(scope(world), pulled(world, turned, 2), mode="freeze"))
    assert stopped.decision == "fail"
    # What was refused was not accepted: the next one is compared with the last good one.
    good = await activities.settle(settled(scope(world), pulled(world, Change(), 3)))
    assert (good.decision, good.report_id) == ("proceed", None)


async def test_what_a_new_version_takes_is_released_by_itself_once_and_in_order(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    await heard(world, version(3, CONTRACT))
    gone = Change(
        names=("flight", "carrier", "dep_delay", "late"), types=("integer", "string", "float", "boolean"),
        write=lambda row: [text(value) for value in [*row[:3], row[4]]],
    )  # fmt: skip
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    entries = []
    for month in (2, 3):
        run = scope(world)
        answer = await activities.settle(settled(run, pulled(world, gone, month)))
        assert (answer.decision, answer.proposal) == ("quarantine", None)
        uri = world.platforms["schema_drift"].storage.put_blob(world.tenant, b"x", "f.csv")
        item = ObjectVersion(bucket="landing", key=f"{month}.csv", etag="e", size=1)
        made = await activities.quarantine_file(
            QuarantineFileInput(
                scope=run, stream="main", object=item, preserved_uri=uri, reason="drift", summary=answer.summary,
                advice=answer.advice, report_id=answer.report_id,
            )
        )  # fmt: skip
        entries.append(made.entry_id)
    await heard(world, version(4, Schema(columns=(Column(name="other", type=LogicalType.DATE),))))
    assert await _states(world, entries) == ["open", "open"]
    without_day = Schema(columns=tuple(column for column in CONTRACT.columns if column.name != "day"))
    for _ in range(2):
        await heard(world, version(5, without_day))
    assert await _states(world, entries) == ["released", "released"]
    released = [event for name, event in await world.published("schema_drift") if name == "quarantine.released.v1"]
    assert [event["entry_id"] for event in released] == [str(entry) for entry in entries]
    assert {event["released_by"] for event in released} == {str(UUID(int=0))}


async def _states(world: Composed, entries: list[UUID]) -> list[str]:
    return [(await world.request("GET", f"/api/quarantine/{entry}")).json()["state"] for entry in entries]
