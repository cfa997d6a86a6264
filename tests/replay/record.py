"""Records the histories that `test_replay.py` replays: `python -m tests.replay.record [NAME…]`.

The workflows run on a server of this command's own, against stubs of all activities; histories are kept without
encryption. Record one anew only when no run of an earlier release can still be under way.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from contracts.adaptation import Judged, ReviewOutcome
from contracts.commands.command import Nothing, WindowRequest
from contracts.commands.connector import PullResult, UnreadableObject
from contracts.commands.schema_drift import Considered, SettleInput, SettleResult
from contracts.commands.transform import ApplyResult
from contracts.data import LogicalType
from contracts.differences import FileInput, NodeInput, RunInputRows, Table
from contracts.recipe import Recipe
from contracts.runs import (
    CHECK_MODULE,
    COMPARE_VERSIONS,
    DEPLOY_MODULE,
    OPEN_SESSION,
    QUEUE,
    REPLAY_PROOF,
    REVIEW_DECIDED,
    RUN_WORKFLOW,
    SESSION_TASK,
    TRY_MODULE,
    VALIDATE_WORKFLOW,
    CheckModuleInput,
    CompareVersionsInput,
    DeployModuleInput,
    ErrorType,
    OpenSessionInput,
    ReplayProofInput,
    RunInput,
    SessionTaskInput,
    TryModuleInput,
    ValidateWorkflowInput,
)
from contracts.workflow import ModuleDraft
from tests.integration.orchestrator.stub_services import (
    FLIGHTS,
    RENAMED,
    StubServices,
    group,
    module,
    object_version,
    proposal,
    proposed,
    pulled,
    refused,
    schema,
    unsure,
)
from tests.integration.orchestrator.test_replaying_proofs import ASKED
from tests.integration.orchestrator.world import until
from tests.replay.anonymous import anonymous

FOLDER = Path(__file__).parent / "histories"
SERVER = Path(sys.executable).parent / "temporal"
TENANT, ID, REVIEW = UUID(int=1), UUID(int=2), UUID(int=5)
Scenario = tuple[str, Any, StubServices]
Meanwhile = Callable[[WorkflowHandle[Any, Any]], Awaitable[None]]


async def nothing_else(handle: WorkflowHandle[Any, Any]) -> None:
    """Most histories go by themselves."""


def unfit(asked: SettleInput) -> SettleResult:
    fits = asked.group.dataset.table_schema.column("flight") is not None
    return SettleResult(decision="proceed" if fits else "quarantine", report_id=ID, summary="flight is gone")


def refuse(type: ErrorType) -> Callable[[Any], Any]:
    def answer(asked: Any) -> Any:
        raise ApplicationError("refused", type=type)

    return answer


def run() -> RunInput:
    return RunInput(tenant=TENANT, run_id=ID)


def partial() -> Scenario:
    services, renamed = StubServices(), schema(carrier=LogicalType.STRING)
    broken = UnreadableObject(object=object_version("c.csv"), code="truncated", message="cut short")
    bad: dict[str, Any] = {"rows_read": 16, "quarantined": (refused(2),), "unreadable": (broken,)}
    services.answers["connector.pull"] = lambda i: pulled(group(10, "a.csv"), group(4, "b.csv", shape=renamed), **bad)
    services.answers["schema_drift.settle"] = unfit
    services.answers["transform.apply"] = lambda i: ApplyResult(
        dataset=i.dataset.model_copy(update={"rows": 9}), quarantined=(refused(1, "cast_failed"),)
    )
    return RUN_WORKFLOW, run(), services


def quarantined() -> Scenario:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: pulled(group(4, shape=schema(carrier=LogicalType.STRING)))
    services.answers["schema_drift.settle"] = unfit
    return RUN_WORKFLOW, run(), services


def released() -> Scenario:
    _, asked, services = quarantined()
    services.window = WindowRequest(quarantine_entry=ID, preserved_uri="kept/x", preserved_object="landing/x")
    return RUN_WORKFLOW, asked, services


def nothing_new() -> Scenario:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: PullResult()
    return RUN_WORKFLOW, run(), services


def retried_push() -> Scenario:
    services, tries = StubServices(), list[int]()
    push = services.answers["connector.push"]

    def flaky(asked: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise ApplicationError("connection reset", type=ErrorType.UNREACHABLE_TIMEOUT)
        return push(asked)

    services.answers["connector.push"] = flaky
    return RUN_WORKFLOW, run(), services


def failed_pull() -> Scenario:
    services = StubServices()
    services.answers["connector.pull"] = refuse(ErrorType.AUTHENTICATION_FAILED)
    return RUN_WORKFLOW, run(), services


def failed_transform() -> Scenario:
    services = StubServices()
    services.answers["transform.apply"] = refuse(ErrorType.EXPRESSION_FAILED)
    return RUN_WORKFLOW, run(), services


def failed_push() -> Scenario:
    services = StubServices()
    services.answers["connector.push"] = refuse(ErrorType.DESTINATION_REFUSED)
    return RUN_WORKFLOW, run(), services


def unbalanced() -> Scenario:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: pulled(group(9), rows_read=10)
    return RUN_WORKFLOW, run(), services


def cancelled() -> Scenario:
    services = StubServices()

    async def slow(asked: Any) -> Any:
        await asyncio.sleep(3600)

    services.answers["schema_drift.settle"] = slow
    return RUN_WORKFLOW, run(), services


def cancelled_too_late() -> Scenario:
    services = StubServices()

    async def slow(asked: Any) -> Any:
        await asyncio.sleep(1)
        return Nothing()

    services.answers["connector.close_window"] = slow
    return RUN_WORKFLOW, run(), services


def healed() -> Scenario:
    """Of three groups one fits, one is adapted to, and one goes through another version."""
    services = StubServices()
    other = schema(carrier=LogicalType.STRING)
    services.answers["connector.pull"] = lambda i: pulled(
        group(10, "a.csv"), group(4, "b.csv", shape=RENAMED), group(3, "c.csv", shape=other)
    )
    another = SettleResult(decision="proceed", version=module(number=5).ref)
    settled = {RENAMED.fingerprint: proposed(), other.fingerprint: another}
    services.answers["schema_drift.settle"] = lambda i: settled.get(
        i.group.dataset.fingerprint, SettleResult(decision="proceed")
    )
    return RUN_WORKFLOW, run(), services


def reviewed(*outcomes: ReviewOutcome, wait: float = 3600) -> Scenario:
    """A person is asked."""
    _, asked, services = healed()
    answers = iter(outcomes)
    services.answers["schema_drift.judge"] = lambda i: Judged(
        ruling="ask", proof_id=ID, review_id=REVIEW, wait_seconds=wait
    )
    services.answers["schema_drift.close_review"] = lambda i: next(answers)
    return RUN_WORKFLOW, asked, services


def edited_then_approved() -> Scenario:
    edited = ReviewOutcome(outcome="edited", proposal=proposal(number=2, origin="person"))
    return reviewed(edited, ReviewOutcome(outcome="approved"))


def by_model(made: Scenario, *, gone: bool = False) -> Scenario:
    """A model is asked first."""
    answers = made[2].answers
    settle = answers["schema_drift.settle"]
    answers["schema_drift.settle"] = lambda i: settle(i) if settle(i).proposal is None else unsure()
    if gone:
        answers["schema_drift.consider"] = lambda i: Considered(said="The model took too long to answer.")
    return made


async def waits(handle: WorkflowHandle[Any, Any]) -> None:
    """Until the run waits for a person."""

    async def waiting() -> bool:
        return any(one.HasField("timer_started_event_attributes") for one in (await handle.fetch_history()).events)

    await until(waiting)


async def decide(handle: WorkflowHandle[Any, Any]) -> None:
    await waits(handle)
    await handle.signal(REVIEW_DECIDED, REVIEW)


async def cancel_waiting(handle: WorkflowHandle[Any, Any]) -> None:
    await waits(handle)
    await handle.cancel()


def cancel_at(command: str) -> Meanwhile:
    """Cancel as soon as this command is under way."""

    async def cancel(handle: WorkflowHandle[Any, Any]) -> None:
        async def under_way() -> bool:
            pending = (await handle.describe()).raw_description.pending_activities
            return any(item.activity_type.name == command for item in pending)

        await until(under_way)
        await handle.cancel()

    return cancel


def session_opened() -> Scenario:
    asked = OpenSessionInput(tenant=TENANT, session_id=ID, connection="landing", selection={"path": "a.csv"})
    return OPEN_SESSION, asked, StubServices()


def session_failed() -> Scenario:
    _, asked, services = session_opened()
    services.answers["connector.pull"] = refuse(ErrorType.NOT_FOUND)
    return OPEN_SESSION, asked, services


def task_done() -> Scenario:
    return SESSION_TASK, SessionTaskInput(tenant=TENANT, task_id=ID), StubServices()


def task_failed() -> Scenario:
    _, asked, services = task_done()
    services.answers["transform.run_task"] = refuse(ErrorType.EXPRESSION_FAILED)
    return SESSION_TASK, asked, services


def module_deployed() -> Scenario:
    asked = DeployModuleInput(tenant=TENANT, session_id=ID, node_id=ID, name="clean-flights", deployed_by=ID)
    return DEPLOY_MODULE, asked, StubServices()


def validated() -> Scenario:
    services = StubServices()
    return VALIDATE_WORKFLOW, ValidateWorkflowInput(tenant=TENANT, definition=services.definition), services


def checked() -> Scenario:
    draft = ModuleDraft(name="clean-flights", recipe=Recipe(), input_contract=FLIGHTS, output_contract=FLIGHTS)
    return CHECK_MODULE, CheckModuleInput(tenant=TENANT, draft=draft), StubServices()


def proof_replayed() -> Scenario:
    services = StubServices()
    services.answers |= {"schema_drift.find_proof": lambda i: ASKED, "schema_drift.record_replay": lambda i: Nothing()}
    return REPLAY_PROOF, ReplayProofInput(tenant=TENANT, replay_id=ID, proof_id=ID), services


def compared() -> Scenario:
    asked = CompareVersionsInput(
        tenant=TENANT,
        comparison_id=ID,
        left=Table(name="clean-flights", version=1),
        right=Table(name="clean-flights", version=2),
        input=NodeInput(session_id=ID),
    )
    return COMPARE_VERSIONS, asked, StubServices()


def comparison_failed() -> Scenario:
    workflow, asked, services = compared()
    services.answers["transform.differ"] = refuse(ErrorType.EXPRESSION_FAILED)
    return workflow, asked.model_copy(update={"input": RunInputRows(run_id=ID)}), services


def tried() -> Scenario:
    asked = TryModuleInput(
        tenant=TENANT,
        trial_id=ID,
        module=Table(name="clean-flights", version=1),
        input=FileInput(connection="landing", selection={"path": "a.csv"}),
    )
    return TRY_MODULE, asked, StubServices()


def trial_failed() -> Scenario:
    workflow, asked, services = tried()
    services.answers["connector.pull"] = refuse(ErrorType.NOT_FOUND)
    return workflow, asked, services


SCENARIOS: dict[str, tuple[Callable[[], Scenario], Meanwhile]] = {
    "run_succeeded": (lambda: (RUN_WORKFLOW, run(), StubServices()), nothing_else),
    "run_without_modules": (lambda: (RUN_WORKFLOW, run(), StubServices(modules=())), nothing_else),
    "run_partial": (partial, nothing_else),
    "run_quarantined": (quarantined, nothing_else),
    "run_released_quarantined_again": (released, nothing_else),
    "run_nothing_new": (nothing_new, nothing_else),
    "run_retried_push": (retried_push, nothing_else),
    "run_failed_pull": (failed_pull, nothing_else),
    "run_failed_transform": (failed_transform, nothing_else),
    "run_failed_push": (failed_push, nothing_else),
    "run_unbalanced": (unbalanced, nothing_else),
    "run_cancelled": (cancelled, cancel_at("schema_drift.settle")),
    "run_cancelled_too_late": (cancelled_too_late, cancel_at("connector.close_window")),
    "run_healed": (healed, nothing_else),
    "run_review_edited_then_approved": (edited_then_approved, decide),
    "run_review_expired": (lambda: reviewed(ReviewOutcome(outcome="expired"), wait=0.2), nothing_else),
    "run_review_cancelled": (lambda: reviewed(ReviewOutcome(outcome="expired")), cancel_waiting),
    "run_model_approved": (lambda: by_model(reviewed(ReviewOutcome(outcome="approved"))), decide),
    "run_model_gone": (lambda: by_model(healed(), gone=True), nothing_else),
    "session_opened": (session_opened, nothing_else),
    "session_failed": (session_failed, nothing_else),
    "session_task_done": (task_done, nothing_else),
    "session_task_failed": (task_failed, nothing_else),
    "module_deployed": (module_deployed, nothing_else),
    "workflow_validated": (validated, nothing_else),
    "module_checked": (checked, nothing_else),
    "proof_replayed": (proof_replayed, nothing_else),
    "versions_compared": (compared, nothing_else),
    "comparison_failed": (comparison_failed, nothing_else),
    "module_tried": (tried, nothing_else),
    "trial_failed": (trial_failed, nothing_else),
}


async def record(client: Client, name: str) -> str:
    """Play one scenario to its end; its history as JSON."""
    make, meanwhile = SCENARIOS[name]
    workflow, asked, services = make()
    async with services.working(client):
        handle = await client.start_workflow(workflow, asked, id=name, task_queue=QUEUE)
        await meanwhile(handle)
        try:
            await asyncio.wait_for(handle.result(), 60)
        except WorkflowFailureError:
            print(f"{name}: ended with a failure, as some do")
    return anonymous((await handle.fetch_history()).to_json())


async def main(names: list[str]) -> None:
    """Record these, or all."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(SERVER), data_converter=pydantic_data_converter, dev_server_log_level="error"
    ) as server:
        for name in names or SCENARIOS:
            (FOLDER / f"{name}.json").write_text(await record(server.client, name) + "\n")
            print(f"{name}: recorded")


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # activities that fail are part of it
    asyncio.run(main(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)  # a Temporal client may crash the interpreter on its way out
