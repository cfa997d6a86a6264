"""What orchestrator does for a run: begin it, pin its modules, record its steps, end it."""

from temporalio import activity

from contracts.activities import FIND_RUN, FINISH_RUN, PAST_INPUTS, PIN_MODULES, RECORD_STEP, START_RUN
from contracts.commands.command import Nothing
from contracts.commands.orchestrator import (
    FindRunInput,
    FinishRunInput,
    PastInputsInput,
    PastInputsResult,
    PinModulesInput,
    RecordStepInput,
    RunPlan,
    StartRunInput,
)
from contracts.commands.transform import FoundDataset
from contracts.runs import ErrorType
from services.chassis.temporal import failure
from services.orchestrator.service.history import History, RunEnded, RunUnknown


class OrchestratorActivities:
    """Each is a transaction or two, and does nothing when it runs again."""

    def __init__(self, history: History) -> None:
        self._history = history

    @activity.defn(name=START_RUN.name)
    async def start_run(self, input: StartRunInput) -> RunPlan:
        """Begin a run."""
        try:
            return await self._history.start(input.tenant, input.run_id)
        except RunUnknown:
            raise failure(ErrorType.NOT_FOUND, "There is no such run.") from None
        except RunEnded:
            raise failure(ErrorType.CONFLICT, "The run has ended already.") from None

    @activity.defn(name=PIN_MODULES.name)
    async def pin_modules(self, input: PinModulesInput) -> Nothing:
        """Note the module versions."""
        await self._history.pin(input)
        return Nothing()

    @activity.defn(name=RECORD_STEP.name)
    async def record_step(self, input: RecordStepInput) -> Nothing:
        """Note a step's beginning or end."""
        await self._history.record(input)
        return Nothing()

    @activity.defn(name=FINISH_RUN.name)
    async def finish_run(self, input: FinishRunInput) -> Nothing:
        """Note the end."""
        await self._history.finish(input)
        return Nothing()

    @activity.defn(name=FIND_RUN.name)
    async def find_run(self, input: FindRunInput) -> FoundDataset:
        """Find the rows that a run gave to its first module."""
        return await self._history.rows_of(input)

    @activity.defn(name=PAST_INPUTS.name)
    async def past_inputs(self, input: PastInputsInput) -> PastInputsResult:
        """Find what earlier runs gave to a module, and who reads what the workflow writes."""
        return await self._history.past_inputs(input)
