"""Whether a run is still under way, asked where runs live: at Temporal."""

from typing import Protocol
from uuid import UUID

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from contracts.runs import run_id
from services.chassis.temporal import TemporalGateway, TemporalUnavailable

_OPEN = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)


class RunStates(Protocol):
    """Knows which runs are over."""

    async def ended(self, tenant: UUID, run: UUID) -> bool:
        """Whether nothing will be done for this run any more."""


class TemporalRunStates:
    """Asks Temporal. A run it does not know was forgotten after it had ended."""

    def __init__(self, temporal: TemporalGateway) -> None:
        self._temporal = temporal

    async def ended(self, tenant: UUID, run: UUID) -> bool:
        """Whether the run's workflow is closed; raises TemporalUnavailable."""
        try:
            found = await self._temporal.client.get_workflow_handle(run_id(tenant, run)).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return True
            raise TemporalUnavailable(f"Temporal does not answer: {error.status.name}") from error
        return found.status not in _OPEN
