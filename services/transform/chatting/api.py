"""HTTP of conversations: saying what is wanted, seeing what would be done, and doing it."""

from uuid import UUID

from fastapi import APIRouter, Response

from contracts.permissions import Permission
from services.chassis.cursors import uuid_after
from services.chassis.http import Page, PageQuery, ServiceHttp, Who, Work, requires
from services.transform.chatting import repository
from services.transform.chatting.service import Conversations
from services.transform.chatting.views import ApplyRequest, ChatRequest, MessageView, message_view
from services.transform.views import NodeView, node_view

READ = requires(Permission.SESSIONS_READ)
WRITE = requires(Permission.SESSIONS_WRITE)


def router(conversations: Conversations, http: ServiceHttp) -> APIRouter:
    """The routes of conversations."""
    routes = http.router(prefix="/api/sessions", tags=["chat"])

    @routes.post("/{session_id}/chat", status_code=201, dependencies=[WRITE])
    async def chat(session_id: UUID, body: ChatRequest, work: Work, who: Who) -> MessageView:
        """Say what the table should become; the answer is a plan, a question, or a refusal. Nothing changes."""
        return message_view(await conversations.ask(work, who.subject, session_id, body))

    @routes.get("/{session_id}/chat", dependencies=[READ])
    async def list_messages(
        session_id: UUID, work: Work, paging: PageQuery, node_id: UUID | None = None
    ) -> Page[MessageView]:
        """What was said about a session, or about one node, oldest first."""
        await conversations.session(work, session_id)
        rows = await repository.list_messages(
            work, session_id, node_id=node_id, after=uuid_after(paging), limit=paging.limit + 1
        )
        return paging.page([message_view(row) for row in rows], lambda message: (message.id,))

    @routes.post("/{session_id}/chat/{message_id}:apply", status_code=201, dependencies=[WRITE])
    async def apply(
        session_id: UUID, message_id: UUID, body: ApplyRequest, work: Work, who: Who, response: Response
    ) -> NodeView:
        """Do what was planned. The new node is the current one then."""
        node = await conversations.apply(work, who.subject, session_id, message_id)
        response.headers["Location"] = f"/api/sessions/{session_id}/nodes/{node['id']}"
        return node_view(node)

    return routes
