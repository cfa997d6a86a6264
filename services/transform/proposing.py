"""Asks the model for steps that adapt: once for each report, within the workspace's budget and its time.

Whatever goes wrong is an answer, too: the run goes its ordinary way, and says what was tried.
"""

from typing import TYPE_CHECKING

from contracts.adaptation import PreludeStep
from contracts.commands.connector import Problem
from contracts.commands.transform import ProposePreludeInput, ProposePreludeResult
from services.chassis.database import Database, UnitOfWork
from services.transform.chatting import repository
from services.transform.chatting.service import MODEL_DAY
from services.transform.computing import Computing
from services.transform.errors import TransformError
from services.transform.planner.preludes import problems
from services.transform.planner.view import ModelGone
from services.transform.settings import TransformSettings

if TYPE_CHECKING:
    from services.transform.planner.model import ModelPlanner

# Less than the command may take, so that also a model that says nothing is an answer.
MOST_SECONDS = 75.0


class Proposing:
    """What the model is asked by runs."""

    def __init__(
        self, database: Database, computing: Computing, settings: TransformSettings, model: "ModelPlanner | None"
    ) -> None:
        self._database = database
        self._computing = computing
        self._settings = settings
        self._model = model

    async def propose(self, input: ProposePreludeInput) -> ProposePreludeResult:
        """The model's steps, or a sentence about why there are none; the first answer is the answer."""
        if self._model is None:
            return ProposePreludeResult(said="No model is set up here.")
        async with self._database.work(input.tenant) as work:
            stored = await repository.asked_by_run(work, input.report_id)
            if stored is not None:
                return ProposePreludeResult.model_validate(stored)
            refused = await self._refused(work)
            if refused is not None:
                return ProposePreludeResult(said=refused)
            answer = await self._asked(self._model, input)
            document = answer.model_dump(mode="json", by_alias=True)
            await repository.keep_asked_by_run(work, input.report_id, document)
        return answer

    async def _refused(self, work: UnitOfWork) -> str | None:
        if not await repository.take_the_model(work):
            return "The model was planning for this workspace already."
        most = self._settings.model_per_day
        if await repository.full_until(work, MODEL_DAY, most, planner="model") is not None:
            return "The workspace had asked the model as often as it may in a day."
        return None

    async def _asked(self, model: "ModelPlanner", input: ProposePreludeInput) -> ProposePreludeResult:
        async def judge(steps: tuple[PreludeStep, ...]) -> tuple[Problem, ...]:
            return await problems(self._computing, input.question, steps)

        try:
            steps = await model.prelude(input.question, judge, MOST_SECONDS)
        except ModelGone as error:
            return ProposePreludeResult(said=str(error))
        except TransformError as error:
            return ProposePreludeResult(said=f"What the model proposed could not be checked: {error.message}")
        return ProposePreludeResult(steps=steps, said="" if steps else "The model knew no way either.")
