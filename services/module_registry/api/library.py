"""HTTP of the library: modules, their versions, who uses them, and which version is current."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from contracts.permissions import Permission
from contracts.workflow import ModuleDetails, ModuleDraft
from services.chassis.cursors import number_after, uuid_after
from services.chassis.http import Edge, Page, PageQuery, ServiceHttp, Who, Work, check_if_match, etag, requires
from services.module_registry.checking import Drafts
from services.module_registry.plans import Plans
from services.module_registry.repository import modules, versions
from services.module_registry.repository.modules import Filter
from services.module_registry.service import library, publishing, reading
from services.module_registry.service.publishing import Published
from services.module_registry.views.library import (
    ChangeRequest,
    CloneRequest,
    DecisionView,
    ModuleDetail,
    ModuleView,
    PublishedView,
    PublishRequest,
    RollbackRequest,
    RolledBackView,
    SetCurrentRequest,
    UsageView,
    VersionSummary,
    VersionView,
    version_document,
)

READ = requires(Permission.MODULES_READ)
PUBLISH = requires(Permission.MODULES_PUBLISH)
Tags = Annotated[list[str], Query(max_length=20, description="All of these")]
Text = Annotated[str | None, Query(max_length=200)]
Fingerprint = Annotated[str | None, Query(max_length=64, description="That of the columns some version takes")]


def published_view(done: Published) -> PublishedView:
    """A version as the answer to whoever published it."""
    return PublishedView(
        **done.ref.model_dump(), created=done.created, semantic_version=done.semantic_version, level=done.level
    )


def library_router(drafts: Drafts, plans: Plans, http: ServiceHttp) -> APIRouter:
    """The routes of the library."""
    routes = http.router(prefix="/api/modules", tags=["modules"])

    @routes.get("", dependencies=[READ])
    async def list_modules(
        work: Work,
        paging: PageQuery,
        q: Annotated[
            str | None, Query(max_length=200, description="Words; each is looked for in all that modules are found by")
        ] = None,
        tag: Tags = [],  # noqa: B006
        category: Text = None,
        owner: Text = None,
        archived: Annotated[Literal["no", "yes", "all"], Query(description="Archived ones are hidden")] = "no",
        fits: Fingerprint = None,
    ) -> Page[ModuleView]:
        """Modules by name; all that is asked for must hold."""
        wanted = Filter(search=q, tags=tag, category=category, owner=owner, archived=archived, fits=fits)
        after = paging.after[0] if paging.after else None
        rows = await modules.list_modules(work, wanted, after=after, limit=paging.limit + 1)
        return paging.page([ModuleView.model_validate(row) for row in rows], lambda module: (module.name,))

    @routes.post(
        "",
        dependencies=[PUBLISH],
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
        done = await publishing.publish(
            await edge.work(), draft, who.subject, plans, make_current=body.make_current, reason=body.reason
        )
        response.status_code = 201 if done.created else 200
        return published_view(done)

    @routes.get("/{name}", dependencies=[READ])
    async def get_module(name: str, work: Work, response: Response) -> ModuleDetail:
        """One module."""
        module = await reading.module_named(work, name)
        response.headers["ETag"] = etag(module["updated_at"].isoformat())
        return ModuleDetail.model_validate(module)

    @routes.patch("/{name}", dependencies=[PUBLISH])
    async def change(name: str, body: ChangeRequest, work: Work, request: Request, response: Response) -> ModuleDetail:
        """Change what a module is found by. No version changes."""
        module = await reading.module_named(work, name, lock=True)
        check_if_match(request, module["updated_at"].isoformat())
        details = ModuleDetails.model_validate(body.model_dump(exclude={"description"}))
        module = await library.change(work, module, details, body.description)
        response.headers["ETag"] = etag(module["updated_at"].isoformat())
        return ModuleDetail.model_validate(module)

    @routes.delete("/{name}", dependencies=[PUBLISH], status_code=204)
    async def delete(name: str, work: Work) -> None:
        """Remove a module that no workflow uses; 409 names those that do."""
        await library.delete(work, name)

    @routes.post("/{name}:archive", dependencies=[PUBLISH])
    async def archive(name: str, work: Work) -> ModuleDetail:
        """Take a module out of the list; workflows that use it go on."""
        return ModuleDetail.model_validate(await library.archive(work, name))

    @routes.post("/{name}:restore", dependencies=[PUBLISH])
    async def restore(name: str, work: Work) -> ModuleDetail:
        """Put an archived module back into the list."""
        return ModuleDetail.model_validate(await library.restore(work, name))

    @routes.post("/{name}:clone", dependencies=[PUBLISH], status_code=201)
    async def clone(name: str, body: CloneRequest, work: Work, who: Who, response: Response) -> PublishedView:
        """Begin a module of its own with the content of a version of this one."""
        done = await library.clone(work, name, body.name, body.version, body.description, who.subject, plans)
        response.headers["Location"] = f"/api/modules/{done.ref.name}"
        return published_view(done)

    @routes.post("/{name}:set-current", dependencies=[PUBLISH])
    async def set_current(name: str, body: SetCurrentRequest, work: Work, who: Who) -> ModuleDetail:
        """Decide which version `current` means from now on; runs under way keep theirs."""
        done = await publishing.set_current(work, name, body.version, who.subject, body.reason)
        return ModuleDetail.model_validate(done)

    @routes.post("/{name}:rollback", dependencies=[PUBLISH])
    async def roll_back(name: str, body: RollbackRequest, work: Work, who: Who) -> RolledBackView:
        """Make an earlier version current again; runs under way keep theirs, and what ran stays as it is.

        409 when there is none. The runs of the withdrawn version are listed by the orchestrator, which can undo them.
        """
        done = await publishing.roll_back(work, name, body.version, who.subject, body.reason)
        return RolledBackView(
            name=name,
            withdrawn=done.withdrawn,
            current=done.module["current_version"],
            workflows=await library.users_of(work, name, done.withdrawn),
        )

    @routes.get("/{name}/usage", dependencies=[READ])
    async def usage(name: str, work: Work) -> UsageView:
        """Which workflows use a module, and how often each version ran."""
        found = await library.usage(work, name)
        return UsageView.model_validate({"name": name, "workflows": found.workflows, "versions": found.versions})

    @routes.get("/{name}/versions", dependencies=[READ])
    async def list_versions(name: str, work: Work, paging: PageQuery, fits: Fingerprint = None) -> Page[VersionSummary]:
        """Versions, newest first; retired ones are marked."""
        module = await reading.module_named(work, name)
        rows = await versions.list_versions(
            work, module["id"], after=number_after(paging), limit=paging.limit + 1, fits=fits
        )
        items = [VersionSummary.model_validate(version_document(module, row)) for row in rows]
        return paging.page(items, lambda version: (version.number,))

    @routes.get("/{name}/versions/{number}", dependencies=[READ])
    async def get_version(name: str, number: int, work: Work) -> VersionView:
        """One version with its recipe and contracts, compared with the hash it was published under."""
        module = await reading.module_named(work, name)
        row = await reading.version_of(work, module, number)
        return VersionView.model_validate(version_document(module, row))

    @routes.post("/{name}/versions/{number}:pin", dependencies=[PUBLISH])
    async def pin(name: str, number: int, work: Work) -> VersionSummary:
        """Keep a version, whatever the limit of the workspace's plan."""
        return await _pinned(work, name, number, pinned=True)

    @routes.post("/{name}/versions/{number}:unpin", dependencies=[PUBLISH])
    async def unpin(name: str, number: int, work: Work) -> VersionSummary:
        """Let a version go when newer ones need its place."""
        return await _pinned(work, name, number, pinned=False)

    @routes.get("/{name}/decisions", dependencies=[READ])
    async def list_decisions(name: str, work: Work, paging: PageQuery) -> Page[DecisionView]:
        """How `current` moved, by whom and why, newest first."""
        module = await reading.module_named(work, name)
        rows = await modules.list_decisions(work, module["id"], after=uuid_after(paging), limit=paging.limit + 1)
        return paging.page([DecisionView.model_validate(row) for row in rows], lambda decision: (decision.id,))

    return routes


async def _pinned(work: Work, name: str, number: int, *, pinned: bool) -> VersionSummary:
    module = await publishing.set_pinned(work, name, number, pinned=pinned)
    return VersionSummary.model_validate(version_document(module, await reading.version_of(work, module, number)))
