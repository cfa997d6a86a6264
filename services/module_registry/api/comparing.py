"""HTTP of comparisons and trials: two versions side by side, and what versions make of rows."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from contracts.commands.transform import ApplyResult, DifferResult
from contracts.data import DatasetRef
from contracts.differences import Table
from contracts.permissions import Permission
from services.chassis.cursors import uuid_after
from services.chassis.http import Page, PageQuery, ServiceHttp, Who, Work, requires
from services.chassis.storage import Storage
from services.module_registry.api.library import READ
from services.module_registry.repository import questions
from services.module_registry.rows import changed_rows, page
from services.module_registry.service import comparing
from services.module_registry.views.comparing import (
    ComparisonView,
    ContractDifferenceView,
    DataComparisonSummary,
    DataComparisonView,
    DifferenceRequest,
    DifferenceRowsView,
    InputRowView,
    RowsView,
    StepRowView,
    TrialRequest,
    TrialSummary,
    TrialView,
    comparison_document,
    trial_document,
)
from services.module_registry.views.library import ChangeView

# Whoever may explore data may see what a module makes of it.
TRY = requires(Permission.SESSIONS_WRITE)
Number = Annotated[int, Query(ge=1, le=2**31 - 1)]
Offset = Annotated[int, Query(ge=0, le=2**40, description="Rows to pass over")]
Limit = Annotated[int, Query(ge=1, le=500, description="Rows to show")]


def comparing_router(storage: Storage, http: ServiceHttp) -> APIRouter:
    """The routes of comparisons and trials."""
    routes = http.router(prefix="/api", tags=["modules"])

    @routes.get("/modules/{name}/compare", dependencies=[READ])
    async def compare(
        name: str,
        left: Number,
        right: Number,
        work: Work,
        right_name: Annotated[str | None, Query(max_length=63, description="The right version's module")] = None,
    ) -> ComparisonView:
        """Two versions side by side: steps aligned, contracts compared."""
        other = right_name or name
        found = await comparing.compare(work, Table(name=name, version=left), Table(name=other, version=right))
        return ComparisonView(
            name=name,
            left=left,
            right=right,
            right_name=other,
            steps=[StepRowView.model_validate(row) for row in found.steps],
            input_contract=ContractDifferenceView.model_validate(found.input_contract),
            output_contract=ContractDifferenceView.model_validate(found.output_contract),
            level=found.level,
            changes=[ChangeView.model_validate(change) for change in found.changes],
            inputs=[InputRowView.model_validate(row) for row in found.inputs],
        )

    @routes.post("/module-comparisons", dependencies=[TRY], status_code=202)
    async def ask_difference(body: DifferenceRequest, work: Work, who: Who, response: Response) -> DataComparisonView:
        """Compare what two versions make of the same rows: of a node, of a past run, or of a file."""
        row = await comparing.ask_difference(work, body.left, body.right, body.input, body.keys, who.subject)
        response.headers["Location"] = f"/api/module-comparisons/{row['id']}"
        return DataComparisonView.model_validate(comparison_document(row))

    @routes.get("/module-comparisons", dependencies=[READ])
    async def list_differences(work: Work, paging: PageQuery) -> Page[DataComparisonSummary]:
        """Comparisons on data, newest first."""
        after = uuid_after(paging)
        rows = await questions.list_questions(work, "comparison", after=after, limit=paging.limit + 1)
        items = [DataComparisonSummary.model_validate(comparison_document(row)) for row in rows]
        return paging.page(items, lambda item: (item.id,))

    @routes.get("/module-comparisons/{comparison_id}", dependencies=[READ])
    async def get_difference(comparison_id: UUID, work: Work) -> DataComparisonView:
        """A comparison on data, with its figures when it is done."""
        row = await comparing.question(work, "comparison", comparison_id)
        return DataComparisonView.model_validate(comparison_document(row))

    @routes.get("/module-comparisons/{comparison_id}/rows", dependencies=[READ])
    async def difference_rows(
        comparison_id: UUID,
        work: Work,
        who: Who,
        part: Annotated[Literal["only_left", "only_right", "changed"], Query(description="Which rows")] = "changed",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> DifferenceRowsView:
        """Some of the rows that differ."""
        row = await comparing.question(work, "comparison", comparison_id, answered=True)
        result = DifferResult.model_validate(row["result"])
        dataset: DatasetRef | None = getattr(result.rows, part)
        shown = await page(storage, who.tenant, dataset, offset, limit)
        total = 0 if dataset is None else dataset.rows
        if part != "changed":
            return DifferenceRowsView(total=total, offset=offset, rows=shown)
        return DifferenceRowsView(total=total, offset=offset, changed=changed_rows(shown, result.difference))

    @routes.post("/module-trials", dependencies=[TRY], status_code=202)
    async def try_module(body: TrialRequest, work: Work, who: Who, response: Response) -> TrialView:
        """Run a version over the rows of a node, of a past run or of a file, without a workflow."""
        row = await comparing.ask_trial(work, body.module.name, body.module.version, body.input, who.subject)
        response.headers["Location"] = f"/api/module-trials/{row['id']}"
        return TrialView.model_validate(trial_document(row))

    @routes.get("/module-trials", dependencies=[READ])
    async def list_trials(work: Work, paging: PageQuery) -> Page[TrialSummary]:
        """Trials, newest first."""
        rows = await questions.list_questions(work, "trial", after=uuid_after(paging), limit=paging.limit + 1)
        return paging.page([TrialSummary.model_validate(trial_document(row)) for row in rows], lambda one: (one.id,))

    @routes.get("/module-trials/{trial_id}", dependencies=[READ])
    async def get_trial(trial_id: UUID, work: Work) -> TrialView:
        """A trial, with its books when it is done."""
        return TrialView.model_validate(trial_document(await comparing.question(work, "trial", trial_id)))

    @routes.get("/module-trials/{trial_id}/rows", dependencies=[READ])
    async def trial_rows(
        trial_id: UUID,
        work: Work,
        who: Who,
        part: Annotated[Literal["output", "set_aside"], Query(description="Which rows")] = "output",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> RowsView:
        """Some rows of what came out, or of what was set aside."""
        row = await comparing.question(work, "trial", trial_id, answered=True)
        beside = {"rows_read", "set_aside_before"}
        result = ApplyResult.model_validate({name: one for name, one in row["result"].items() if name not in beside})
        aside = result.quarantined[0].dataset if result.quarantined else None
        dataset = result.dataset if part == "output" else aside
        shown = await page(storage, who.tenant, dataset, offset, limit)
        return RowsView(total=0 if dataset is None else dataset.rows, offset=offset, rows=shown)

    return routes
