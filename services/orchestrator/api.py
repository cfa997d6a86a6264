"""HTTP of orchestrator: workflows and their triggers, runs, and the addresses that webhooks come to."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy import RowMapping

from contracts.permissions import Permission
from contracts.workflow import WorkflowDefinition
from services.chassis.cursors import uuid_after
from services.chassis.http import (
    Edge,
    Page,
    PageQuery,
    ServiceHttp,
    Who,
    Work,
    check_if_match,
    etag,
    public,
    raw_body,
    requires,
)
from services.chassis.problems import not_found
from services.orchestrator.repository import definitions, runs
from services.orchestrator.service import asking, cancelling, log, rehearsing, undoing
from services.orchestrator.service.applying import Definitions
from services.orchestrator.service.executions import Executions
from services.orchestrator.service.hooks import Hooks
from services.orchestrator.service.rotation import Rotation
from services.orchestrator.settings import OrchestratorSettings
from services.orchestrator.views import (
    AppliedView,
    CancelView,
    DeliveredView,
    LogView,
    RunAccepted,
    RunState,
    RunSummary,
    RunView,
    TriggerView,
    ValidView,
    WorkflowSummary,
    WorkflowView,
    applied_view,
    delivered_view,
    line_view,
    run_summary,
    run_view,
    trigger_view,
    workflow_summary,
    workflow_view,
)

WorkflowFilter = Annotated[str | None, Query(max_length=100, description="The workflow's name")]
ModuleFilter = Annotated[str | None, Query(max_length=100, description="Those that used this module")]
VersionFilter = Annotated[int | None, Query(ge=1, lt=2**31, description="With `module`: this version of it")]
READ = requires(Permission.WORKFLOWS_READ)
WRITE = requires(Permission.WORKFLOWS_WRITE)
RUNS = requires(Permission.RUNS_READ)


def router(
    workflows: Definitions,
    hooks: Hooks,
    rotation: Rotation,
    executions: Executions,
    settings: OrchestratorSettings,
    public_url: str,
    http: ServiceHttp,
) -> APIRouter:
    """The routes of orchestrator."""
    routes = http.router(tags=["orchestrator"])

    @routes.get("/api/workflows", dependencies=[READ])
    async def list_workflows(work: Work, paging: PageQuery) -> Page[WorkflowSummary]:
        """Workflows by name."""
        after = None if paging.after is None else paging.after[0]
        rows = await definitions.list_workflows(work, after=after, limit=paging.limit + 1)
        return paging.page([workflow_summary(row) for row in rows], lambda item: (item.name,))

    @routes.get("/api/workflows/{name}", dependencies=[READ])
    async def get_workflow(name: str, work: Work, response: Response) -> WorkflowView:
        """One workflow, with its definition and triggers; its ETag goes into If-Match."""
        row = await definitions.find_workflow(work, name)
        if row is None:
            raise not_found()
        response.headers["ETag"] = etag(_version(row))
        return workflow_view(row, await definitions.triggers_of(work, row["id"]), public_url)

    @routes.put(
        "/api/workflows/{name}",
        dependencies=[WRITE],
        responses={201: {"model": AppliedView, "description": "It is new"}},
    )
    async def put_workflow(
        name: str,
        body: WorkflowDefinition,
        request: Request,
        who: Who,
        edge: Edge,
        response: Response,
        dry_run: bool = False,
    ) -> AppliedView:
        """Make a workflow what the definition says; the same definition again changes nothing.

        A trigger's secret is in the answer that made it, and in no other.
        """
        # The others are asked before the transaction begins: it must not wait for them.
        validated = await workflows.validate(who.tenant, body, name)
        applied = await workflows.apply(
            await edge.work(),
            body,
            validated,
            by=who.subject,
            precondition=_precondition(request),
            dry_run=dry_run,
        )
        if applied.workflow is not None:
            response.headers["ETag"] = etag(_version(applied.workflow))
        if applied.change == "created" and not dry_run:
            response.status_code = 201
        return applied_view(applied, body, public_url, dry_run=dry_run)

    @routes.delete("/api/workflows/{name}", status_code=204, dependencies=[WRITE])
    async def delete_workflow(name: str, request: Request, work: Work) -> None:
        """Remove a workflow and its triggers. Its runs stay in the history."""
        await workflows.delete(work, name, _precondition(request))

    @routes.post("/api/workflows:validate", dependencies=[READ])
    async def validate(body: WorkflowDefinition, who: Who, edge: Edge) -> ValidView:
        """Check a definition against the connections and modules that exist; 422 says what is wrong, and where."""
        await workflows.validate(who.tenant, body, body.name)
        await workflows.refuse_circle(await edge.work(), body)
        return ValidView()

    @routes.post("/api/workflows/{name}/runs", status_code=202, dependencies=[requires(Permission.RUNS_START)])
    async def start_run(
        name: str,
        work: Work,
        response: Response,
        idempotency_key: Annotated[str | None, Header(description="The same key is the same run")] = None,
    ) -> RunAccepted:
        """Run a workflow on everything new in its source."""
        accepted = await asking.by_hand(work, name, idempotency_key)
        row = await _run(work, accepted.run_id)
        response.headers["Location"] = f"/api/runs/{accepted.run_id}"
        return RunAccepted(id=accepted.run_id, state=row["state"], new=accepted.new)

    @routes.post("/api/workflows/{name}:dry-run", status_code=202, dependencies=[requires(Permission.RUNS_START)])
    async def dry_run(
        name: str,
        body: WorkflowDefinition,
        work: Work,
        who: Who,
        response: Response,
        last: Annotated[int, Query(ge=1, le=20, description="On what so many runs read")] = 1,
        idempotency_key: Annotated[str | None, Header(description="The same key is the same run")] = None,
    ) -> RunAccepted:
        """Try a definition on what the last runs of the workflow read, and compare with what they made of it.

        Nothing is read from the source or written anywhere, and the definition is not applied. The run's answer has the
        difference for each, row by row in its figures.
        """
        accepted = await rehearsing.ask(work, name, body, last, who.subject, idempotency_key)
        row = await _run(work, accepted.run_id)
        response.headers["Location"] = f"/api/runs/{accepted.run_id}"
        return RunAccepted(id=accepted.run_id, state=row["state"], new=accepted.new)

    @routes.get("/api/runs", dependencies=[RUNS])
    async def list_runs(
        work: Work,
        paging: PageQuery,
        workflow: WorkflowFilter = None,
        state: RunState | None = None,
        module: ModuleFilter = None,
        module_version: VersionFilter = None,
    ) -> Page[RunSummary]:
        """Runs, newest first."""
        used: dict[str, str | int] | None = None if module is None else {"name": module}
        if module_version is not None:
            used = {**(used or {}), "version": module_version}
        rows = await runs.list_runs(
            work, workflow=workflow, state=state, used=used, after=uuid_after(paging), limit=paging.limit + 1
        )
        waiting = await runs.waiting_for(work, [row["id"] for row in rows if row["state"] == "running"])
        return paging.page([run_summary(row, waiting.get(row["id"], ())) for row in rows], lambda run: (run.id,))

    @routes.get("/api/runs/{run_id}", dependencies=[RUNS])
    async def get_run(run_id: UUID, work: Work) -> RunView:
        """One run, with its steps and books; while it runs, also with what is under way."""
        row = await _run(work, run_id)
        definition = await definitions.get_definition(work, row["workflow_id"], row["workflow_version"])
        progress = await executions.progress(work.tenant, run_id) if row["state"] == "running" else []
        return run_view(row, definition, await runs.steps_of(work, run_id), progress)

    @routes.post("/api/runs/{run_id}:cancel", status_code=202, dependencies=[requires(Permission.RUNS_START)])
    async def cancel_run(run_id: UUID, edge: Edge, who: Who, response: Response) -> CancelView:
        """End a run before its time. What it read is given back to the next run; what was loaded stays loaded.

        Asking again is asking once. 409 when it has ended otherwise. A run that is loading at this moment comes to its
        end: its state says whether its rows are in the destination.
        """
        row = await cancelling.ask(await edge.work(), run_id, who.subject)

        async def told() -> None:
            await cancelling.tell(executions, who.tenant, run_id)

        if row["state"] != "cancelled":
            edge.after_commit(told)
        response.headers["Location"] = f"/api/runs/{run_id}"
        return CancelView(id=run_id, state=row["state"], cancel_requested_at=row["cancel_requested_at"])

    @routes.post("/api/runs/{run_id}:undo", status_code=202, dependencies=[requires(Permission.RUNS_START)])
    async def undo_run(
        run_id: UUID,
        work: Work,
        who: Who,
        response: Response,
        dry_run: Annotated[bool, Query(description="Find out whether it can be done, and change nothing")] = False,
        idempotency_key: Annotated[str | None, Header(description="The same key is the same run")] = None,
    ) -> RunAccepted:
        """Take out what a run loaded: rows it added go, rows it changed or replaced are there again as they were.

        This is a run of its own. It does everything or nothing, and fails with `undo_refused` and the reason when a
        later run or somebody else touched the same rows, or when what was overwritten is not kept any more. 409 when
        the run is undone already, or has not ended.
        """
        accepted = await undoing.ask(work, run_id, who.subject, idempotency_key, dry_run=dry_run)
        row = await _run(work, accepted.run_id)
        response.headers["Location"] = f"/api/runs/{accepted.run_id}"
        return RunAccepted(id=accepted.run_id, state=row["state"], new=accepted.new)

    @routes.get("/api/runs/{run_id}/log", dependencies=[RUNS])
    async def get_log(run_id: UUID, work: Work) -> LogView:
        """What happened in a run, line by line."""
        row = await _run(work, run_id)
        told = log.lines(row, await runs.steps_of(work, run_id))
        return LogView(items=[line_view(line) for line in told])

    @routes.get("/api/triggers", dependencies=[READ])
    async def list_triggers(work: Work, paging: PageQuery, workflow: WorkflowFilter = None) -> Page[TriggerView]:
        """Triggers and their addresses, newest first; never their secrets."""
        rows = await definitions.list_triggers(
            work, workflow=workflow, after=uuid_after(paging), limit=paging.limit + 1
        )
        return paging.page([trigger_view(row, row["workflow"], public_url) for row in rows], lambda item: (item.id,))

    @routes.post("/api/triggers/{trigger_id}:rotate", dependencies=[WRITE])
    async def rotate(trigger_id: UUID, work: Work) -> TriggerView:
        """Make a new secret, shown in this answer only; the old one is taken for some hours more."""
        row, secret = await rotation.rotate(work, trigger_id)
        return trigger_view(row, row["workflow"], public_url, secret)

    @routes.post(
        "/hooks/{trigger_id}",
        status_code=202,
        dependencies=[
            public("Senders of webhooks have no account: the signature says who they are"),
            raw_body(settings.webhook_limit),
        ],
        responses={200: {"model": DeliveredView, "description": "A test event: nothing was to be done"}},
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
    )
    async def deliver(trigger_id: UUID, request: Request, response: Response) -> DeliveredView:
        """Take a webhook signed by Standard Webhooks; accepted once, however often it is delivered."""
        delivered = await hooks.deliver(trigger_id, request.headers.items(), await request.body())
        if delivered.test:
            response.status_code = 200
        return delivered_view(delivered)

    return routes


async def _run(work: Work, run_id: UUID) -> RowMapping:
    row = await runs.get_run(work, run_id)
    if row is None:
        raise not_found()
    return row


def _version(row: RowMapping | None) -> str | None:
    # With the id: a workflow that was removed and made again begins anew with version 1.
    return None if row is None else f"{row['id'].hex[:12]}-{row['current_version']}"


def _precondition(request: Request) -> Callable[[RowMapping | None], None]:
    return lambda row: check_if_match(request, _version(row))
