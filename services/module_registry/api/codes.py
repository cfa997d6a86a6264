"""HTTP of modules as text: the code, the check of a code, saving one, and the data contract."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from contracts.module_code import ModuleCode
from services.chassis.http import Edge, ServiceHttp, Who, Work
from services.module_registry.api.library import PUBLISH, READ, published_view
from services.module_registry.checking import Drafts
from services.module_registry.odcs.writing import OdcsVersion, data_contract
from services.module_registry.plans import Plans
from services.module_registry.service import codes, reading
from services.module_registry.views.library import (
    CodeRequest,
    CodeView,
    ContractRequest,
    PublishedView,
    SaveRequest,
    SourceView,
)

YAML = "application/yaml"
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {YAML: {"schema": {"type": "string"}}}}}


def codes_router(drafts: Drafts, plans: Plans, http: ServiceHttp) -> APIRouter:
    """The routes of code and contracts."""
    routes = http.router(prefix="/api", tags=["modules"])

    @routes.get("/modules/{name}/versions/{number}/code", dependencies=[READ], responses=_TEXT, response_class=Response)
    async def get_code(name: str, number: int, work: Work) -> Response:
        """A version as YAML: as it was saved, to the byte; else as the service writes it."""
        module = await reading.module_named(work, name)
        return Response(codes.code(module, await reading.version_of(work, module, number)), media_type=YAML)

    @routes.get(
        "/modules/{name}/versions/{number}/contract", dependencies=[READ], responses=_TEXT, response_class=Response
    )
    async def get_contract(
        name: str,
        number: int,
        work: Work,
        side: Annotated[Literal["both", "input", "output"], Query(description="What it takes, what it gives")] = "both",
        standard: Annotated[OdcsVersion, Query(description="The version of the standard")] = "v3.1.0",
    ) -> Response:
        """A version's contracts as an ODCS document (Open Data Contract Standard, YAML)."""
        module = await reading.module_named(work, name)
        row = await reading.version_of(work, module, number)
        text = data_contract(module, row, reading.contracts_of(row), reading.semantic_version(row), side, standard)
        return Response(text, media_type=YAML)

    @routes.post("/modules/{name}:read-contract", dependencies=[READ])
    async def read_contract(name: str, body: ContractRequest, work: Work) -> SourceView:
        """A version as YAML with the columns and checks of an ODCS document instead of its own; nothing is stored."""
        module = await reading.module_named(work, name)
        number = body.version or module["current_version"]
        row = await reading.version_of(work, module, number)
        source, notes = await asyncio.to_thread(codes.with_contract, module, row, body.source, body.alone)
        return SourceView(source=source, notes=notes)

    @routes.post("/modules/{name}:check-code", dependencies=[READ])
    async def check_code(name: str, body: CodeRequest, who: Who) -> CodeView:
        """Say what is wrong with a text, with line and column, or what it takes and gives; nothing is stored."""
        draft = await codes.judge(drafts, who.tenant, name, body.source)
        return CodeView(input_contract=draft.input_contract, output_contract=draft.output_contract)

    @routes.post(
        "/modules/{name}:save",
        dependencies=[PUBLISH],
        status_code=201,
        responses={200: {"model": PublishedView, "description": "It says what a version says already"}},
    )
    async def save(name: str, body: SaveRequest, edge: Edge, who: Who, response: Response) -> PublishedView:
        """Publish a text as the module's next version; the text is kept as it is written, to the byte."""
        draft = await codes.judge(drafts, who.tenant, name, body.source)
        done = await codes.save(
            edge.work, draft, body.source, who.subject, plans, make_current=body.make_current, reason=body.reason
        )
        response.status_code = 201 if done.created else 200
        return published_view(done)

    @routes.get("/module-code-schema", dependencies=[READ])
    async def code_schema() -> dict[str, Any]:
        """The JSON Schema of modules as text, for editors."""
        return ModuleCode.model_json_schema()

    return routes
