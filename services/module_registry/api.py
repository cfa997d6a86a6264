"""HTTP of module_registry: modules, versions, comparison, and which version is current."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from contracts.permissions import Permission
from contracts.workflow import ModuleDraft
from services.chassis.cursors import number_after, uuid_after
from services.chassis.http import Edge, Page, PageQuery, ServiceHttp, Who, Work, requires
from services.chassis.problems import not_found
from services.module_registry import repository, service
from services.module_registry.checking import Drafts
from services.module_registry.views import (
    ComparisonView,
    ContractDifferenceView,
    DecisionView,
    ModuleView,
    PublishedView,
    PublishRequest,
    SetCurrentRequest,
    StepRowView,
    VersionSummary,
    VersionView,
    version_document,
)

Number = Annotated[int, Query(ge=1, le=2**31 - 1)]


def router(drafts: Drafts, http: ServiceHttp) -> APIRouter:
    """The routes of module_registry."""
    routes = http.router(prefix="/api/modules", tags=["modules"])
    reads = [requires(Permission.MODULES_READ)]
    publishes = [requires(Permission.MODULES_PUBLISH)]

    @routes.get("", dependencies=reads)
    async def list_modules(
        work: Work,
        paging: PageQuery,
        q: Annotated[str | None, Query(max_length=200, description="Looked for in names and descriptions")] = None,
    ) -> Page[ModuleView]:
        """Modules by name."""
        after = paging.after[0] if paging.after else None
        rows = await repository.list_modules(work, search=q, after=after, limit=paging.limit + 1)
        return paging.page([ModuleView.model_validate(row) for row in rows], lambda module: (module.name,))

    @routes.post(
        "",
        dependencies=publishes,
        status_code=201,
        responses={200: {"model": PublishedView, "description": "This very content is a version already"}},
    )
    async def publish(body: PublishRequest, edge: Edge, who: Who, response: Response) -> PublishedView:
        """Freeze a draft as a module's next version; 200 when this very content is a version already.

        A recipe that would not run between its contracts is refused, with the place of what is wrong with it.
        """
        draft = ModuleDraft.model_validate(body.model_dump(exclude={"make_current", "reason"}))
        # The others are asked before the transaction begins: it must not wait for them.
        await drafts.judge(who.tenant, draft)
        done = await service.publish(
            await edge.work(), draft, who.subject, make_current=body.make_current, reason=body.reason
        )
        response.status_code = 201 if done.created else 200
        return PublishedView(**done.ref.model_dump(), created=done.created)

    @routes.get("/{name}", dependencies=reads)
    async def get_module(name: str, work: Work) -> ModuleView:
        """One module."""
        return ModuleView.model_validate(await service.module_named(work, name))

    @routes.post("/{name}:set-current", dependencies=publishes)
    async def set_current(name: str, body: SetCurrentRequest, work: Work, who: Who) -> ModuleView:
        """Decide which version `current` means from now on; runs under way keep theirs."""
        return ModuleView.model_validate(await service.set_current(work, name, body.version, who.subject, body.reason))

    @routes.get("/{name}/versions", dependencies=reads)
    async def list_versions(name: str, work: Work, paging: PageQuery) -> Page[VersionSummary]:
        """Versions, newest first."""
        module = await service.module_named(work, name)
        rows = await repository.list_versions(work, module["id"], after=number_after(paging), limit=paging.limit + 1)
        items = [VersionSummary.model_validate(version_document(module, row)) for row in rows]
        return paging.page(items, lambda version: (version.number,))

    @routes.get("/{name}/versions/{number}", dependencies=reads)
    async def get_version(name: str, number: int, work: Work) -> VersionView:
        """One version with its recipe and contracts, compared with the hash it was published under."""
        if not 1 <= number < 2**31:
            raise not_found()
        module = await service.module_named(work, name)
        row = await service.version_of(work, module, number)
        return VersionView.model_validate(version_document(module, row))

    @routes.get("/{name}/decisions", dependencies=reads)
    async def list_decisions(name: str, work: Work, paging: PageQuery) -> Page[DecisionView]:
        """How `current` moved, by whom and why, newest first."""
        module = await service.module_named(work, name)
        rows = await repository.list_decisions(work, module["id"], after=uuid_after(paging), limit=paging.limit + 1)
        return paging.page([DecisionView.model_validate(row) for row in rows], lambda decision: (decision.id,))

    @routes.get("/{name}/compare", dependencies=reads)
    async def compare(name: str, left: Number, right: Number, work: Work) -> ComparisonView:
        """Two versions side by side: steps aligned, contracts compared."""
        found = await service.compare(work, name, left, right)
        return ComparisonView(
            name=name,
            left=left,
            right=right,
            steps=[StepRowView.model_validate(row) for row in found.steps],
            input_contract=ContractDifferenceView.model_validate(found.input_contract),
            output_contract=ContractDifferenceView.model_validate(found.output_contract),
        )

    return routes
