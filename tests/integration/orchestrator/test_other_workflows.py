"""Opening a session and deploying a module, on a real Temporal server with stubs of the other services."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError

from contracts.commands.connector import PullResult, UnreadableObject
from contracts.data import LogicalType
from contracts.runs import (
    DEPLOY_MODULE,
    OPEN_SESSION,
    QUEUE,
    DeployModuleInput,
    DeployModuleResult,
    ErrorType,
    OpenSessionInput,
    deploy_id,
    session_id,
)
from deploy.local.state import State
from tests.integration.orchestrator.stub_services import StubServices, group, object_version, pulled, schema

TENANT = UUID(int=1)


@pytest.fixture
async def client(namespace: State) -> Client:
    return await Client.connect(
        namespace.temporal, namespace=namespace.temporal_namespace, data_converter=pydantic_data_converter
    )


async def open_session(client: Client, services: StubServices) -> UUID:
    session = uuid4()
    asked = OpenSessionInput(
        tenant=TENANT, session_id=session, connection="landing", selection={"path": "flights/01.csv"}
    )
    async with services.working(client):
        await asyncio.wait_for(
            client.execute_workflow(OPEN_SESSION, asked, id=session_id(TENANT, session), task_queue=QUEUE), 60
        )
    return session


async def refusal(client: Client, services: StubServices) -> tuple[str, str]:
    session = await open_session(client, services)
    (failed,) = services.named("transform.fail_session")
    assert failed.session_id == session
    assert "transform.attach_root" not in services.order
    return failed.code, failed.message


async def test_session_gets_its_root_and_leaves_no_window_behind(client: Client) -> None:
    services = StubServices()
    session = await open_session(client, services)
    assert services.order == ["connector.pull", "transform.profile", "transform.attach_root"]
    (pull,), (root,) = services.named("connector.pull"), services.named("transform.attach_root")
    assert (pull.claim, pull.source.selection) == (False, {"path": "flights/01.csv"})
    assert (root.session_id, root.pulled.groups[0].dataset.rows, root.profile.rows) == (session, 10, 10)


async def test_session_on_files_of_two_shapes_says_what_differs(client: Client) -> None:
    services = StubServices()
    other = schema(carrier=LogicalType.STRING, number=LogicalType.INTEGER, delay=LogicalType.INTEGER)
    services.answers["connector.pull"] = lambda i: pulled(group(1, "a.csv"), group(1, "b.csv", shape=other))
    code, message = await refusal(client, services)
    assert code == "configuration_invalid"
    assert "a.csv alone has flight" in message
    assert "b.csv alone has number" in message


async def test_session_on_nothing_and_on_what_cannot_be_read(client: Client) -> None:
    services = StubServices()
    services.answers["connector.pull"] = lambda i: PullResult()
    assert (await refusal(client, services))[0] == "not_found"
    services = StubServices()
    broken = UnreadableObject(object=object_version("x.csv"), code="unterminated_quote", message="line 3: quote")
    services.answers["connector.pull"] = lambda i: pulled(unreadable=(broken,))
    assert await refusal(client, services) == ("configuration_invalid", "x.csv: line 3: quote")


async def test_session_whose_source_refuses_says_so(client: Client) -> None:
    services = StubServices()

    def refuse(asked: Any) -> Any:
        raise ApplicationError("access key is unknown", type=ErrorType.AUTHENTICATION_FAILED)

    services.answers["connector.pull"] = refuse
    assert await refusal(client, services) == ("authentication_failed", "access key is unknown")


async def deploy(client: Client, services: StubServices) -> DeployModuleResult:
    node = uuid4()
    asked = DeployModuleInput(
        tenant=TENANT, session_id=uuid4(), node_id=node, name="clean-flights", deployed_by=uuid4()
    )
    async with services.working(client):
        result = await asyncio.wait_for(
            client.execute_workflow(
                DEPLOY_MODULE,
                asked,
                id=deploy_id(TENANT, node, asked.name),
                task_queue=QUEUE,
                result_type=DeployModuleResult,
            ),
            60,
        )
    assert isinstance(result, DeployModuleResult)
    return result


async def test_node_becomes_a_version(client: Client) -> None:
    services = StubServices()
    assert (await deploy(client, services)).module.name == "clean-flights"
    assert services.order == ["transform.freeze", "module_registry.publish"]


async def test_refusal_of_a_deployment_bears_the_words_of_who_refused(client: Client) -> None:
    services = StubServices()

    def refuse(asked: Any) -> Any:
        raise ApplicationError("the node has no steps", type=ErrorType.RECIPE_INVALID)

    services.answers["transform.freeze"] = refuse
    with pytest.raises(WorkflowFailureError) as failed:
        await deploy(client, services)
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.message) == ("recipe_invalid", "the node has no steps")
