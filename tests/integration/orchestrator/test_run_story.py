"""The story of a run on a real Temporal server; the other services are stubs of the same names."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, CancelledError

from contracts.commands.command import WindowRequest
from contracts.commands.connector import PullResult, PushResult, UnreadableObject
from contracts.commands.module_registry import ResolveModuleResult
from contracts.commands.schema_drift import SettleResult
from contracts.commands.transform import ApplyResult, StepBooks
from contracts.data import LogicalType, RowBooks
from contracts.runs import QUEUE, RUN_WORKFLOW, ErrorType, RunInput, RunResult, run_id
from deploy.local.state import State
from tests.integration.orchestrator.stub_services import (
    StubServices,
    dataset,
    group,
    module,
    object_version,
    pulled,
    refused,
    schema,
)

TENANT = UUID(int=1)


@pytest.fixture
async def client(namespace: State) -> Client:
    return await Client.connect(
        namespace.temporal, namespace=namespace.temporal_namespace, data_converter=pydantic_data_converter
    )


async def start(client: Client) -> Any:
    run = uuid4()
    return await client.start_workflow(
        RUN_WORKFLOW,
        RunInput(tenant=TENANT, run_id=run),
        id=run_id(TENANT, run),
        task_queue=QUEUE,
        result_type=RunResult,
    )


async def run(client: Client, services: StubServices) -> RunResult:
    async with services.working(client):
        result = await asyncio.wait_for((await start(client)).result(), 60)
    assert isinstance(result, RunResult)
    return result


async def fails(client: Client, services: StubServices) -> str | None:
    """Run to a failure; the code with which the run was finished."""
    with pytest.raises(WorkflowFailureError):
        await run(client, services)
    assert services.finished.outcome == "failed"
    return services.finished.error_code


def unfit() -> SettleResult:
    return SettleResult(decision="quarantine", report_id=UUID(int=3), summary="column gone", advice="rename it")


async def test_good_run_goes_through_every_step_once(client: Client) -> None:
    services = StubServices()
    books = StepBooks(module="clean-flights", step=0, kind="filter", rows_in=10, rows_out=7, filtered=2, deduplicated=1)
    services.answers["transform.apply"] = lambda i: ApplyResult(dataset=dataset(7), books=(books,))
    result = await run(client, services)
    assert result == RunResult(outcome="succeeded", books=RowBooks(read=10, loaded=7, filtered=2, deduplicated=1))
    assert services.order == [
        "orchestrator.start_run",
        "module_registry.resolve",
        "orchestrator.pin_modules",
        "connector.pull",
        "schema_drift.settle",
        "transform.apply",
        "connector.push",
        "connector.close_window",
        "orchestrator.finish_run",
    ]
    assert services.history == dict.fromkeys(
        ["resolve_modules", "pull", "settle_drift", "transform", "push", "close_window"], "succeeded"
    )
    (pull,) = services.named("connector.pull")
    assert pull.expected == module().input_contract
    assert pull.claim
    assert services.finished.step_books == (books,)
    assert services.named("connector.close_window")[0].outcome == "committed"


async def test_without_modules_transform_is_skipped_and_drift_hears_of_the_source(
    client: Client,
) -> None:
    services = StubServices(modules=())
    assert (await run(client, services)).outcome == "succeeded"
    assert "transform.apply" not in services.order
    assert services.named("connector.pull")[0].expected is None
    (settle,) = services.named("schema_drift.settle")
    assert settle.module is None
    assert (settle.source, settle.released) == (services.definition.source, False)
    assert services.history["transform"] == "skipped"


async def test_file_that_does_not_fit_waits_and_the_others_load(client: Client) -> None:
    services = StubServices()
    renamed = schema(carrier=LogicalType.STRING, number=LogicalType.INTEGER)
    services.answers["connector.pull"] = lambda i: pulled(group(10, "good.csv"), group(4, "bad.csv", shape=renamed))
    services.answers["schema_drift.settle"] = lambda i: (
        unfit() if i.group.dataset.fingerprint == renamed.fingerprint else SettleResult(decision="proceed")
    )
    result = await run(client, services)
    assert result == RunResult(outcome="partial", books=RowBooks(read=14, loaded=10, quarantined=4))
    (entry,) = services.named("schema_drift.quarantine_file")
    assert (entry.object.key, entry.preserved_uri, entry.rows) == ("bad.csv", "kept/bad.csv", 4)
    assert (entry.reason, entry.report_id, entry.advice) == ("drift", UUID(int=3), "rename it")
    assert [d.rows for d in services.named("connector.push")[0].datasets] == [10]


async def test_only_bad_files_load_nothing_and_close_the_window(client: Client) -> None:
    services = StubServices()
    services.answers["schema_drift.settle"] = lambda i: unfit()
    result = await run(client, services)
    assert result == RunResult(outcome="quarantined", books=RowBooks(read=10, quarantined=10))
    assert "connector.push" not in services.order
    assert services.history["push"] == "skipped"
    assert services.named("connector.close_window")[0].outcome == "committed"


async def test_rows_of_several_files_are_shared_out_when_they_are_known(client: Client) -> None:
    services = StubServices()
    several = group(10, "a.csv", "b.csv").model_copy(update={"object_rows": (3, 7)})
    services.answers["connector.pull"] = lambda i: pulled(several)
    services.answers["schema_drift.settle"] = lambda i: unfit()
    await run(client, services)
    assert [(e.object.key, e.rows) for e in services.named("schema_drift.quarantine_file")] == [
        ("a.csv", 3),
        ("b.csv", 7),
    ]


async def test_unreadable_file_waits_with_its_reason(client: Client) -> None:
    services = StubServices()
    broken = UnreadableObject(object=object_version("cut.csv"), code="unterminated_quote", message="line 9: quote")
    services.answers["connector.pull"] = lambda i: pulled(group(5), unreadable=(broken,))
    assert (await run(client, services)).outcome == "partial"
    (entry,) = services.named("schema_drift.quarantine_file")
    assert (entry.reason, entry.rows, entry.summary) == ("unterminated_quote", 0, "line 9: quote")


async def test_rows_refused_by_reader_and_module_are_set_aside_and_counted(client: Client) -> None:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: pulled(group(10), rows_read=12, quarantined=(refused(2),))
    services.answers["transform.apply"] = lambda i: ApplyResult(
        dataset=dataset(9), quarantined=(refused(1, "cast_failed"),)
    )
    result = await run(client, services)
    assert result == RunResult(outcome="partial", books=RowBooks(read=12, loaded=9, quarantined=3))
    assert [e.rows.reason for e in services.named("schema_drift.quarantine_rows")] == ["ragged", "cast_failed"]


async def test_parser_that_loses_a_row_fails_the_run_before_anything_is_loaded(client: Client) -> None:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: pulled(group(9), rows_read=10)
    assert await fails(client, services) == "books_unbalanced"
    assert services.finished.message == "The books do not balance: 1 row unaccounted for. Nothing was loaded."
    assert "connector.push" not in services.order
    assert services.named("connector.close_window")[0].outcome == "released"


async def test_destination_that_loses_a_row_fails_the_run(client: Client) -> None:
    services = StubServices()
    services.answers["connector.push"] = lambda i: PushResult(
        rows=10, inserted=9, updated=0, deduplicated=0, bytes=90, attempt=1
    )
    assert await fails(client, services) == "books_unbalanced"
    assert services.named("connector.close_window")[0].outcome == "committed"


async def test_permanent_failure_before_push_gives_the_window_back(client: Client) -> None:
    services = StubServices()

    def broken(asked: Any) -> Any:
        raise ApplicationError("column 'x' is not there", type=ErrorType.RECIPE_INVALID)

    services.answers["transform.apply"] = broken
    assert await fails(client, services) == "recipe_invalid"
    assert services.finished.message == "column 'x' is not there"
    assert len(services.named("transform.apply")) == 1
    (closed,) = services.named("connector.close_window")
    assert closed.outcome == "released"
    assert services.history["transform"] == "failed"


async def test_pull_that_fails_releases_whatever_the_run_claimed(client: Client) -> None:
    services = StubServices()

    def broken(asked: Any) -> Any:
        raise ApplicationError("password authentication failed", type=ErrorType.AUTHENTICATION_FAILED)

    services.answers["connector.pull"] = broken
    assert await fails(client, services) == "authentication_failed"
    (closed,) = services.named("connector.close_window")
    assert (closed.window_id, closed.outcome) == (None, "released")


async def test_failure_of_a_push_keeps_the_window_for_the_ledger_to_judge(client: Client) -> None:
    services = StubServices()

    def broken(asked: Any) -> Any:
        raise ApplicationError("permission denied for table flights", type=ErrorType.PERMISSION_DENIED)

    services.answers["connector.push"] = broken
    assert await fails(client, services) == "permission_denied"
    assert services.named("connector.close_window") == []


async def test_accident_in_a_service_keeps_its_words_to_itself(client: Client) -> None:
    services = StubServices()

    def broken(asked: Any) -> Any:
        raise ApplicationError("postgresql://u:CANARY@h/db", type="KeyError", non_retryable=True)

    services.answers["schema_drift.settle"] = broken
    assert await fails(client, services) == "internal_error"
    assert "CANARY" not in services.finished.model_dump_json()
    assert all("CANARY" not in entry.detail for entry in services.named("orchestrator.record_step"))


async def test_unknown_module_fails_the_run_before_a_window_is_claimed(client: Client) -> None:
    services = StubServices()
    services.answers["module_registry.resolve"] = lambda i: ResolveModuleResult(problem="no version 9")
    assert await fails(client, services) == "not_found"
    assert "connector.pull" not in services.order
    assert "connector.close_window" not in services.order


async def test_passing_failure_is_tried_again_and_the_attempt_is_told(client: Client) -> None:
    services = StubServices()
    tries: list[int] = []
    push = services.answers["connector.push"]

    def flaky(asked: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise ApplicationError("connection reset", type=ErrorType.UNREACHABLE_TIMEOUT)
        return push(asked)

    services.answers["connector.push"] = flaky
    assert (await run(client, services)).outcome == "succeeded"
    recorded = [e for e in services.named("orchestrator.record_step") if e.step == "push" and e.state == "succeeded"]
    assert [entry.attempts for entry in recorded] == [2]


async def test_empty_source_does_not_empty_the_destination(client: Client) -> None:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: pulled(group(0))
    assert (await run(client, services)).outcome == "succeeded"
    assert "connector.push" not in services.order


async def test_nothing_new_is_a_success_without_rows(client: Client) -> None:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: PullResult()
    assert await run(client, services) == RunResult(outcome="succeeded", books=RowBooks())
    assert services.history["settle_drift"] == "skipped"
    assert "connector.close_window" not in services.order


async def test_drift_that_must_fail_says_so(client: Client) -> None:
    services = StubServices()
    services.answers["schema_drift.settle"] = lambda i: SettleResult(decision="fail", summary="flight is gone")
    assert await fails(client, services) == "schema_drift"
    assert services.finished.message == "flight is gone"


@pytest.mark.parametrize(("decision", "outcome"), [("proceed", "loaded"), ("quarantine", "quarantined")])
async def test_released_file_is_settled(client: Client, decision: str, outcome: str) -> None:
    services = StubServices()
    entry = uuid4()
    services.window = WindowRequest(quarantine_entry=entry, preserved_uri="kept/x", preserved_object="landing/x")
    services.answers["schema_drift.settle"] = lambda i: SettleResult(decision=decision)
    await run(client, services)
    (settled,) = services.named("schema_drift.settle_entry")
    assert (settled.entry_id, settled.outcome) == (entry, outcome)
    # Set aside again, it gets a new entry with its new reason; its bytes are kept already.
    again = [file.preserved_uri for file in services.named("schema_drift.quarantine_file")]
    assert again == (["kept/x"] if decision == "quarantine" else [])
    assert "connector.preserve" not in services.order


async def test_released_file_that_fails_is_settled_as_failed_even_when_the_entry_is_gone(client: Client) -> None:
    services = StubServices()
    services.window = WindowRequest(quarantine_entry=uuid4(), preserved_uri="kept/x", preserved_object="landing/x")

    def gone(asked: Any) -> Any:
        raise ApplicationError("no such entry", type=ErrorType.NOT_FOUND)

    def broken(asked: Any) -> Any:
        raise ApplicationError("refused", type=ErrorType.DESTINATION_REFUSED)

    services.answers["schema_drift.settle_entry"] = gone
    services.answers["connector.push"] = broken
    assert await fails(client, services) == "destination_refused"
    assert services.named("schema_drift.settle_entry")[0].outcome == "failed"


async def test_cancelled_run_is_finished_as_cancelled_and_gives_its_window_back(client: Client) -> None:
    services = StubServices()
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(asked: Any) -> Any:
        reached.set()
        await go_on.wait()
        return SettleResult(decision="proceed")

    services.answers["schema_drift.settle"] = slow
    async with services.working(client):
        handle = await start(client)
        await asyncio.wait_for(reached.wait(), 30)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(handle.result(), 30)
        go_on.set()
    assert isinstance(failed.value.cause, CancelledError)
    assert (services.finished.outcome, services.finished.error_code) == ("cancelled", "cancelled")
    assert services.named("connector.close_window")[0].outcome == "released"


async def test_cancellation_during_a_push_that_ends_well_comes_too_late(client: Client) -> None:
    services = StubServices()
    reached, go_on = asyncio.Event(), asyncio.Event()
    push = services.answers["connector.push"]

    async def slow(asked: Any) -> Any:
        reached.set()
        await go_on.wait()
        return push(asked)

    services.answers["connector.push"] = slow
    async with services.working(client):
        handle = await start(client)
        await asyncio.wait_for(reached.wait(), 30)
        await handle.cancel()
        go_on.set()
        result = await asyncio.wait_for(handle.result(), 30)
    assert result.outcome == "succeeded"
    assert services.named("connector.close_window")[0].outcome == "committed"
