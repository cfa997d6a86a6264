"""HTTP of schema_drift: drift reports, and the quarantine with its files and rows."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from contracts.permissions import Permission
from services.chassis.cursors import number_after, uuid_after
from services.chassis.http import Page, PageQuery, ServiceHttp, Who, Work, raw_body, requires
from services.chassis.problems import not_found
from services.schema_drift import knowledge, repository
from services.schema_drift.service import quarantine
from services.schema_drift.service.content import QuarantineContent, remove
from services.schema_drift.settings import SchemaDriftSettings
from services.schema_drift.views import (
    ColumnView,
    EntryView,
    RejectRequest,
    ReleaseRequest,
    ReportSummary,
    ReportView,
    RowsPage,
    State,
    entry_view,
)

FILE_TYPES = ("application/octet-stream", "text/csv", "application/vnd.apache.parquet")
WorkflowFilter = Annotated[str | None, Query(max_length=100, description="The workflow's name")]


def router(content: QuarantineContent, settings: SchemaDriftSettings, http: ServiceHttp) -> APIRouter:
    """The routes of schema_drift."""
    routes = http.router(prefix="/api", tags=["schema-drift"])

    @routes.get("/drift-reports", dependencies=[requires(Permission.DRIFT_READ)])
    async def list_reports(
        work: Work, paging: PageQuery, workflow: WorkflowFilter = None, run: UUID | None = None
    ) -> Page[ReportSummary]:
        """Drift reports, newest first."""
        rows = await repository.list_reports(
            work, workflow=workflow, run_id=run, after=uuid_after(paging), limit=paging.limit + 1
        )
        return paging.page([ReportSummary.model_validate(row) for row in rows], lambda report: (report.id,))

    @routes.get("/drift-reports/{report_id}", dependencies=[requires(Permission.DRIFT_READ)])
    async def get_report(report_id: UUID, work: Work) -> ReportView:
        """One report, with the schemas that were compared."""
        row = await repository.get_report(work, report_id)
        if row is None:
            raise not_found()
        answer = await knowledge.model_answer(work, report_id)
        return ReportView.model_validate(dict(row) | {"model": None if answer is None else answer["said"]})

    @routes.get("/quarantine", dependencies=[requires(Permission.QUARANTINE_READ)])
    async def list_entries(
        work: Work,
        paging: PageQuery,
        state: State | None = None,
        workflow: WorkflowFilter = None,
        run: UUID | None = None,
    ) -> Page[EntryView]:
        """What is or was set aside, newest first."""
        rows = await repository.list_entries(
            work, state=state, workflow=workflow, run_id=run, after=uuid_after(paging), limit=paging.limit + 1
        )
        return paging.page([entry_view(row) for row in rows], lambda entry: (entry.id,))

    @routes.get("/quarantine/{entry_id}", dependencies=[requires(Permission.QUARANTINE_READ)])
    async def get_entry(entry_id: UUID, work: Work) -> EntryView:
        """One entry."""
        return entry_view(await quarantine.entry(work, entry_id))

    @routes.get("/quarantine/{entry_id}/rows", dependencies=[requires(Permission.QUARANTINE_READ)])
    async def get_rows(entry_id: UUID, who: Who, paging: PageQuery) -> RowsPage:
        """The rows of an entry, in their order, with the reason of each."""
        start = number_after(paging) or 0
        dataset, rows = await content.rows(who.tenant, entry_id, start, paging.limit + 1)
        page = paging.page(list(enumerate(rows, start + 1)), lambda row: (row[0],))
        return RowsPage(
            columns=[ColumnView(name=column.name, type=column.type.value) for column in dataset.table_schema.columns],
            items=[row for _, row in page.items],
            next_cursor=page.next_cursor,
        )

    @routes.get(
        "/quarantine/{entry_id}/content",
        dependencies=[requires(Permission.QUARANTINE_READ)],
        response_class=FileResponse,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The bytes as they came"}},
    )
    async def get_content(entry_id: UUID, who: Who) -> FileResponse:
        """The original bytes of a file, for download."""
        name, path = await content.original(who.tenant, entry_id)
        return FileResponse(
            path,
            media_type="application/octet-stream",
            headers={
                # Whatever is in the file, a browser saves it and does not show it.
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
                "X-Content-Type-Options": "nosniff",
            },
            background=BackgroundTask(remove, path.parent),
        )

    @routes.put(
        "/quarantine/{entry_id}/content",
        dependencies=[
            requires(Permission.QUARANTINE_RELEASE),
            raw_body(
                settings.corrected_limit, ("application/octet-stream", "text/csv", "application/vnd.apache.parquet")
            ),
        ],
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def put_content(entry_id: UUID, who: Who, request: Request) -> EntryView:
        """Put corrected bytes in the place of the original ones, which are kept; `:release` loads them."""
        return entry_view(await content.correct(who.tenant, entry_id, request.stream()))

    @routes.post("/quarantine/{entry_id}:release", dependencies=[requires(Permission.QUARANTINE_RELEASE)])
    async def release(entry_id: UUID, work: Work, who: Who, body: ReleaseRequest | None = None) -> EntryView:
        """Let a file go on: a run loads the corrected bytes, or the original ones."""
        return entry_view(await quarantine.release(work, entry_id, who.subject))

    @routes.post("/quarantine/{entry_id}:reject", dependencies=[requires(Permission.QUARANTINE_RELEASE)])
    async def reject(entry_id: UUID, work: Work, who: Who, body: RejectRequest) -> EntryView:
        """Say that what was set aside stays out."""
        return entry_view(await quarantine.reject(work, entry_id, who.subject, body.reason))

    return routes
