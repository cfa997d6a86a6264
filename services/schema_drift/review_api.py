"""HTTP of reviews: listed, shown, decided; and the page behind a signed link, which only a POST decides."""

from typing import Annotated
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from contracts.permissions import Permission
from services.chassis.clock import Clock
from services.chassis.cursors import uuid_after
from services.chassis.database import Database
from services.chassis.http import Page, PageQuery, ServiceHttp, Who, Work, public, raw_body, requires
from services.chassis.passes import Passes
from services.chassis.problems import ProblemError, bad_request, not_found
from services.schema_drift import review_store
from services.schema_drift.review_page import POLICY, page
from services.schema_drift.review_views import (
    DecideRequest,
    EditRequest,
    ListedState,
    ReviewDetail,
    ReviewSummary,
    review_detail,
)
from services.schema_drift.service import reviewing
from services.schema_drift.service.reviewing import MAX_REASON, Decider
from services.schema_drift.service.samples import Samples

READ = requires(Permission.DRIFT_READ)
DECIDE = requires(Permission.QUARANTINE_RELEASE)
FORM = "application/x-www-form-urlencoded"
MAX_FORM = 50_000
WorkflowFilter = Annotated[str | None, Query(max_length=100, description="The workflow's name")]


def review_router(samples: Samples, database: Database, passes: Passes, clock: Clock, http: ServiceHttp) -> APIRouter:
    """The routes of reviews."""
    routes = http.router(tags=["schema-drift"])

    @routes.get("/api/drift/reviews", dependencies=[READ])
    async def list_reviews(
        work: Work, paging: PageQuery, state: ListedState | None = None, workflow: WorkflowFilter = None
    ) -> Page[ReviewSummary]:
        """Reviews, newest first."""
        rows = await review_store.list_reviews(
            work, state=state, workflow=workflow, after=uuid_after(paging), limit=paging.limit + 1
        )
        return paging.page([ReviewSummary.model_validate(dict(row)) for row in rows], lambda review: (review.id,))

    @routes.get("/api/drift/reviews/{review_id}", dependencies=[READ])
    async def get_review(review_id: UUID, work: Work) -> ReviewDetail:
        """A review with its evidence, its proof and the columns side by side."""
        return review_detail(*await reviewing.find(work, review_id))

    @routes.post("/api/drift/reviews/{review_id}:approve", dependencies=[DECIDE])
    async def approve(review_id: UUID, work: Work, who: Who, body: DecideRequest) -> ReviewDetail:
        """Publish what is proposed, and let the run go on."""
        await reviewing.approve(work, review_id, Decider("api", who.subject), body.reason)
        return review_detail(*await reviewing.find(work, review_id))

    @routes.post("/api/drift/reviews/{review_id}:reject", dependencies=[DECIDE])
    async def reject(review_id: UUID, work: Work, who: Who, body: DecideRequest) -> ReviewDetail:
        """Set aside what came."""
        await reviewing.reject(work, review_id, Decider("api", who.subject), body.reason)
        return review_detail(*await reviewing.find(work, review_id))

    @routes.post("/api/drift/reviews/{review_id}:edit", dependencies=[DECIDE])
    async def edit(review_id: UUID, work: Work, who: Who, body: EditRequest) -> ReviewDetail:
        """Say which column carries which; what is made of that is proven before it is published."""
        await reviewing.edit(work, samples, review_id, Decider("api", who.subject), body.mapping, body.reason)
        return review_detail(*await reviewing.find(work, review_id))

    @routes.post("/api/drift/reviews/{review_id}:ask-again", dependencies=[DECIDE])
    async def ask_again(review_id: UUID, work: Work, who: Who, body: DecideRequest) -> ReviewDetail:
        """Have a change that was rejected asked about again when it comes the next time."""
        await reviewing.ask_again(work, review_id, who.subject, body.reason)
        return review_detail(*await reviewing.find(work, review_id))

    @routes.get(
        "/drift/reviews/{review_id}/{token}",
        dependencies=[public("Whoever is asked by a notification has the pass in its link; it is checked here")],
        response_class=HTMLResponse,
    )
    async def show(review_id: UUID, token: str) -> HTMLResponse:
        """The review as a page. Links are opened by scanners, too: nothing is decided here."""
        return await _page(review_id, token)

    @routes.post(
        "/drift/reviews/{review_id}/{token}",
        dependencies=[
            public("Whoever is asked by a notification has the pass in its link; it is checked here"),
            raw_body(MAX_FORM, (FORM,)),
        ],
        response_class=HTMLResponse,
        openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": {"type": "object"}}}}},
    )
    async def decide(review_id: UUID, token: str, request: Request) -> HTMLResponse:
        """Decide by the form of the page."""
        tenant = _tenant(review_id, token)
        _same_origin(request)
        decision, reason = _form(await request.body())
        said = ""
        async with database.work(tenant) as work:
            try:
                action = reviewing.approve if decision == "approve" else reviewing.reject
                await action(work, review_id, Decider("link"), reason)
            except ProblemError as problem:
                if problem.status != 409:
                    raise
                said = problem.detail
        return await _page(review_id, token, said)

    def _tenant(review_id: UUID, token: str) -> UUID:
        tenant = passes.read(token, review_id, clock.now())
        if tenant is None:
            raise not_found()
        return tenant

    async def _page(review_id: UUID, token: str, said: str = "") -> HTMLResponse:
        async with database.work(_tenant(review_id, token)) as work:
            review = review_detail(*await reviewing.find(work, review_id))
        return HTMLResponse(
            page(review, said),
            409 if said else 200,
            headers={"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"},
        )

    return routes


def _same_origin(request: Request) -> None:
    origin = request.headers.get("origin")
    # A browser says `null` where a page may not tell: ours sends no referrer.
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise ProblemError(403, "foreign_page", "Another site's page may not decide here.")


def _form(raw: bytes) -> tuple[str, str]:
    try:
        fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=10, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise bad_request("form_invalid", "The form cannot be read.") from None
    decisions, reasons = fields.get("decision", []), fields.get("reason", [""])
    if (
        len(decisions) != 1
        or decisions[0] not in ("approve", "reject")
        or len(reasons) != 1
        or set(fields) - {"decision", "reason"}
    ):
        raise bad_request("form_invalid", "The form says approve or reject, and a reason.")
    reason = reasons[0].strip()
    if len(reason) > MAX_REASON or "\x00" in reason:
        raise bad_request("form_invalid", f"A reason has at most {MAX_REASON} characters.")
    return decisions[0], reason
