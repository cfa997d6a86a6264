"""Sessions: a tree of nodes over one dataset; every node is a recipe and what came of it, and can be gone back to."""

import asyncio
import json
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.checks import Check
from contracts.commands.connector import Problem
from contracts.commands.transform import AttachRootInput, FailSessionInput, Profile
from contracts.data import DatasetRef, Schema
from contracts.events.sessions import NodeAdded, SessionCreated, SessionFailed, SessionOpened
from contracts.recipe import Recipe
from contracts.workflow import ModuleDraft
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid, not_found, unavailable
from services.chassis.storage import Storage
from services.transform import repository, rows
from services.transform.computing import Computing, Result
from services.transform.errors import TransformError
from services.transform.inferring import inferred
from services.transform.jobs import JobModule
from services.transform.refusals import as_problem
from services.transform.settings import TransformSettings
from services.transform.views import AddNodeRequest, OpenRequest

MAX_SELECTION_BYTES = 16_000
MAX_MESSAGE = 2_000


class Sessions:
    """What can be done with sessions."""

    def __init__(self, computing: Computing, storage: Storage, settings: TransformSettings) -> None:
        self._computing = computing
        self._storage = storage
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
        dataset = pulled.groups[0].dataset
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
                "profile": attached.profile.model_dump(mode="json"),
                "created_by": session["created_by"],
                "created_at": work.clock.now(),
            },
        )
        await repository.change_session(work, attached.session_id, state="open", current_node_id=node_id)
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

    async def add_node(self, work: UnitOfWork, who: UUID, session_id: UUID, wanted: AddNodeRequest) -> RowMapping:
        """Apply steps to a node and give what came of it a node of its own."""
        session = await self._open_session(work, session_id)
        parent_id = wanted.parent_id or session["current_node_id"]
        parent = await repository.get_node(work, session_id, parent_id)
        if parent is None:
            raise invalid([Problem(pointer="/parent_id", code="node_unknown", message="is no node of this session")])
        if await repository.count_nodes(work, session_id) >= self._settings.session_nodes:
            raise conflict(f"A session has at most {self._settings.session_nodes} nodes; open another one.", "full")
        recipe = self._grown(parent, wanted)
        own = Recipe(steps=wanted.steps, inputs=recipe.inputs)
        result = await self._apply(work.tenant, parent, own)
        await self._open_session(work, session_id, lock=True)
        node_id = work.ids.new()
        quarantined = result.quarantined
        row = await repository.add_node(
            work,
            {
                "id": node_id,
                "session_id": session_id,
                "parent_id": parent_id,
                "steps": own.model_dump(mode="json")["steps"],
                "recipe": recipe.model_dump(mode="json"),
                "dataset": result.dataset.model_dump(mode="json"),
                "rows": result.dataset.rows,
                "books": [book.model_dump(mode="json") for book in result.books],
                "quarantined": None
                if quarantined is None
                else {"rows": quarantined.dataset.rows, "sample": quarantined.sample},
                "created_by": who,
                "created_at": work.clock.now(),
            },
        )
        await repository.change_session(work, session_id, current_node_id=node_id)
        event = NodeAdded(session_id=session_id, node_id=node_id, parent_id=parent_id, rows=result.dataset.rows)
        await work.publish(event, key=session_id)
        return row

    async def back(self, work: UnitOfWork, session_id: UUID, node_id: UUID) -> RowMapping:
        """Make another node the current one."""
        await self._open_session(work, session_id, lock=True)
        if await repository.get_node(work, session_id, node_id) is None:
            raise invalid([Problem(pointer="/node_id", code="node_unknown", message="is no node of this session")])
        return await repository.change_session(work, session_id, current_node_id=node_id)

    async def preview(self, node: RowMapping, tenant: UUID, offset: int, limit: int) -> list[dict[str, Any]]:
        """Some rows of a node."""
        dataset = DatasetRef.model_validate(node["dataset"])
        if offset >= dataset.rows:
            return []
        return await asyncio.to_thread(lambda: rows.page(self._storage.batches(dataset, tenant=tenant), offset, limit))

    async def profile(self, work: UnitOfWork, session_id: UUID, node_id: UUID) -> Profile:
        """A node column by column: made when first asked for."""
        node = await self.node(work, session_id, node_id)
        if node["profile"] is not None:
            return Profile.model_validate(node["profile"])
        self._refuse_when_busy()
        try:
            found = await self._computing.profile(
                work.tenant, DatasetRef.model_validate(node["dataset"]), self._settings.session_seconds
            )
        except TransformError as error:
            raise as_problem(error) from error
        await repository.keep_profile(work, node_id, found.model_dump(mode="json"))
        return found

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
            input_checks=_suggested(root, checked.needed) if infer_checks else (),
            output_checks=_suggested(node, checked.table_schema) if infer_checks else (),
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
        if session["state"] == "opening":
            raise conflict("The session's data is still being read.", "session_opening")
        if session["state"] == "failed":
            raise conflict(f"The session has no data: {session['message']}", "session_failed")
        return session

    def _grown(self, parent: RowMapping, wanted: AddNodeRequest) -> Recipe:
        before = Recipe.model_validate(parent["recipe"])
        if len(before.steps) + len(wanted.steps) > 500:
            raise invalid([Problem(pointer="/steps", code="too_many", message="A recipe has at most 500 steps.")])
        for name, other in wanted.inputs.items():
            if before.inputs.get(name, other) != other:
                message = f"The name {name!r} stands for another table in this session's steps."
                raise invalid([Problem(pointer=f"/inputs/{name}", code="input_taken", message=message)])
        return Recipe(steps=(*before.steps, *wanted.steps), inputs=before.inputs | wanted.inputs)

    async def _apply(self, tenant: UUID, parent: RowMapping, recipe: Recipe) -> Result:
        self._refuse_when_busy()
        dataset = DatasetRef.model_validate(parent["dataset"])
        try:
            return await self._computing.apply(
                tenant, dataset, [JobModule(name="", recipe=recipe)], self._settings.session_seconds
            )
        except TransformError as error:
            raise as_problem(error) from error

    def _refuse_when_busy(self) -> None:
        if self._computing.waiting >= self._settings.session_waiting:
            raise unavailable("Others are computing; there is no place free.", retry_after=2)


def _suggested(node: RowMapping, schema: Schema) -> tuple[Check, ...]:
    """The checks that a node's data suggests, where its figures are known."""
    return () if node["profile"] is None else inferred(Profile.model_validate(node["profile"]), schema)
