"""Temporal as the chassis uses it: ids are used once, histories hold no secret, activities know whose work they do."""

import asyncio
import base64
import dataclasses
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.converter import DefaultFailureConverter
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from contracts.runs import PERMANENT, ErrorType
from deploy.local.state import State
from services.chassis import metrics
from services.chassis.scrubbing import Scrubber
from services.chassis.temporal import TemporalGateway, TemporalUnavailable, build_worker, connect, failure
from services.chassis.visibility import ensure_search_attributes
from tests.integration.chassis.conftest import until
from tests.integration.chassis.temporal_story import Clumsy, Story, StoryInput, StoryResult, tell

TENANT = uuid.UUID(int=42)
CANARY = "canary-4711-swordfish"


@pytest.fixture
def settings(servers: State, tmp_path: Path) -> Any:
    """Where Temporal is, and a key."""
    path = tmp_path / "payload-keys.json"
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    path.write_text(json.dumps({"primary": "k1", "keys": {"k1": key}}))
    return SimpleNamespace(
        temporal=servers.temporal, temporal_namespace=servers.temporal_namespace, payload_key_file=path
    )


@pytest.fixture
async def client(settings: Any) -> Client:
    """A client as every service has it."""
    return await connect(settings)


@pytest.fixture
async def queue(client: Client) -> AsyncIterator[str]:
    """A running worker's queue."""
    name = f"story-{secrets.token_hex(4)}"
    async with worker(client, name):
        yield name


def worker(client: Client, queue: str) -> Worker:
    """A worker as every service has it."""
    scrubber = Scrubber()
    scrubber.add(CANARY)
    return build_worker(client, queue, activities=[tell], workflows=[Story, Clumsy], scrubber=scrubber)


def story(ending: str = "good") -> StoryInput:
    """The workflow's input."""
    return StoryInput(tenant=TENANT, run_id=uuid.uuid4(), secret=CANARY, ending=ending)


async def history(client: Client, id: str) -> bytes:
    """All that the server keeps of a workflow, as bytes."""
    request = GetWorkflowExecutionHistoryRequest(namespace=client.namespace)
    request.execution.workflow_id = id
    answer = await client.workflow_service.get_workflow_execution_history(request)
    return answer.SerializeToString()


async def test_results_and_the_tenant_of_the_work(client: Client, queue: str) -> None:
    gateway = TemporalGateway(client)
    id = f"story/{uuid.uuid4()}"
    result = await gateway.execute("story", id, story(), StoryResult, timedelta(seconds=20), queue=queue)
    assert result == StoryResult(secret=CANARY, tenant=TENANT, attempts=1)
    # Who asks again gets the same answer.
    again = await gateway.execute("story", id, story("permanent"), StoryResult, timedelta(seconds=20), queue=queue)
    assert again == result
    counted = metrics.ACTIVITIES.labels(queue, "story.tell", "succeeded")
    assert counted._value.get() == 1


async def test_an_id_is_used_once_running_or_ended(client: Client, queue: str) -> None:
    gateway = TemporalGateway(client)
    id = f"story/{uuid.uuid4()}"
    starts = await asyncio.gather(*(gateway.start("story", id, story(), queue=queue) for _ in range(20)))
    assert sorted(starts) == [False] * 19 + [True]
    await client.get_workflow_handle(id).result()
    assert not await gateway.start("story", id, story(), queue=queue)


async def test_workflows_are_found_by_tenant_and_run(client: Client, queue: str) -> None:
    await ensure_search_attributes(client)
    told = story()
    id = f"story/{uuid.uuid4()}"
    await TemporalGateway(client).start("story", id, told, queue=queue)
    query = f"TenantId = '{TENANT}' AND ModularDataRun = '{told.run_id}'"

    async def found() -> bool:
        return [execution.id async for execution in client.list_workflows(query)] == [id]

    await until(found)


@pytest.mark.parametrize("ending", ["good", "unknown", "permanent"])
async def test_no_history_holds_the_canary(client: Client, queue: str, ending: str) -> None:
    gateway = TemporalGateway(client)
    id = f"story/{uuid.uuid4()}"
    execution = gateway.execute("story", id, story(ending), StoryResult, timedelta(seconds=30), queue=queue)
    if ending == "good":
        await execution
    else:
        with pytest.raises(ApplicationError) as caught:
            await execution
        assert CANARY not in str(caught.value)
    kept = await history(client, id)
    assert b"story.tell" in kept
    assert CANARY.encode() not in kept
    assert b"no such table" not in kept
    assert b"temporal_story.py" not in kept  # nor a stack trace


async def test_the_default_failure_converter_lets_it_out(settings: Any, client: Client) -> None:
    """The mechanisms removed: the library's own failure converter, and no scrubbing around the activity."""
    config = client.config()
    config["data_converter"] = dataclasses.replace(
        client.data_converter, failure_converter_class=DefaultFailureConverter
    )
    leaky = Client(**config)
    queue, id = f"story-{secrets.token_hex(4)}", f"story/{uuid.uuid4()}"
    async with Worker(leaky, task_queue=queue, activities=[tell], workflows=[Story]):
        with pytest.raises(ApplicationError):
            await TemporalGateway(leaky).execute(
                "story", id, story("unknown"), StoryResult, timedelta(seconds=30), queue=queue
            )
    kept = await history(client, id)
    assert CANARY.encode() in kept
    assert b"temporal_story.py" in kept


async def test_failures_keep_their_type_and_lose_their_secrets(client: Client, queue: str) -> None:
    gateway = TemporalGateway(client)

    async def failed(ending: str) -> ApplicationError:
        with pytest.raises(ApplicationError) as caught:
            await gateway.execute(
                "story", f"story/{uuid.uuid4()}", story(ending), StoryResult, timedelta(seconds=30), queue=queue
            )
        return caught.value

    known, unknown = await failed("permanent"), await failed("unknown")
    assert (known.type, known.message) == (ErrorType.NOT_FOUND, "there is no such table")
    assert known.details == ({"hint": "[secret]"},)
    assert (unknown.type, unknown.message) == ("ValueError", "story.tell failed")


async def test_what_passes_is_tried_again(client: Client, queue: str) -> None:
    result = await TemporalGateway(client).execute(
        "story", f"story/{uuid.uuid4()}", story("passing"), StoryResult, timedelta(seconds=30), queue=queue
    )
    assert result.attempts == 3


async def test_a_cancelled_workflow_ends_its_activity(client: Client, queue: str) -> None:
    gateway = TemporalGateway(client)
    id = f"story/{uuid.uuid4()}"
    await gateway.start("story", id, story("cancelled"), queue=queue)
    handle = client.get_workflow_handle(id)

    async def under_way() -> bool:
        return bool((await handle.describe()).raw_description.pending_activities)

    async def ended() -> bool:
        return (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING

    await until(under_way)
    assert await gateway.cancel(id)
    await until(ended)
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert not await gateway.cancel(f"story/{uuid.uuid4()}")


async def test_the_sandbox_is_on(client: Client, queue: str) -> None:
    id = f"clumsy/{uuid.uuid4()}"
    await TemporalGateway(client).start("clumsy", id, story(), queue=queue)
    handle = client.get_workflow_handle(id)

    # The task fails and is tried again; the workflow itself neither ends nor goes on.
    async def refused() -> bool:
        return "RestrictedWorkflowAccessError" in str(await handle.fetch_history())

    await until(refused)
    await handle.terminate()


async def test_a_server_that_is_away_is_the_worlds_fault(settings: Any) -> None:
    settings.temporal = "127.0.0.1:9"
    started = time.monotonic()
    with pytest.raises(TemporalUnavailable):
        await connect(settings, patience=1.0)
    assert time.monotonic() - started < 8
    with pytest.raises(TemporalUnavailable):
        await TemporalGateway().start("story", "id", story())


def test_which_failures_are_final_is_the_contracts_word() -> None:
    for kind in ErrorType:
        assert failure(kind, "m").non_retryable == (kind in PERMANENT)
