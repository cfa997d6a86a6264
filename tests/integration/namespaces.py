"""A Temporal namespace of a process's own, for the task queues have fixed names: made, and waited for."""

import asyncio

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from deploy.local.temporal import SEARCH_ATTRIBUTES

PATIENCE_SECONDS = 60.0
DAY = 24 * 60 * 60


async def register(address: str, name: str) -> None:
    """Make a namespace; returns when the whole server knows it and its search attributes."""
    client = await Client.connect(address, namespace=name)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=DAY))
    )
    # The server's parts hear of a new namespace, and of its attributes, one after the other.
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=name,
                    search_attributes=dict.fromkeys(SEARCH_ATTRIBUTES, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
                )
            )
            await _has_them(client)
            return
        except RPCError:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.1)


async def _has_them(client: Client) -> None:
    """Ask with each of them; raises RPCError as long as the server does not know one."""
    for attribute in SEARCH_ATTRIBUTES:
        await client.count_workflows(f"{attribute} = 'nobody'")
