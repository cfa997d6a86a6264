"""A run that asks a model, on a real Temporal server: its proposal goes the way of any, and may come to nothing."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from contracts.adaptation import ReviewOutcome
from contracts.commands.schema_drift import Considered
from contracts.runs import RunResult
from tests.integration.orchestrator.stub_services import StubServices, proposal, unsure
from tests.integration.orchestrator.test_healing import answered, asking, renaming, settles
from tests.integration.orchestrator.test_run_story import client, fails, run  # noqa: F401 - a fixture

MODEL = proposal(number=7, origin="model")
ASKS = ("transform.propose_prelude", "schema_drift.consider")


def doubting(*, rules: bool = False) -> StubServices:
    """One file fits; of the other, the rules know no way, or a doubtful one."""
    services = renaming()
    services.answers["schema_drift.settle"] = lambda i: (
        unsure(rules=rules) if settles(i).proposal is not None else settles(i)
    )
    return services


def details(services: StubServices) -> dict[str, str]:
    return {entry.step: entry.detail for entry in services.named("orchestrator.record_step")}


async def test_what_a_model_proposes_is_proven_approved_and_published(client: Client) -> None:  # noqa: F811
    services = doubting()
    asking(services, ReviewOutcome(outcome="approved"))
    assert (await answered(client, services)).outcome == "succeeded"
    (asked,), (considered,) = (services.named(name) for name in ASKS)
    assert (asked.question, asked.report_id) == (unsure().question, unsure().report_id)
    assert [step.kind for step in considered.steps] == ["rename"]
    (judged,), (made,) = services.named("schema_drift.judge"), services.named("module_registry.publish")
    assert (judged.proposal, made.draft) == (MODEL, MODEL.candidate)
    assert details(services)["ask_model"] == "The model proposed 1 steps."


def gone(asked: Any) -> Any:
    raise ApplicationError("a stack trace of somebody", type="Whatever", non_retryable=True)


@pytest.mark.parametrize("service", ASKS)
async def test_a_model_that_is_gone_changes_nothing_but_a_line(client: Client, service: str) -> None:  # noqa: F811
    services = doubting()
    services.answers[service] = gone
    services.answers["schema_drift.consider"] = gone if service == ASKS[1] else lambda i: Considered(said=i.said)
    assert (await run(client, services)).outcome == "partial"
    (set_aside,) = services.named("schema_drift.quarantine_file")
    assert (set_aside.reason, set_aside.summary) == ("drift", "flight is gone.")
    assert services.history["ask_model"] == "succeeded"
    assert "could not be" in details(services)["ask_model"]
    assert "stack trace" not in details(services)["ask_model"]
    assert services.named("transform.prove") == []


@pytest.mark.parametrize("end", ["unproven steps", "refuted", "rejected"])
async def test_where_a_model_s_proposal_ends_the_rules_own_goes_its_way(client: Client, end: str) -> None:  # noqa: F811
    services = doubting(rules=True)
    ordinary = services.answers["schema_drift.judge"]
    asking(services, ReviewOutcome(outcome="rejected", reason="no"))
    of_model = services.answers["schema_drift.judge"]
    if end == "refuted":
        of_model = lambda i: ordinary(i).model_copy(update={"ruling": "quarantine"})  # noqa: E731
    services.answers["schema_drift.judge"] = lambda i: (of_model if i.proposal == MODEL else ordinary)(i)
    if end == "unproven steps":
        services.answers["transform.prove"] = _proving(services)
    story = answered(client, services) if end == "rejected" else run(client, services)
    result = await asyncio.wait_for(story, 90)
    assert isinstance(result, RunResult)
    assert result.outcome == "succeeded"
    (made,) = services.named("module_registry.publish")
    assert made.draft == proposal().candidate
    assert len(services.named("transform.propose_prelude")) == 1


def _proving(services: StubServices) -> Any:
    ordinary = services.answers["transform.prove"]

    def prove(asked: Any) -> Any:
        return (
            gone(asked)
            if asked.candidate.input_contract == MODEL.candidate.input_contract
            and len(services.named("transform.prove")) == 1
            else ordinary(asked)
        )

    return prove


async def test_a_question_that_nobody_answers_is_not_asked_twice(client: Client) -> None:  # noqa: F811
    services = doubting(rules=True)
    asking(services, ReviewOutcome(outcome="expired"), wait=0.2)
    assert (await run(client, services)).outcome == "partial"
    (set_aside,) = services.named("schema_drift.quarantine_file")
    assert set_aside.summary == "flight is gone. Nobody decided in time."
    assert [one.proposal for one in services.named("schema_drift.judge")] == [MODEL]
