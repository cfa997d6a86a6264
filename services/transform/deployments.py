"""Deploying: the orchestrator's workflow freezes a node and publishes it; this waits for what comes of it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client, WorkflowFailureError
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from contracts.commands.connector import Problem
from contracts.runs import DEPLOY_MODULE, QUEUE, DeployModuleInput, DeployModuleResult, ErrorType, deploy_id
from contracts.workflow import ModuleVersionRef
from services.chassis.problems import ProblemError, conflict, invalid, unavailable
from services.chassis.temporal import TemporalUnavailable, application_error

WAIT = timedelta(seconds=20)
_ENDS = timedelta(minutes=5)  # a deployment that nobody waits for any more still comes to its end


class Deployments:
    """Makes module versions of nodes."""

    def __init__(self, client: Callable[[], Client], wait: timedelta = WAIT) -> None:
        self._client = client
        self._wait = wait

    async def deploy(self, wanted: DeployModuleInput) -> ModuleVersionRef:
        """The version that the node became; asked again, the same. Raises ProblemError."""
        identity = deploy_id(wanted.tenant, wanted.node_id, wanted.name)
        client = self._client()
        try:
            async with asyncio.timeout(self._wait.total_seconds()):
                with suppress(WorkflowAlreadyStartedError):
                    await client.start_workflow(
                        DEPLOY_MODULE,
                        wanted,
                        id=identity,
                        task_queue=QUEUE,
                        execution_timeout=_ENDS,
                        # One that failed may be tried again: publishing the same draft twice is one version.
                        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                    )
                handle = client.get_workflow_handle(identity, result_type=DeployModuleResult)
                result: DeployModuleResult = await handle.result()
                return result.module
        except TimeoutError:
            raise unavailable("The deployment takes long; ask again for its result.", retry_after=5) from None
        except WorkflowFailureError as error:
            raise _refused(error) from None
        except RPCError as error:
            raise TemporalUnavailable("Temporal does not answer") from error


def _refused(error: WorkflowFailureError) -> ProblemError:
    cause = application_error(error)
    if cause.type == ErrorType.CONFLICT:
        return conflict(cause.message)
    if cause.type in (ErrorType.RECIPE_INVALID, ErrorType.CONFIGURATION_INVALID, ErrorType.NOT_FOUND):
        return invalid([Problem(pointer="", code=str(cause.type), message=cause.message)], "It cannot be deployed.")
    if cause.type in {type.value for type in ErrorType}:
        return ProblemError(422, str(cause.type), cause.message)
    return unavailable("The deployment did not come to its end; ask again.", retry_after=5)
