"""HTTP of transform: sessions, their nodes, and deploying one as a module."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from contracts.data import DatasetRef
from contracts.permissions import Permission
from contracts.profile import Profile
from contracts.runs import DeployModuleInput
from contracts.workflow import ModuleVersionRef
from services.chassis.cursors import uuid_after
from services.chassis.http import Page, PageQuery, ServiceHttp, Who, Work, requires
from services.transform import forgetting, repository, task_store
from services.transform.deployments import Deployments
from services.transform.exporting.files import FILES, Format
from services.transform.looking import Looking
from services.transform.profiling.summary import LEAST_TEXT, MAX_TEXT, summary
from services.transform.service import Made, Sessions
from services.transform.tasks import Tasks
from services.transform.views import (
    AddNodeRequest,
    BackRequest,
    DeployRequest,
    EditRequest,
    NodeComparison,
    NodeSteps,
    NodeSummary,
    NodeView,
    OpenRequest,
    PreviewView,
    RenameRequest,
    SessionDetail,
    SessionView,
    SummaryView,
    TaskView,
    node_summary,
    node_view,
    task_view,
)

READ = requires(Permission.SESSIONS_READ)
WRITE = requires(Permission.SESSIONS_WRITE)
Offset = Annotated[int, Query(ge=0, le=2**40, description="Rows to pass over")]
Limit = Annotated[int, Query(ge=1, le=500, description="Rows to show")]
Where = Annotated[
    str | None, Query(min_length=1, max_length=10_000, description="A SQL expression; only rows for which it is true")
]
Columns = Annotated[list[str], Query(max_length=500, description="Only these columns, in this order; else all")]
ShowValues = Annotated[bool, Query(description="Show values of the data instead of their shapes")]
Letters = Annotated[int, Query(ge=LEAST_TEXT, le=50_000, description="The longest text")]
AsFormat = Annotated[Format, Query(description="What kind of file")]
EscapeFormulas = Annotated[
    bool, Query(description="Put an apostrophe before texts that a spreadsheet would run (CSV and XLSX)")
]
Archived = Annotated[bool, Query(description="Those that were put away, instead of those in use")]
NodeQuery = Annotated[UUID, Query(description="A node of the session")]
LATER: dict[int | str, dict[str, Any]] = {202: {"model": TaskView, "description": "It takes longer: a task does it."}}


def answer(session_id: UUID, made: Made, response: Response) -> NodeView | Response:
    """The node that is there, or the task that makes it."""
    if made.task is not None:
        headers = {"Location": f"/api/sessions/{session_id}/tasks/{made.task['id']}"}
        return Response(task_view(made.task).model_dump_json(), 202, headers, "application/json")
    assert made.node is not None  # noqa: S101 - for the type checker
    response.headers["Location"] = f"/api/sessions/{session_id}/nodes/{made.node['id']}"
    return node_view(made.node)


def router(
    sessions: Sessions, looking: Looking, tasks: Tasks, deployments: Deployments, http: ServiceHttp
) -> APIRouter:
    """The routes of transform."""
    routes = http.router(prefix="/api/sessions", tags=["sessions"])

    @routes.post("", status_code=202, dependencies=[WRITE])
    async def open_session(body: OpenRequest, work: Work, who: Who, response: Response) -> SessionView:
        """Open a session on a file or table; its data is read meanwhile."""
        row = await sessions.open(work, who.subject, body)
        response.headers["Location"] = f"/api/sessions/{row['id']}"
        return SessionView.model_validate(dict(row))

    @routes.get("", dependencies=[READ])
    async def list_sessions(work: Work, paging: PageQuery, archived: Archived = False) -> Page[SessionView]:
        """Sessions in use, newest first; or those that were put away."""
        rows = await repository.list_sessions(work, after=uuid_after(paging), limit=paging.limit + 1, archived=archived)
        return paging.page([SessionView.model_validate(dict(row)) for row in rows], lambda session: (session.id,))

    @routes.get("/{session_id}", dependencies=[READ])
    async def get_session(session_id: UUID, work: Work) -> SessionDetail:
        """One session with the tree of its nodes."""
        row = await sessions.session(work, session_id)
        nodes = [node_summary(node) for node in await repository.list_nodes(work, session_id)]
        return SessionDetail.model_validate(dict(row) | {"nodes": nodes})

    @routes.get("/{session_id}/nodes", dependencies=[READ])
    async def list_nodes(session_id: UUID, work: Work, paging: PageQuery) -> Page[NodeSummary]:
        """The nodes of a session, oldest first."""
        await sessions.session(work, session_id)
        rows = await repository.list_nodes(work, session_id, after=uuid_after(paging), limit=paging.limit + 1)
        return paging.page([node_summary(row) for row in rows], lambda node: (node.id,))

    @routes.post("/{session_id}/nodes", status_code=201, response_model=NodeView, responses=LATER, dependencies=[WRITE])
    async def add_node(
        session_id: UUID, body: AddNodeRequest, work: Work, who: Who, response: Response
    ) -> NodeView | Response:
        """Apply steps to a node, the current one if none is named; what comes of it is the current node then.

        What takes longer than a request may is answered with 202 and a task.
        """
        return answer(session_id, await sessions.add_node(work, who.subject, session_id, body), response)

    @routes.post("/{session_id}:edit", status_code=201, response_model=NodeView, responses=LATER, dependencies=[WRITE])
    async def edit(
        session_id: UUID, body: EditRequest, work: Work, who: Who, response: Response
    ) -> NodeView | Response:
        """Replace, remove or insert a step anywhere; what follows it is repeated as a new branch.

        What was computed before from the same input is not computed again.
        """
        return answer(session_id, await sessions.edit(work, who.subject, session_id, body), response)

    @routes.patch("/{session_id}", dependencies=[WRITE])
    async def rename(session_id: UUID, body: RenameRequest, work: Work) -> SessionView:
        """Give a session a name, or take it away."""
        return SessionView.model_validate(dict(await sessions.rename(work, session_id, body.name)))

    @routes.patch("/{session_id}/nodes/{node_id}", dependencies=[WRITE])
    async def rename_node(session_id: UUID, node_id: UUID, body: RenameRequest, work: Work) -> NodeView:
        """Give a node a name of its own in the session, or take it away. Nothing else of a node ever changes."""
        return node_view(await sessions.rename_node(work, session_id, node_id, body.name))

    @routes.post("/{session_id}:archive", dependencies=[WRITE])
    async def archive(session_id: UUID, work: Work, who: Who) -> SessionView:
        """Put a session away: lists leave it out, it can still be read, and brought back."""
        return SessionView.model_validate(dict(await sessions.archive(work, who.subject, session_id)))

    @routes.post("/{session_id}:restore", dependencies=[WRITE])
    async def restore(session_id: UUID, work: Work, who: Who) -> SessionView:
        """Bring a session back that was put away."""
        return SessionView.model_validate(dict(await sessions.restore(work, who.subject, session_id)))

    @routes.delete("/{session_id}", status_code=204, dependencies=[WRITE])
    async def delete_session(session_id: UUID, work: Work, who: Who) -> None:
        """Remove a session with its nodes, plans and tasks, for good. Modules made of it stay as they are."""
        await forgetting.remove(work, session_id, who.subject)

    @routes.get("/{session_id}/compare", dependencies=[READ])
    async def compare(session_id: UUID, left: NodeQuery, right: NodeQuery, work: Work) -> NodeComparison:
        """What is different between two nodes: columns, steps, rows."""
        return await sessions.compare(work, session_id, left, right)

    @routes.get("/{session_id}/tasks", dependencies=[READ])
    async def list_tasks(session_id: UUID, work: Work, paging: PageQuery) -> Page[TaskView]:
        """The long work of a session, newest first."""
        await sessions.session(work, session_id)
        rows = await task_store.list_tasks(work, session_id, after=uuid_after(paging), limit=paging.limit + 1)
        return paging.page([task_view(row) for row in rows], lambda task: (task.id,))

    @routes.get("/{session_id}/tasks/{task_id}", dependencies=[READ])
    async def get_task(session_id: UUID, task_id: UUID, work: Work) -> TaskView:
        """How long work stands: pending, running with its progress, done or failed."""
        return task_view(await tasks.show(work, session_id, task_id))

    @routes.post("/{session_id}/nodes/{node_id}:replay", status_code=202, dependencies=[WRITE])
    async def replay(session_id: UUID, node_id: UUID, work: Work, who: Who, response: Response) -> TaskView:
        """Compute a node anew, from the root on, and say whether its data is reproduced byte by byte."""
        task = await sessions.replay(work, who.subject, session_id, node_id)
        response.headers["Location"] = f"/api/sessions/{session_id}/tasks/{task['id']}"
        return task_view(task)

    @routes.get("/{session_id}/nodes/{node_id}", dependencies=[READ])
    async def get_node(session_id: UUID, node_id: UUID, work: Work) -> NodeView:
        """One node with its columns and its books."""
        return node_view(await sessions.node(work, session_id, node_id))

    @routes.get("/{session_id}/nodes/{node_id}/steps", dependencies=[READ])
    async def explain(session_id: UUID, node_id: UUID, work: Work) -> NodeSteps:
        """All steps of a node in English, with what became of the rows and of which columns theirs are made."""
        return await sessions.explain(work, session_id, node_id)

    @routes.get("/{session_id}/nodes/{node_id}/preview", dependencies=[READ])
    async def preview(
        session_id: UUID,
        node_id: UUID,
        work: Work,
        who: Who,
        offset: Offset = 0,
        limit: Limit = 50,
        where: Where = None,
        columns: Columns = [],  # noqa: B006 - the framework makes a new one for each request
    ) -> PreviewView:
        """Some rows of a node: from the first on, from any other, or the first that match an expression."""
        node = await sessions.node(work, session_id, node_id)
        dataset = DatasetRef.model_validate(node["dataset"])
        if where is None:
            seen = await looking.page(who.tenant, dataset, offset, limit, columns)
        else:
            seen = await looking.matching(who.tenant, dataset, where, offset, limit, columns)
        return PreviewView(
            table_schema=seen.table_schema,
            offset=offset,
            total=dataset.rows,
            where=where,
            matches=seen.matches,
            rows=seen.rows,
        )

    @routes.get("/{session_id}/nodes/{node_id}/profile", dependencies=[READ])
    async def profile(session_id: UUID, node_id: UUID, work: Work) -> Profile:
        """A node column by column."""
        return await sessions.profile(work, session_id, node_id)

    @routes.get("/{session_id}/nodes/{node_id}/profile/summary", dependencies=[READ])
    async def profile_summary(
        session_id: UUID, node_id: UUID, work: Work, values: ShowValues = False, letters: Letters = MAX_TEXT
    ) -> SummaryView:
        """A node's profile in words of bounded length, the same every time, as a planner would be told."""
        found = await sessions.profile(work, session_id, node_id)
        return SummaryView(text=summary(found, values=values, most=letters), values=values)

    @routes.get(
        "/{session_id}/nodes/{node_id}/export",
        response_class=StreamingResponse,
        responses={200: {"content": {kind.media_type: {} for kind in FILES.values()}}},
        dependencies=[READ],
    )
    async def export(
        session_id: UUID,
        node_id: UUID,
        work: Work,
        who: Who,
        format: AsFormat = "csv",
        escape_formulas: EscapeFormulas = False,
    ) -> StreamingResponse:
        """All rows of a node as a file, streamed."""
        node = await sessions.node(work, session_id, node_id)
        dataset = DatasetRef.model_validate(node["dataset"])
        kind, pieces = looking.export(who.tenant, dataset, format, escape_formulas=escape_formulas)
        headers = {"Content-Disposition": f'attachment; filename="{node_id}.{format}"'}
        return StreamingResponse(pieces, media_type=kind.media_type, headers=headers)

    @routes.post("/{session_id}:back", dependencies=[WRITE])
    async def back(session_id: UUID, body: BackRequest, work: Work) -> SessionView:
        """Make another node the current one: back, forward, or over to another branch. Nothing is lost."""
        return SessionView.model_validate(dict(await sessions.back(work, session_id, body.node_id)))

    @routes.post("/{session_id}:deploy", status_code=201, dependencies=[requires(Permission.MODULES_PUBLISH)])
    async def deploy(
        session_id: UUID, body: DeployRequest, work: Work, who: Who, response: Response
    ) -> ModuleVersionRef:
        """Freeze a node's steps as a version of a module, with its input and output contract."""
        node_id = await sessions.deployable(work, session_id, body.node_id)
        made = await deployments.deploy(
            DeployModuleInput(
                tenant=who.tenant,
                session_id=session_id,
                node_id=node_id,
                name=body.name,
                description=body.description,
                deployed_by=who.subject,
                details=body.details,
                infer_checks=body.infer_checks,
            )
        )
        response.headers["Location"] = f"/api/modules/{made.name}/versions/{made.version}"
        return made

    return routes
