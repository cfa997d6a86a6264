"""A proof is made again of what it was made of, on a real Temporal server with stubs of the other services."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from contracts.adaptation import OutputFigures
from contracts.commands.command import RunScope
from contracts.commands.transform import ProveInput, ProveResult
from contracts.recipe import Recipe
from contracts.runs import QUEUE, REPLAY_PROOF, ErrorType, ReplayProofInput, replay_id
from deploy.local.state import State
from services.chassis.temporal import failure
from tests.integration.orchestrator.stub_services import FLIGHTS, StubServices, dataset, module, nothing

TENANT, REPLAY, PROOF = UUID(int=1), UUID(int=2), UUID(int=3)
INCOMING = OutputFigures(
    input=dataset(10), output_schema=FLIGHTS, rows_in=10, rows_out=10, unaccounted=0, quarantined=0
)
ASKED = ProveInput(
    scope=RunScope(tenant=TENANT, run_id=UUID(int=4), workflow_id=UUID(int=5), workflow="flights"),
    base=module(),
    candidate=module(),
    prelude=Recipe(),
    inverse=Recipe(),
    past=(),
    incoming=dataset(10),
)


def corrupt(asked: Any) -> Any:
    raise failure(ErrorType.DATASET_CORRUPT, "The dataset's files are gone.")


@pytest.mark.parametrize(
    ("prove", "found"),
    [
        (lambda asked: ProveResult(replays=(), incoming=INCOMING), (INCOMING, None, None)),
        (corrupt, (None, "dataset_corrupt", "The dataset's files are gone.")),
    ],
)
async def test_what_was_asked_is_asked_again_and_the_answer_handed_over(
    namespace: State, prove: Any, found: tuple[OutputFigures | None, str | None, str | None]
) -> None:
    client = await Client.connect(
        namespace.temporal, namespace=namespace.temporal_namespace, data_converter=pydantic_data_converter
    )
    services = StubServices()
    services.answers |= {
        "schema_drift.find_proof": lambda asked: ASKED,
        "transform.prove": prove,
        "schema_drift.record_replay": nothing,
    }
    request = ReplayProofInput(tenant=TENANT, replay_id=REPLAY, proof_id=PROOF)
    async with services.working(client):
        running = client.execute_workflow(REPLAY_PROOF, request, id=replay_id(TENANT, REPLAY), task_queue=QUEUE)
        await asyncio.wait_for(running, 60)
    assert services.named("transform.prove") == [ASKED]
    (said,) = services.named("schema_drift.record_replay")
    assert (said.result and said.result.incoming, said.code, said.message) == found
