"""A run that heals, on a real Temporal server: proved, judged, put to a person, published once, or set aside."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError

from contracts.adaptation import THE_PLATFORM, Judged, PastInput, ReviewOutcome
from contracts.commands.connector import PulledGroup
from contracts.commands.orchestrator import PastInputsResult, Reader
from contracts.commands.schema_drift import SettleInput, SettleResult
from contracts.data import RowBooks
from contracts.runs import REVIEW_DECIDED, ErrorType, RunResult
from contracts.workflow import DriftPolicy, ModuleUse
from tests.integration.orchestrator.stub_services import (
    MODULE_ID,
    RENAMED,
    StubServices,
    dataset,
    group,
    module,
    proposal,
    proposed,
    pulled,
)
from tests.integration.orchestrator.test_run_story import client, fails, run, start  # noqa: F401 - a fixture

REVIEW, PERSON, PROOF = UUID(int=5), UUID(int=6), UUID(int=4)
RENAMED_FILE = group(4, "march.csv", shape=RENAMED)


def renaming(**changes: Any) -> StubServices:
    """One file of the old shape, and one whose column has another name."""
    services = StubServices(**changes)
    services.answers["connector.pull"] = lambda i: pulled(group(10, "february.csv"), RENAMED_FILE)
    services.answers["schema_drift.settle"] = settles
    return services


def settles(asked: SettleInput) -> SettleResult:
    return proposed() if is_renamed(asked.group) else SettleResult(decision="proceed")


def is_renamed(given: PulledGroup) -> bool:
    return given.dataset.table_schema == RENAMED


def asking(services: StubServices, *outcomes: ReviewOutcome, wait: float = 3600, ruling: str = "ask") -> None:
    """A person is asked, and answers these things one after the other."""
    answers = iter(outcomes)
    services.answers["schema_drift.judge"] = lambda i: Judged(
        ruling=ruling, proof_id=PROOF, review_id=REVIEW, wait_seconds=wait, summary="Likely."
    )
    services.answers["schema_drift.close_review"] = lambda i: next(answers)


async def at_step(services: StubServices, step: str) -> None:
    """Until the run is at a step."""
    deadline = asyncio.get_running_loop().time() + 30
    while services.history.get(step) != "running":
        assert asyncio.get_running_loop().time() < deadline, services.history
        await asyncio.sleep(0.02)


async def answered(client: Client, services: StubServices) -> RunResult:  # noqa: F811
    """Run until a person is asked, tell the run that they decided, and wait for its end."""
    async with services.working(client):
        handle = await start(client)
        await at_step(services, "review")
        await handle.signal(REVIEW_DECIDED, REVIEW)
        result = await asyncio.wait_for(handle.result(), 60)
    assert isinstance(result, RunResult)
    return result


async def test_what_is_proved_is_published_and_used_for_its_group_alone(client: Client) -> None:  # noqa: F811
    services = renaming()
    past = PastInput(run_id=UUID(int=9), dataset=dataset(7, "past"), at="2026-01-01T00:00:00+00:00")
    services.answers["orchestrator.past_inputs"] = lambda i: PastInputsResult(
        past=(past,), readers=(Reader(workflow="report", module=ModuleUse(name="report")), Reader(workflow="copy"))
    )
    assert await run(client, services) == RunResult(outcome="succeeded", books=RowBooks(read=14, loaded=14))
    (asked,), (judged,) = services.named("transform.prove"), services.named("schema_drift.judge")
    assert (asked.base, asked.candidate.ref.version, asked.past) == (module(), 0, (past,))
    assert asked.candidate.input_contract == RENAMED
    assert (asked.incoming, asked.keys) == (RENAMED_FILE.dataset, ("carrier", "flight"))
    assert judged.asked == asked
    assert not judged.pinned
    assert [consumer.workflow for consumer in judged.evidence.consumers] == ["report", "copy"]
    (published,), (recorded,) = (
        services.named("module_registry.publish"),
        services.named("schema_drift.record_adaptation"),
    )
    assert (published.published_by, published.draft) == (THE_PLATFORM, proposal().candidate)
    assert (published.adapts.base, published.adapts.proof_id) == (module().ref, PROOF)
    assert (recorded.published.version, recorded.proposal_id) == (2, proposal().proposal_id)
    used = [tuple(one.ref.version for one in given.modules) for given in services.named("transform.apply")]
    assert used == [(1,), (2,)]
    first, second = services.named("orchestrator.pin_modules")
    assert [ref.version for ref in first.modules] == [1]
    assert [ref.version for ref in second.modules] == [1, 2]
    assert [[ref.version for ref in chain] for chain in second.chains] == [[1], [2]]
    assert services.history["prove"] == services.history["publish"] == "succeeded"
    details = {entry.step: entry.detail for entry in services.named("orchestrator.record_step")}
    assert details["prove"] == (
        "march.csv: clean-flights version 1 with 0 steps before it, tried on 1 past inputs and on what came. Proven."
    )
    assert details["publish"] == "clean-flights version 2, made of version 1"


async def test_a_version_that_fits_is_used_and_nothing_is_published(client: Client) -> None:  # noqa: F811
    services = renaming()
    other = module(number=5).ref
    services.answers["connector.pull"] = lambda i: pulled(RENAMED_FILE)
    services.answers["schema_drift.settle"] = lambda i: SettleResult(decision="proceed", version=other)
    assert (await run(client, services)).outcome == "succeeded"
    assert services.named("transform.prove") == services.named("module_registry.publish") == []
    assert services.named("transform.apply")[0].modules[0].ref == other
    # The version that `current` meant was used for nothing: it is not among those that were.
    assert services.named("orchestrator.pin_modules")[-1].modules == (other,)
    assert services.named("orchestrator.pin_modules")[-1].chains == ()


async def test_a_person_approves_and_the_run_goes_on(client: Client) -> None:  # noqa: F811
    services = renaming()
    asking(services, ReviewOutcome(outcome="approved", decided_by=PERSON, reason="it is the same"))
    assert (await answered(client, services)).books == RowBooks(read=14, loaded=14)
    assert services.named("module_registry.publish")[0].published_by == PERSON
    assert not services.named("schema_drift.close_review")[0].timed_out
    begun = next(entry for entry in services.named("orchestrator.record_step") if entry.step == "review")
    assert begun.review_id == REVIEW
    assert begun.detail.startswith(f"Waits for a decision about review {REVIEW} until 2")


async def test_an_edit_is_proved_and_judged_again(client: Client) -> None:  # noqa: F811
    services = renaming()
    edited = proposal(number=2, origin="person")
    asking(services, ReviewOutcome(outcome="edited", proposal=edited, decided_by=PERSON))
    asked = services.answers["schema_drift.judge"]
    services.answers["schema_drift.judge"] = lambda i: (
        Judged(ruling="auto", proof_id=PROOF) if i.approved_in == REVIEW else asked(i)
    )
    assert (await answered(client, services)).outcome == "succeeded"
    assert [given.proposal.proposal_id for given in services.named("schema_drift.judge")] == [
        proposal().proposal_id,
        edited.proposal_id,
    ]
    (published,) = services.named("module_registry.publish")
    assert (published.draft, published.published_by) == (edited.candidate, PERSON)
    assert services.history["prove 2"] == "succeeded"


async def test_edits_come_to_an_end(client: Client) -> None:  # noqa: F811
    services = renaming()
    again = ReviewOutcome(outcome="edited", proposal=proposal(), decided_by=PERSON)
    asking(services, *[again] * 10)
    assert (await answered(client, services)).outcome == "partial"
    assert len(services.named("schema_drift.close_review")) == 6
    assert services.named("module_registry.publish") == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (ReviewOutcome(outcome="rejected", reason="another column"), "flight is number now. Rejected: another column"),
        (ReviewOutcome(outcome="expired"), "flight is number now. Nobody decided in time."),
    ],
    ids=["rejected", "expired"],
)
async def test_what_nobody_approves_is_set_aside(client: Client, outcome: ReviewOutcome, words: str) -> None:  # noqa: F811
    services = renaming()
    asking(services, outcome, wait=0.2 if outcome.outcome == "expired" else 3600)
    if outcome.outcome == "expired":
        result = await run(client, services)
        assert services.named("schema_drift.close_review")[0].timed_out
    else:
        result = await answered(client, services)
    assert result == RunResult(outcome="partial", books=RowBooks(read=14, loaded=10, quarantined=4))
    (entry,) = services.named("schema_drift.quarantine_file")
    assert (entry.object.key, entry.summary, entry.report_id) == ("march.csv", words, UUID(int=3))
    assert services.named("module_registry.publish") == []


async def test_silence_lets_a_veto_pass_what_would_happen_anyway(client: Client) -> None:  # noqa: F811
    services = renaming()
    asking(services, ReviewOutcome(outcome="approved"), wait=0.2, ruling="auto_after")
    assert (await run(client, services)).outcome == "succeeded"
    assert services.named("module_registry.publish")[0].published_by == THE_PLATFORM


async def test_a_policy_may_make_silence_a_failure(client: Client) -> None:  # noqa: F811
    services = renaming(drift=DriftPolicy(on_timeout="refuse"))
    asking(services, ReviewOutcome(outcome="expired"), wait=0.2)
    assert await fails(client, services) == "schema_drift"
    assert services.named("connector.push") == []
    assert services.named("connector.close_window")[0].outcome == "released"


@pytest.mark.parametrize("ruling", ["quarantine", "refuse"])
async def test_what_is_not_proved_is_set_aside_with_its_reason(client: Client, ruling: Any) -> None:  # noqa: F811
    services = renaming()
    services.answers["schema_drift.judge"] = lambda i: Judged(
        ruling=ruling, proof_id=PROOF, summary="Keys repeat.", advice="Look at them."
    )
    assert (await run(client, services)).outcome == "partial"
    (entry,) = services.named("schema_drift.quarantine_file")
    assert (entry.summary, entry.advice) == ("flight is number now. Keys repeat.", "Look at them.")
    assert services.named("module_registry.publish") == []


@pytest.mark.parametrize("command", ["transform.prove", "module_registry.publish"])
async def test_that_healing_fails_is_no_reason_for_the_run_to_fail(client: Client, command: str) -> None:  # noqa: F811
    services = renaming()

    def refuses(asked: Any) -> Any:
        raise ApplicationError("no room", type=ErrorType.CONFLICT.value, non_retryable=True)

    services.answers[command] = refuses
    assert (await run(client, services)).outcome == "partial"
    (entry,) = services.named("schema_drift.quarantine_file")
    assert entry.summary == "flight is number now. It could not be adapted to: no room"
    assert services.named("schema_drift.record_adaptation") == []


async def test_a_run_that_waits_can_be_cancelled_and_nobody_is_asked_any_more(client: Client) -> None:  # noqa: F811
    services = renaming()
    asking(services, ReviewOutcome(outcome="expired"))
    async with services.working(client):
        handle: WorkflowHandle[Any, Any] = await start(client)
        await at_step(services, "review")
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(handle.result(), 60)
    assert isinstance(ended.value.cause, CancelledError)
    assert services.finished.outcome == "cancelled"
    assert [given.timed_out for given in services.named("schema_drift.close_review")] == [True]
    assert services.named("connector.close_window")[0].outcome == "released"
    assert services.named("connector.push") == services.named("schema_drift.quarantine_file") == []


async def test_a_run_waits_through_the_death_of_its_workers(client: Client) -> None:  # noqa: F811
    services = renaming()
    asking(services, ReviewOutcome(outcome="approved", decided_by=PERSON))
    async with services.working(client):
        handle = await start(client)
        await at_step(services, "review")
    # Nobody works now; what is decided meanwhile is heard by those who come next.
    await handle.signal(REVIEW_DECIDED, REVIEW)
    async with services.working(client):
        result = await asyncio.wait_for(handle.result(), 60)
    assert result.outcome == "succeeded"
    assert len(services.named("module_registry.publish")) == 1


async def test_two_groups_are_asked_about_at_once(client: Client) -> None:  # noqa: F811
    services = renaming()
    files = (group(4, "march.csv", shape=RENAMED), group(5, "april.csv", shape=RENAMED))
    services.answers["connector.pull"] = lambda i: pulled(*files)
    judgements: list[UUID] = []

    def judge(asked: Any) -> Judged:
        judgements.append(UUID(int=50 + len(judgements)))
        return Judged(ruling="ask", proof_id=PROOF, review_id=judgements[-1], wait_seconds=3600)

    services.answers["schema_drift.judge"] = judge
    services.answers["schema_drift.close_review"] = lambda i: ReviewOutcome(
        outcome="approved" if i.review_id == UUID(int=51) else "rejected"
    )
    async with services.working(client):
        handle = await start(client)
        await at_step(services, "review")
        await at_step(services, "review 2")
        for review in reversed(judgements):
            await handle.signal(REVIEW_DECIDED, review)
        result = await asyncio.wait_for(handle.result(), 60)
    assert result.books == RowBooks(read=9, loaded=5, quarantined=4)
    assert services.named("orchestrator.pin_modules")[-1].modules[0].module_id == MODULE_ID
