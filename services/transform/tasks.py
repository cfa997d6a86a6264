"""Work that takes longer than a request may: asked for in one transaction, done by a worker, told as it goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.transform import FailTaskInput
from contracts.data import Contract, DatasetRef
from contracts.events.sessions import TaskFinished, TaskRequested
from contracts.recipe import Recipe
from contracts.runs import ErrorType
from services.chassis.database import Database, UnitOfWork
from services.chassis.problems import ProblemError, conflict, not_found
from services.transform import repository, task_store
from services.transform.computing import Computing
from services.transform.errors import TransformError
from services.transform.growing import Grower, Growth, own_recipe
from services.transform.nodes import store_grown
from services.transform.results import find_profile, keep_profile
from services.transform.settings import TransformSettings
from services.transform.task_store import OPEN

_TELL_SECONDS = 1.0
MAX_MESSAGE = 2_000
# The machine's fault: the same work may succeed later or elsewhere.
_AGAIN = (ErrorType.ISOLATION_UNAVAILABLE, ErrorType.DESTINATION_FULL)


class Replay(Contract):
    """Compute a node anew from the root, and say whether the same came of it."""

    node_id: UUID


class Tasks:
    """What can be done with tasks."""

    def __init__(self, database: Database, grower: Grower, computing: Computing, settings: TransformSettings) -> None:
        self._database = database
        self._grower = grower
        self._computing = computing
        self._settings = settings

    async def ask(self, work: UnitOfWork, who: UUID, session_id: UUID, kind: str, request: Contract) -> RowMapping:
        """Put work down to be done; raises a conflict where too much of it waits already."""
        if await task_store.count_open(work, session_id) >= self._settings.session_tasks:
            raise conflict("Other long work of this session is still under way; wait for it.", "tasks_under_way")
        task_id = work.ids.new()
        row = await task_store.add_task(
            work,
            {
                "id": task_id,
                "session_id": session_id,
                "kind": kind,
                "request": request.model_dump(mode="json"),
                "created_by": who,
            },
        )
        await work.publish(TaskRequested(session_id=session_id, task_id=task_id, kind=kind), key=session_id)
        return row

    async def show(self, work: UnitOfWork, session_id: UUID, task_id: UUID) -> RowMapping:
        """One task of a session; raises not_found."""
        row = await task_store.get_task(work, task_id)
        if row is None or row["session_id"] != session_id:
            raise not_found()
        return row

    async def run(self, tenant: UUID, task_id: UUID) -> None:
        """Do the work; once, however often it is asked. Raises TransformError only for what may succeed later."""
        async with self._database.work(tenant) as work:
            task = await task_store.get_task(work, task_id, lock=True)
            if task is None:
                raise not_found()
            if task["state"] not in OPEN:
                return
            started = task["started_at"] or work.clock.now()
            await task_store.change_task(work, task_id, state="running", started_at=started)
        try:
            if task["kind"] == "replay":
                await self._replay(tenant, task)
            else:
                await self._grow(tenant, task)
        except TransformError as error:
            if error.type in _AGAIN:
                raise
            errors = [one.model_dump(mode="json") for one in getattr(error, "problems", ())] or [
                {"pointer": error.pointer, "code": error.type.value, "message": error.message}
            ]
            await self._fail(tenant, task_id, error.type.value, error.message, errors)
        except ProblemError as problem:
            if problem.status >= 500:
                raise
            await self._fail(tenant, task_id, problem.code, problem.detail)

    async def fail(self, failed: FailTaskInput) -> None:
        """Say why a task has no result; once, however often it is asked."""
        await self._fail(failed.tenant, failed.task_id, failed.code[:100] or "failed", failed.message[:MAX_MESSAGE])

    async def _fail(self, tenant: UUID, task_id: UUID, code: str, message: str, errors: Any = None) -> None:
        async with self._database.work(tenant) as work:
            task = await task_store.get_task(work, task_id, lock=True)
            if task is None:
                raise not_found()
            await self._end(work, task, "failed", code=code, message=message, errors=errors)

    async def _grow(self, tenant: UUID, task: RowMapping) -> None:
        growth = Growth.model_validate(task["request"])
        async with self._database.work(tenant) as work:
            parent = await repository.get_node(work, task["session_id"], growth.parent_id)
            if parent is None:
                raise not_found()
        stages = len(growth.links) + 1
        async with self._telling(tenant, task["id"]) as tell:
            results = await self._grower.grow(
                lambda: self._database.work(tenant),
                DatasetRef.model_validate(parent["dataset"]),
                growth,
                lambda: self._settings.job_seconds,
                lambda at, share: tell((at + share) / stages, _doing(growth, at)),
            )
            last = results[-1].dataset
            tell((stages - 1) / stages, "describing the result")
            async with self._database.work(tenant) as work:
                known = await find_profile(work, last.id)
            figures = known or await self._computing.profile(tenant, last, self._settings.job_seconds)
        async with self._database.work(tenant) as work:
            found = await task_store.get_task(work, task["id"], lock=True)
            if found is None or found["state"] not in OPEN:
                return
            await keep_profile(work, last.id, figures)
            node = await store_grown(work, task["session_id"], task["created_by"], parent, growth, results)
            await self._end(work, found, "done", node_id=node["id"])

    async def _replay(self, tenant: UUID, task: RowMapping) -> None:
        node_id = Replay.model_validate(task["request"]).node_id
        async with self._database.work(tenant) as work:
            path = await repository.path_to(work, task["session_id"], node_id)
            node = await repository.get_node(work, task["session_id"], node_id)
            root = await repository.get_root(work, task["session_id"])
        if node is None or root is None:
            raise not_found()
        inputs = Recipe.model_validate(node["recipe"]).inputs
        recipes = [own_recipe(Recipe.model_validate({"steps": one["steps"]}).steps, inputs) for one in path[1:]]
        async with self._telling(tenant, task["id"]) as tell:
            tell(0.0, f"computing {len(recipes)} nodes anew")
            recorded = DatasetRef.model_validate(node["dataset"])
            again = await self._grower.again(
                tenant, DatasetRef.model_validate(root["dataset"]), recipes, lambda: self._settings.job_seconds
            )
        result = {"reproduced": again.id == recorded.id, "recorded": recorded.content_hash, "now": again.content_hash}
        async with self._database.work(tenant) as work:
            await self._end(work, task, "done", node_id=node_id, result=result)

    async def _end(self, work: UnitOfWork, task: RowMapping, state: Any, **values: Any) -> None:
        if task["state"] not in OPEN:
            return
        more = {"progress": 1.0} if state == "done" else {}
        await task_store.change_task(
            work, task["id"], state=state, finished_at=work.clock.now(), doing=None, **more, **values
        )
        ended = TaskFinished(
            session_id=task["session_id"],
            task_id=task["id"],
            kind=task["kind"],
            state=state,
            node_id=values.get("node_id"),
            code=values.get("code"),
        )
        await work.publish(ended, key=task["session_id"])

    @asynccontextmanager
    async def _telling(self, tenant: UUID, task_id: UUID) -> AsyncIterator[Any]:
        """While inside, what is told last is written down every second."""
        last: tuple[float, str] = (0.0, "")
        told: tuple[float, str] | None = None

        def tell(progress: float, doing: str) -> None:
            nonlocal last
            last = (min(1.0, max(last[0], progress)), doing)

        async def write() -> None:
            nonlocal told
            while True:
                if last != told and last[1]:
                    told = last
                    async with self._database.work(tenant) as work:
                        await task_store.change_task(work, task_id, progress=last[0], doing=last[1])
                await asyncio.sleep(_TELL_SECONDS)

        writer = asyncio.create_task(write())
        try:
            yield tell
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)


def _doing(growth: Growth, at: int) -> str:
    kinds = ", ".join(step.kind for step in growth.links[at].steps[:3])
    return f"node {at + 1} of {len(growth.links)}: {kinds}"
