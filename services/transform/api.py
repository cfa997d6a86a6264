"""HTTP of transform: sessions, their nodes, and deploying one as a module."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from contracts.commands.transform import Profile
from contracts.data import DatasetRef
from contracts.permissions import Permission
from contracts.runs import DeployModuleInput
from contracts.workflow import ModuleVersionRef
from services.chassis.cursors import uuid_after
from services.chassis.http import Page, PageQuery, ServiceHttp, Who, Work, requires
from services.transform import repository
from services.transform.deployments import Deployments
from services.transform.service import Sessions
from services.transform.views import (
    AddNodeRequest,
    BackRequest,
    DeployRequest,
    NodeSummary,
    NodeView,
    OpenRequest,
    PreviewView,
    SessionDetail,
    SessionView,
    node_summary,
    node_view,
)

READ = requires(Permission.SESSIONS_READ)
WRITE = requires(Permission.SESSIONS_WRITE)
Offset = Annotated[int, Query(ge=0, le=2**40, description="Rows to pass over")]
Limit = Annotated[int, Query(ge=1, le=500, description="Rows to show")]


def router(sessions: Sessions, deployments: Deployments, http: ServiceHttp) -> APIRouter:
    """The routes of transform."""
    routes = http.router(prefix="/api/sessions", tags=["sessions"])

    @routes.post("", status_code=202, dependencies=[WRITE])
    async def open_session(body: OpenRequest, work: Work, who: Who, response: Response) -> SessionView:
        """Open a session on a file or table; its data is read meanwhile."""
        row = await sessions.open(work, who.subject, body)
        response.headers["Location"] = f"/api/sessions/{row['id']}"
        return SessionView.model_validate(dict(row))

    @routes.get("", dependencies=[READ])
    async def list_sessions(work: Work, paging: PageQuery) -> Page[SessionView]:
        """Sessions, newest first."""
        rows = await repository.list_sessions(work, after=uuid_after(paging), limit=paging.limit + 1)
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

    @routes.post("/{session_id}/nodes", status_code=201, dependencies=[WRITE])
    async def add_node(session_id: UUID, body: AddNodeRequest, work: Work, who: Who, response: Response) -> NodeView:
        """Apply steps to a node, the current one if none is named; what comes of it is the current node then."""
        row = await sessions.add_node(work, who.subject, session_id, body)
        response.headers["Location"] = f"/api/sessions/{session_id}/nodes/{row['id']}"
        return node_view(row)

    @routes.get("/{session_id}/nodes/{node_id}", dependencies=[READ])
    async def get_node(session_id: UUID, node_id: UUID, work: Work) -> NodeView:
        """One node with its columns and its books."""
        return node_view(await sessions.node(work, session_id, node_id))

    @routes.get("/{session_id}/nodes/{node_id}/preview", dependencies=[READ])
    async def preview(
        session_id: UUID, node_id: UUID, work: Work, who: Who, offset: Offset = 0, limit: Limit = 50
    ) -> PreviewView:
        """Some rows of a node."""
        node = await sessions.node(work, session_id, node_id)
        dataset = DatasetRef.model_validate(node["dataset"])
        rows = await sessions.preview(node, who.tenant, offset, limit)
        return PreviewView(table_schema=dataset.table_schema, offset=offset, total=dataset.rows, rows=rows)

    @routes.get("/{session_id}/nodes/{node_id}/profile", dependencies=[READ])
    async def profile(session_id: UUID, node_id: UUID, work: Work) -> Profile:
        """A node column by column."""
        return await sessions.profile(work, session_id, node_id)

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
