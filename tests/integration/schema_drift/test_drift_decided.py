"""What a person decided is known: a rejected change is not asked about again, and what is only unlike the past is."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands.command import RunScope
from contracts.commands.schema_drift import QuarantineFileInput, SettleResult
from contracts.data import Column, LogicalType, ObjectVersion, Schema
from contracts.permissions import Role
from contracts.workflow import DriftPolicy
from services.schema_drift.activities import SchemaDriftActivities
from tests.integration.composed import Composed
from tests.integration.schema_drift.drifting import heard, judged, opened, pulled, scope, settled, version
from tests.unit.schema_drift.changing import CONTRACT, DECIMALS, Change, text


async def aside(world: Composed, activities: SchemaDriftActivities, run: RunScope, answer: SettleResult) -> UUID:
    """The file of a run, set aside."""
    uri = world.platforms["schema_drift"].storage.put_blob(world.tenant, b"x", "f.csv")
    item = ObjectVersion(bucket="landing", key=f"{run.run_id}.csv", etag="e", size=1)
    made = await activities.quarantine_file(
        QuarantineFileInput(
            scope=run, stream="main", object=item, preserved_uri=uri, reason="drift", summary=answer.summary,
            advice=answer.advice, report_id=answer.report_id,
        )
    )  # fmt: skip
    return made.entry_id


async def test_a_rejected_change_is_not_asked_about_again_until_somebody_wants_it(
    world: Composed,
    activities: SchemaDriftActivities,
    tmp_path: Path,
) -> None:
    _, asked, _ = await opened(world, activities, tmp_path)
    path = f"/api/drift/reviews/{asked.review_id}"
    assert (await world.request("POST", f"{path}:ask-again", json={})).status_code == 409
    rejected = await world.request("POST", f"{path}:reject", json={"reason": "their export is broken."})
    assert (rejected.json()["state"], rejected.json()["decision"]["asked_again_at"]) == ("rejected", None)

    async def comes(month: int, **how: Any) -> tuple[str, bool, str, str]:
        run = scope(world, how.pop("workflow")) if "workflow" in how else scope(world)
        ask = settled(run, pulled(world, DECIMALS, month), keys=("flight",)).model_copy(update=how)
        answer = await activities.settle(ask)
        assert await activities.settle(ask) == answer
        kept_as = await aside(world, activities, run, answer)
        kept = (await world.request("GET", f"/api/quarantine/{kept_as}")).json()
        return answer.decision, answer.proposal is not None, kept["summary"], kept["advice"]

    decision, proposed, summary, advice = await comes(3)
    assert (decision, proposed) == ("quarantine", False)
    who, when = rejected.json()["decision"]["by"], rejected.json()["decision"]["at"][:10]
    told = f"User {who} rejected this very change on {when} in review {asked.review_id} (their export is broken)"
    assert f"{told}: nobody is asked again." in summary
    assert f"`modulardata drift review {asked.review_id} --ask-again`" in advice
    assert "`modulardata quarantine release 0" in advice
    # Only this change of this workflow, and only until somebody lets it go on.
    assert (await comes(3, workflow=uuid4()))[1]
    assert (await comes(3, released=True))[1]
    assert not (await comes(4))[1]

    assert (await world.request("POST", f"{path}:ask-again", role=Role.ANALYST, json={})).status_code == 403
    for _ in range(2):
        again = await world.request("POST", f"{path}:ask-again", json={"reason": "they mended it"})
        assert (again.status_code, again.json()["state"]) == (200, "rejected")
        assert again.json()["decision"]["asked_again_by"] is not None
    assert (await comes(5))[1]


@pytest.mark.parametrize(("unlike", "ruling"), [("ask", "ask"), ("quarantine", "quarantine")])
async def test_what_is_only_unlike_the_past_is_asked_about_with_its_numbers(
    world: Composed,
    activities: SchemaDriftActivities,
    tmp_path: Path,
    unlike: Any,
    ruling: str,
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, DECIMALS, 2)))
    far = replace(DECIMALS, read=lambda row: [float(row[0]), row[1], row[2] and row[2] + 900, *row[3:], 7])
    asked = await activities.judge(judged(run, answer, tmp_path, far, policy=DriftPolicy(unlike=unlike)))
    assert (asked.ruling, asked.review_id is not None) == (ruling, ruling == "ask")
    assert "Unlike the past, replayed on 2 past inputs: dep_delay: place is 83.7 off" in asked.summary
    assert "looks unlike all that came before" in asked.summary
    if asked.review_id is None:
        return
    path = f"/api/drift/reviews/{asked.review_id}"
    shown = (await world.request("GET", path)).json()
    failed = [check["name"] for check in shown["proof"]["checks"] if not check["passed"]]
    assert (failed, shown["approvable"], shown["proposal"]["doubtful"]) == (["distributions"], True, [])
    done = await world.request("POST", f"{path}:approve", json={"reason": "the strike"})
    assert (done.status_code, done.json()["state"]) == (200, "approved")


async def test_what_more_than_distributions_refuses_is_set_aside(
    world: Composed,
    activities: SchemaDriftActivities,
    tmp_path: Path,
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, DECIMALS, 2)))
    question = judged(run, answer, tmp_path, DECIMALS)
    short = question.evidence.incoming.model_copy(update={"unaccounted": 3})
    wrong = question.model_copy(update={"evidence": question.evidence.model_copy(update={"incoming": short})})
    assert (await activities.judge(wrong)).ruling == "quarantine"


TURNED = Change(
    write=lambda row: [text(value) for value in [*row[:4], not row[4]]], read=lambda row: [*row[:4], not row[4]]
)
RENAMED = replace(DECIMALS, write=lambda row: DECIMALS.write([*row[:4], not row[4]]))


async def test_what_means_something_else_waits_for_a_person_and_for_no_version(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    entries = []
    for change in (TURNED, RENAMED):
        run = scope(world)
        answer = await activities.settle(settled(run, pulled(world, change, 2)))
        assert (answer.decision, answer.proposal) == ("quarantine", None)
        assert "Column `late` means something else" in answer.summary
        assert "the rows would be wrong without a sign" in answer.summary
        entries.append(await aside(world, activities, run, answer))
    # These take the names and the types, of the one file and of the other.
    await heard(world, version(4, CONTRACT))
    columns = [Column(name=n, type=LogicalType(k)) for n, k in zip(DECIMALS.names, DECIMALS.types, strict=True)]
    await heard(world, version(5, Schema(columns=tuple(columns[:5]))))
    states = [(await world.request("GET", f"/api/quarantine/{entry}")).json()["state"] for entry in entries]
    assert states == ["open", "open"]
    later = await activities.settle(settled(scope(world), pulled(world, RENAMED, 3)))
    assert (later.decision, later.version) == ("quarantine", None)
    # Somebody lets it go on: then it is tried, and asked about.
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, TURNED, 2)).model_copy(update={"released": True}))
    asked = await activities.judge(judged(run, answer, tmp_path, TURNED))
    assert asked.ruling == "ask"
    shown = (await world.request("GET", f"/api/drift/reviews/{asked.review_id}")).json()
    assert (shown["proposal"]["steps"], shown["approvable"]) == ([], True)
