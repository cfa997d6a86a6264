"""Conversations: somebody says what a table should become, a planner proposes steps, and nothing is done until told."""

from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from contracts.data import DatasetRef
from contracts.recipe import Recipe, Step
from services.chassis.database import UnitOfWork
from services.chassis.problems import ProblemError, conflict, invalid, not_found, too_many, unavailable
from services.transform import repository as sessions_repository
from services.transform.chatting import repository
from services.transform.chatting.views import ChatRequest
from services.transform.computing import Computing
from services.transform.errors import RecipeInvalid, TransformError
from services.transform.jobs import Planned
from services.transform.planner.view import ModelGone, Question
from services.transform.refusals import as_problem
from services.transform.service import Made, Sessions
from services.transform.settings import TransformSettings
from services.transform.views import AddNodeRequest

if TYPE_CHECKING:
    from services.transform.planner.model import ModelPlanner

MAX_MESSAGE = 4_000
MODEL_DAY = timedelta(days=1)


class Conversations:
    """What can be said to a session."""

    def __init__(
        self, sessions: Sessions, computing: Computing, settings: TransformSettings, model: "ModelPlanner | None"
    ) -> None:
        self._sessions = sessions
        self._computing = computing
        self._settings = settings
        self._model = model

    async def ask(self, work: UnitOfWork, who: UUID, session_id: UUID, wanted: ChatRequest) -> RowMapping:
        """Plan for a message; what was said and what was planned is kept with the node."""
        if len(wanted.message) > MAX_MESSAGE:
            raise ProblemError(413, "too_large", f"A message has at most {MAX_MESSAGE} characters.")
        session = await self._sessions.session(work, session_id)
        if session["state"] != "open":
            raise conflict("This session has no data to plan with.", f"session_{session['state']}")
        node_id = wanted.node_id or session["current_node_id"]
        node = await sessions_repository.get_node(work, session_id, node_id)
        if node is None:
            raise invalid([Problem(pointer="/node_id", code="node_unknown", message="is no node of this session")])
        await self._within_limits(work, wanted.planner)
        dataset = DatasetRef.model_validate(node["dataset"])
        try:
            if wanted.planner == "model":
                outcome, answer = await self._by_model(work.tenant, dataset, wanted.message)
            else:
                planned = await self._computing.plan(
                    work.tenant, dataset, self._settings.profile_seconds, instruction=wanted.message
                )
                outcome, answer = _answer(planned)
        except TransformError as error:
            if isinstance(error, RecipeInvalid) or error.type.value in ("isolation_unavailable", "time_exceeded"):
                raise as_problem(error) from error
            outcome, answer = "refusal", error.message
        return await repository.add_message(
            work,
            {
                "id": work.ids.new(),
                "session_id": session_id,
                "node_id": node_id,
                "text": wanted.message,
                "planner": wanted.planner,
                "outcome": outcome,
                "answer": answer,
                "created_by": who,
                "created_at": work.clock.now(),
            },
        )

    async def session(self, work: UnitOfWork, session_id: UUID) -> RowMapping:
        """The session that is talked about; raises not_found."""
        return await self._sessions.session(work, session_id)

    async def apply(self, work: UnitOfWork, who: UUID, session_id: UUID, message_id: UUID) -> Made:
        """Do what was planned: a new node under the one that was talked about, or the task that makes it."""
        message = await repository.get_message(work, session_id, message_id)
        if message is None:
            raise not_found()
        if message["outcome"] != "plan":
            raise conflict("There is no plan in this message.", "no_plan")
        if message["applied_node_id"] is not None:
            raise conflict("This plan was applied already.", "applied")
        if message["under_way"]:
            raise conflict(f"Task {message['task_id']} is carrying this plan out.", "applying")
        steps = Recipe.model_validate({"steps": message["answer"]["steps"]}).steps
        if not steps:
            raise conflict("This plan changes nothing.", "no_steps")
        wanted = AddNodeRequest(parent_id=message["node_id"], steps=steps, reason=message["text"][:2_000] or None)
        made = await self._sessions.add_node(work, who, session_id, wanted)
        if made.node is not None:
            await repository.mark_applied(work, message_id, node_id=made.node["id"])
        elif made.task is not None:
            await repository.mark_applied(work, message_id, task_id=made.task["id"])
        return made

    async def _by_model(self, tenant: UUID, dataset: DatasetRef, message: str) -> tuple[str, Any]:
        if self._model is None:
            text = "No model is set up here. Plan with the rules, or ask the operator for a model."
            raise invalid([Problem(pointer="/planner", code="no_model", message=text)])
        seconds = self._settings.profile_seconds
        view = await self._computing.look(tenant, dataset, seconds)

        async def judge(steps: tuple[Step, ...]) -> tuple[Problem, ...]:
            try:
                await self._computing.check(Recipe(steps=steps), dataset.table_schema)
            except RecipeInvalid as error:
                return error.problems
            return ()

        try:
            made = await self._model.plan(message, view, judge)
            if isinstance(made, Question):
                return "question", {"text": made.text, "kind": made.kind, "choices": list(made.choices)}
            return _answer(await self._computing.plan(tenant, dataset, seconds, steps=made))
        except ModelGone as error:
            return "refusal", str(error)
        except TransformError as error:
            # The model was asked, and that counts: what cannot be computed after it is an answer, and is kept.
            return "refusal", error.message

    async def _within_limits(self, work: UnitOfWork, planner: str) -> None:
        if self._computing.waiting >= self._settings.session_waiting:
            raise unavailable("Others are computing; there is no place free.", retry_after=2)
        full = await repository.full_until(work, timedelta(minutes=1), self._settings.chat_per_minute)
        if full is not None:
            raise too_many("That is more than can be planned in a minute.", _seconds_until(work, full))
        if planner == "model":
            if not await repository.take_the_model(work):
                raise too_many("The model is planning for this workspace already.", 1)
            full = await repository.full_until(work, MODEL_DAY, self._settings.model_per_day, planner="model")
            if full is not None:
                message = "The workspace has asked the model as often as it may in a day."
                raise too_many(message, _seconds_until(work, full))


def _seconds_until(work: UnitOfWork, moment: datetime) -> int:
    return max(1, ceil((moment - work.clock.now()).total_seconds()))


def _answer(planned: Planned) -> tuple[str, Any]:
    """What a planner said, as it is kept."""
    if planned.question is not None:
        return "question", planned.question.model_dump(mode="json")
    document = planned.model_dump(mode="json", exclude={"question", "kind", "table_schema"})
    schema = planned.table_schema
    return "plan", document | {"schema": None if schema is None else schema.model_dump(mode="json")}
