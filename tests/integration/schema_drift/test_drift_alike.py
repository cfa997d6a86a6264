"""Many files may come before anybody answers: one answer is for all runs of the workflow that ask the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from contracts.adaptation import Judged, Proposal, ReviewOutcome
from contracts.commands.schema_drift import CloseReviewInput, JudgeInput, RecordAdaptationInput, SettleResult
from services.schema_drift.activities import SchemaDriftActivities
from tests.integration.composed import Composed
from tests.integration.schema_drift.drifting import (
    judged,
    published,
    pulled,
    scope,
    settled,
)
from tests.unit.schema_drift.changing import DECIMALS, Change

Asked = tuple[SettleResult, Judged, JudgeInput]


async def asked(
    world: Composed, activities: SchemaDriftActivities, folder: Path, change: Change, month: int, **policy: Any
) -> Asked:
    """A run that waits for an answer about its file."""
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, change, month), keys=("flight",), **policy))
    question = judged(run, answer, folder / str(month), change)
    return answer, await activities.judge(question), question


async def outcome(activities: SchemaDriftActivities, waiting: Asked) -> ReviewOutcome:
    """What the run hears once it is told that there is an answer."""
    _, judgement, question = waiting
    assert judgement.review_id is not None
    return await activities.close_review(CloseReviewInput(scope=question.scope, review_id=judgement.review_id))


async def state(world: Composed, waiting: Asked) -> str:
    found = await world.request("GET", f"/api/drift/reviews/{waiting[1].review_id}")
    return str(found.json()["state"])


async def test_what_one_run_published_answers_the_others_and_each_proves_it_with_its_own_file(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    first, second, third = [await asked(world, activities, tmp_path, DECIMALS, month) for month in (2, 3, 4)]
    path = f"/api/drift/reviews/{second[1].review_id}"
    assert (await world.request("POST", f"{path}:approve", json={"reason": "they told us"})).status_code == 200
    assert [await state(world, one) for one in (first, second, third)] == ["open", "approved", "open"]

    answer, judgement, question = second
    assert answer.report_id is not None
    assert answer.proposal is not None
    done = RecordAdaptationInput(
        scope=question.scope, stream="main", report_id=answer.report_id, proposal_id=answer.proposal.proposal_id,
        proof_id=judgement.proof_id, published=published(answer),
    )  # fmt: skip
    for _ in range(2):
        await activities.record_adaptation(done)
    for waiting in (first, third):
        ended = await outcome(activities, waiting)
        likewise = f"they told us; as review {judgement.review_id}, which asked the same"
        assert (ended.outcome, ended.reason) == ("edited", likewise)
        assert isinstance(ended.proposal, Proposal)
        assert (ended.proposal.mapping, ended.proposal.origin) == (answer.proposal.mapping, "remembered")
        again = judged(
            waiting[2].scope, waiting[0], tmp_path / f"again-{waiting[1].review_id}", DECIMALS,
            proposal=ended.proposal, approved_in=waiting[1].review_id,
        )  # fmt: skip
        assert (await activities.judge(again)).ruling == "auto"
    decided = [one for name, one in await world.published("schema_drift") if name == "drift.review_decided.v1"]
    assert [one["outcome"] for one in decided] == ["approved", "edited", "edited"]
    assert len({one["decided_by"] for one in decided}) == 1


async def test_a_rejection_is_for_all_that_ask_the_same_and_for_no_other_question(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    first = await asked(world, activities, tmp_path, DECIMALS, 2)
    second = await asked(world, activities, tmp_path, DECIMALS, 3)
    elsewhere = replace(DECIMALS, names=("flight", "carrier", "dep_delay", "day", "late", "seats"))
    other = await asked(world, activities, tmp_path, elsewhere, 4)
    assert other[1].review_id is not None
    path = f"/api/drift/reviews/{first[1].review_id}"
    for _ in range(2):
        assert (await world.request("POST", f"{path}:reject", json={"reason": "wrong file"})).status_code == 200
    ended = await outcome(activities, second)
    likewise = f"wrong file; as review {first[1].review_id}, which asked the same"
    assert (ended.outcome, ended.reason) == ("rejected", likewise)
    assert await state(world, other) == "open"
