"""Sessions: a tree of nodes over one dataset; every node is a recipe and what came of it, and can be gone back to."""

import asyncio
import json
from contextlib import nullcontext
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.checks import Check
from contracts.commands.connector import Problem
from contracts.commands.transform import AttachRootInput, FailSessionInput
from contracts.data import DatasetRef, Schema
from contracts.events.sessions import SessionArchived, SessionCreated, SessionFailed, SessionOpened, SessionRestored
from contracts.profile import Profile
from contracts.recipe import Recipe
from contracts.runs import ErrorType
from contracts.workflow import ModuleDraft
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid, not_found, unavailable
from services.transform import repository
from services.transform.comparing import compared
from services.transform.computing import Computing
from services.transform.editing import Ancestor, PositionUnknown, edited
from services.transform.errors import TransformError
from services.transform.growing import Grower, Growth, Link, own_recipe, shifted
from services.transform.inferring import inferred
from services.transform.nodes import check_name, grown_recipe, known_tables, store_grown
from services.transform.refusals import as_problem
from services.transform.results import find_profile, keep_profile
from services.transform.settings import TransformSettings
from services.transform.tasks import Replay, Tasks
from services.transform.views import AddNodeRequest, EditRequest, NodeComparison, NodeSteps, OpenRequest, steps_of

MAX_SELECTION_BYTES = 16_000
MAX_MESSAGE = 2_000


@dataclass(frozen=True)
class Made:
    """A node that is there, or the task that will make it."""

    node: RowMapping | None = None
    task: RowMapping | None = None


class Sessions:
    """What can be done with sessions."""

    def __init__(self, computing: Computing, grower: Grower, tasks: Tasks, settings: TransformSettings) -> None:
        self._computing = computing
        self._grower = grower
        self._tasks = tasks
        self._settings = settings

    async def open(self, work: UnitOfWork, who: UUID, wanted: OpenRequest) -> RowMapping:
        """A new session, whose data is on its way."""
        if len(json.dumps(wanted.selection)) > MAX_SELECTION_BYTES:
            raise invalid([Problem(pointer="/selection", code="too_large", message="the selection is too large")])
        session_id = work.ids.new()
        row = await repository.add_session(
            work,
            {
                "id": session_id,
                "connection": wanted.connection,
                "selection": wanted.selection,
                "state": "opening",
                "created_by": who,
                "created_at": work.clock.now(),
            },
        )
        event = SessionCreated(
            session_id=session_id, connection=wanted.connection, selection=wanted.selection, created_by=who
        )
        await work.publish(event, key=session_id)
        return row

    async def attach_root(self, work: UnitOfWork, attached: AttachRootInput) -> None:
        """Give a session its first node; once, however often it is asked."""
        session = await self.session(work, attached.session_id, lock=True)
        if session["state"] != "opening":
            return
        pulled = attached.pulled
        group = pulled.groups[0]
        dataset = group.dataset
        node_id = work.ids.new()
        set_aside = sum(one.dataset.rows for one in pulled.quarantined)
        sample = next((one.sample for one in pulled.quarantined if one.sample), "")
        await repository.add_node(
            work,
            {
                "id": node_id,
                "session_id": attached.session_id,
                "steps": [],
                "recipe": Recipe().model_dump(mode="json"),
                "dataset": dataset.model_dump(mode="json"),
                "rows": dataset.rows,
                "books": [],
                "quarantined": {"rows": set_aside, "sample": sample} if set_aside else None,
                "created_by": session["created_by"],
                "created_at": work.clock.now(),
            },
        )
        await keep_profile(work, dataset.id, attached.profile)
        facts = group.facts.model_dump(mode="json")
        await repository.change_session(work, attached.session_id, state="open", current_node_id=node_id, facts=facts)
        opened = SessionOpened(
            session_id=attached.session_id, node_id=node_id, rows=dataset.rows, fingerprint=dataset.fingerprint
        )
        await work.publish(opened, key=attached.session_id)

    async def fail(self, work: UnitOfWork, failed: FailSessionInput) -> None:
        """Say why a session has no data; once, however often it is asked."""
        session = await self.session(work, failed.session_id, lock=True)
        if session["state"] != "opening":
            return
        code, message = failed.code[:100] or "failed", failed.message[:MAX_MESSAGE]
        await repository.change_session(work, failed.session_id, state="failed", code=code, message=message)
        event = SessionFailed(session_id=failed.session_id, code=code, message=message)
        await work.publish(event, key=failed.session_id)

    async def add_node(self, work: UnitOfWork, who: UUID, session_id: UUID, wanted: AddNodeRequest) -> Made:
        """Apply steps to a node and give what came of it a node of its own; a task where that takes long."""
        session = await self._open_session(work, session_id)
        parent = await self._named_node(work, session_id, wanted.parent_id or session["current_node_id"], "/parent_id")
        growth = Growth(
            parent_id=parent["id"],
            links=(Link(steps=wanted.steps, reason=wanted.reason),),
            name=wanted.name,
            inputs=known_tables(parent, wanted.inputs),
        )
        return await self._grow(work, who, "steps", parent, growth)

    async def edit(self, work: UnitOfWork, who: UUID, session_id: UUID, wanted: EditRequest) -> Made:
        """Change a step in the middle of a node's; what follows is repeated as a new branch."""
        session = await self._open_session(work, session_id)
        leaf_id = wanted.node_id or session["current_node_id"]
        leaf = await self._named_node(work, session_id, leaf_id, "/node_id")
        if (wanted.action == "remove") == bool(wanted.steps):
            message = "What is removed has no steps; what is replaced or inserted has some."
            raise invalid([Problem(pointer="/steps", code="steps_wrong", message=message)])
        inputs = known_tables(leaf, wanted.inputs)
        path = [
            Ancestor(row["id"], Recipe.model_validate({"steps": row["steps"]}).steps)
            for row in await repository.path_to(work, session_id, leaf_id)
        ]
        try:
            growth = edited(path, wanted.action, wanted.at, wanted.steps, wanted.reason, inputs)
        except PositionUnknown:
            many = len(leaf["recipe"]["steps"])
            message = f"There is no step {wanted.at}: this node has {many}, counted from 0."
            raise invalid([Problem(pointer="/at", code="position_unknown", message=message)]) from None
        parent = await self._named_node(work, session_id, growth.parent_id, "/node_id")
        await self._check(parent, growth)
        return await self._grow(work, who, "edit", parent, growth)

    async def back(self, work: UnitOfWork, session_id: UUID, node_id: UUID) -> RowMapping:
        """Make another node the current one."""
        await self._open_session(work, session_id, lock=True)
        await self._named_node(work, session_id, node_id, "/node_id")
        return await repository.change_session(work, session_id, current_node_id=node_id)

    async def compare(self, work: UnitOfWork, session_id: UUID, left: UUID, right: UUID) -> NodeComparison:
        """What is different between two nodes."""
        await self.session(work, session_id)
        return compared(
            await self._named_node(work, session_id, left, "/query/left"),
            await self._named_node(work, session_id, right, "/query/right"),
        )

    async def rename(self, work: UnitOfWork, session_id: UUID, name: str | None) -> RowMapping:
        """Give a session a name, or take it away."""
        await self.session(work, session_id, lock=True)
        return await repository.change_session(work, session_id, name=name)

    async def rename_node(self, work: UnitOfWork, session_id: UUID, node_id: UUID, name: str | None) -> RowMapping:
        """Give a node a name that no other node of the session bears, or take it away."""
        await self.session(work, session_id, lock=True)
        if name is not None:
            await check_name(work, session_id, node_id, name)
        row = await repository.change_node(work, session_id, node_id, name=name)
        if row is None:
            raise not_found()
        return row

    async def archive(self, work: UnitOfWork, who: UUID, session_id: UUID) -> RowMapping:
        """Put a session away: it can be read and brought back, and does not change meanwhile."""
        session = await self.session(work, session_id, lock=True)
        if session["archived_at"] is not None:
            return session
        await work.publish(SessionArchived(session_id=session_id, archived_by=who), key=session_id)
        return await repository.change_session(work, session_id, archived_at=work.clock.now())

    async def restore(self, work: UnitOfWork, who: UUID, session_id: UUID) -> RowMapping:
        """Bring a session back that was put away."""
        session = await self.session(work, session_id, lock=True)
        if session["archived_at"] is None:
            return session
        await work.publish(SessionRestored(session_id=session_id, restored_by=who), key=session_id)
        return await repository.change_session(work, session_id, archived_at=None)

    async def replay(self, work: UnitOfWork, who: UUID, session_id: UUID, node_id: UUID) -> RowMapping:
        """The task that computes a node anew and says whether the same came of it."""
        await self.node(work, session_id, node_id)
        return await self._tasks.ask(work, who, session_id, "replay", Replay(node_id=node_id))

    async def profile(self, work: UnitOfWork, session_id: UUID, node_id: UUID) -> Profile:
        """A node column by column: made when first asked for."""
        node = await self.node(work, session_id, node_id)
        dataset = DatasetRef.model_validate(node["dataset"])
        known = await find_profile(work, dataset.id)
        if known is not None:
            return known
        self._refuse_when_busy()
        try:
            found = await self._computing.profile(work.tenant, dataset, self._settings.profile_seconds)
        except TransformError as error:
            raise as_problem(error) from error
        await keep_profile(work, dataset.id, found)
        return found

    async def explain(self, work: UnitOfWork, session_id: UUID, node_id: UUID) -> NodeSteps:
        """What each step of a node does and did, from the root on, and what its columns are made of."""
        node = await self.node(work, session_id, node_id)
        path = await repository.path_to(work, session_id, node_id)
        root = await self.node(work, session_id, path[0]["id"])
        before = DatasetRef.model_validate(root["dataset"]).table_schema
        try:
            told = await self._computing.check(Recipe.model_validate(node["recipe"]), before, explain=True)
        except TransformError as error:
            raise as_problem(error) from error
        books = await repository.books_of(work, session_id, [row["id"] for row in path])
        return steps_of(path, books, told.steps, told.origins)

    async def draft(
        self,
        work: UnitOfWork,
        session_id: UUID,
        node_id: UUID,
        name: str,
        description: str,
        *,
        infer_checks: bool = False,
    ) -> ModuleDraft:
        """A module draft of a node; raises TransformError or ProblemError. The same node gives the same draft."""
        node = await self.node(work, session_id, node_id)
        root = await repository.get_root(work, session_id)
        if root is None:
            raise not_found()
        recipe = Recipe.model_validate(node["recipe"])
        before = DatasetRef.model_validate(root["dataset"]).table_schema
        checked = await self._computing.check(recipe, before)
        return ModuleDraft(
            name=name,
            description=description,
            recipe=recipe,
            input_contract=checked.needed,
            output_contract=checked.table_schema,
            input_checks=await _suggested(work, root, checked.needed) if infer_checks else (),
            output_checks=await _suggested(work, node, checked.table_schema) if infer_checks else (),
            session_id=str(session_id),
            node_id=str(node_id),
        )

    async def dataset(self, work: UnitOfWork, session_id: UUID, node_id: UUID | None) -> DatasetRef:
        """The rows of a node, the current one if none is named; raises ProblemError."""
        session = await self._open_session(work, session_id)
        node = await self.node(work, session_id, node_id or session["current_node_id"])
        return DatasetRef.model_validate(node["dataset"])

    async def deployable(self, work: UnitOfWork, session_id: UUID, node_id: UUID | None) -> UUID:
        """The node that can be deployed: the one that is named, or the current one."""
        session = await self._open_session(work, session_id)
        wanted: UUID = node_id or session["current_node_id"]
        node = await repository.get_node(work, session_id, wanted)
        if node is None:
            raise invalid([Problem(pointer="/node_id", code="node_unknown", message="is no node of this session")])
        if not node["recipe"]["steps"]:
            message = "This node has no steps yet; a module has at least one."
            raise invalid([Problem(pointer="/node_id", code="no_steps", message=message)])
        return wanted

    async def session(self, work: UnitOfWork, session_id: UUID, *, lock: bool = False) -> RowMapping:
        """One session; raises not_found."""
        row = await repository.get_session(work, session_id, lock=lock)
        if row is None:
            raise not_found()
        return row

    async def node(self, work: UnitOfWork, session_id: UUID, node_id: UUID) -> RowMapping:
        """One node of a session; raises not_found."""
        row = await repository.get_node(work, session_id, node_id)
        if row is None:
            raise not_found()
        return row

    async def _open_session(self, work: UnitOfWork, session_id: UUID, *, lock: bool = False) -> RowMapping:
        session = await self.session(work, session_id, lock=lock)
        if session["archived_at"] is not None:
            raise conflict("The session was put away; restore it first.", "session_archived")
        if session["state"] == "opening":
            raise conflict("The session's data is still being read.", "session_opening")
        if session["state"] == "failed":
            raise conflict(f"The session has no data: {session['message']}", "session_failed")
        return session

    async def _named_node(self, work: UnitOfWork, session_id: UUID, node_id: UUID, pointer: str) -> RowMapping:
        node = await repository.get_node(work, session_id, node_id)
        if node is None:
            raise invalid([Problem(pointer=pointer, code="node_unknown", message="is no node of this session")])
        return node

    async def _check(self, parent: RowMapping, growth: Growth) -> None:
        """Say before the first row is read whether what follows the change still fits."""
        recipe = _all_of(growth)
        if len(recipe.steps) <= 1:
            return
        schema = DatasetRef.model_validate(parent["dataset"]).table_schema
        try:
            await self._computing.check(recipe, schema)
        except TransformError as error:
            raise as_problem(shifted(error, growth.offset)) from error

    async def _grow(self, work: UnitOfWork, who: UUID, kind: str, parent: RowMapping, growth: Growth) -> Made:
        session_id: UUID = parent["session_id"]
        many = len(growth.links)
        if await repository.count_nodes(work, session_id) + many > self._settings.session_nodes:
            raise conflict(f"A session has at most {self._settings.session_nodes} nodes; open another one.", "full")
        grown_recipe(parent, _all_of(growth))
        dataset = DatasetRef.model_validate(parent["dataset"])
        if dataset.rows * len(dataset.table_schema.columns) * many > self._settings.session_cells:
            return Made(task=await self._tasks.ask(work, who, session_id, kind, growth))
        self._refuse_when_busy()
        clock = asyncio.get_running_loop().time
        ends = clock() + self._settings.session_seconds
        try:
            results = await self._grower.grow(lambda: nullcontext(work), dataset, growth, lambda: ends - clock())
        except TransformError as error:
            if error.type is not ErrorType.TIME_LIMIT:
                raise as_problem(error) from error
            # It is begun anew where there is time; what was finished so far need not be computed again.
            return Made(task=await self._tasks.ask(work, who, session_id, kind, growth))
        await self._open_session(work, session_id, lock=True)
        return Made(node=await store_grown(work, session_id, who, parent, growth, results))

    def _refuse_when_busy(self) -> None:
        if self._computing.waiting >= self._settings.session_waiting:
            raise unavailable("Others are computing; there is no place free.", retry_after=2)


def _all_of(growth: Growth) -> Recipe:
    return own_recipe([step for link in growth.links for step in link.steps], growth.inputs)


async def _suggested(work: UnitOfWork, node: RowMapping, schema: Schema) -> tuple[Check, ...]:
    """The checks that a node's data suggests, where its figures are known."""
    known = await find_profile(work, DatasetRef.model_validate(node["dataset"]).id)
    return () if known is None else inferred(known, schema)
