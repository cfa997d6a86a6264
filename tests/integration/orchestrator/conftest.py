"""What these tests share: a Temporal namespace of their own, for the task queues have fixed names."""

import asyncio
import secrets
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from deploy.local.state import State

PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="session")
def namespace(servers: State) -> State:
    """The servers, with a namespace that only this process's tests use."""
    name = f"orchestrator-{secrets.token_hex(4)}"
    asyncio.run(_register(servers.temporal, name))
    return servers.model_copy(update={"temporal_namespace": name})


async def _register(address: str, name: str) -> None:
    client = await Client.connect(address, namespace=name)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=name, workflow_execution_retention_period=Duration(seconds=int(timedelta(days=1).total_seconds()))
        )
    )
    # The server's parts hear of a new namespace one after the other.
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            await client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=name,
                    task_queue=TaskQueue(name="connector"),
                    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                )
            )
            return
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND or asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.1)
