"""Check a definition against the connections and modules that exist, and its parts against one another."""

import asyncio
from collections.abc import Iterator

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import DESCRIBE_CONNECTION, RESOLVE_MODULE
    from contracts.commands.connector import DescribeConnectionInput, DescribeConnectionResult, Problem
    from contracts.commands.module_registry import ResolveModuleInput, ResolveModuleResult
    from contracts.runs import VALIDATE_WORKFLOW, ValidateWorkflowInput, ValidateWorkflowResult

from services.orchestrator.workflows.calls import call
from services.orchestrator.workflows.compatibility import edges


@workflow.defn(name=VALIDATE_WORKFLOW)
class ValidateWorkflow:
    """Ask the connector about both ends and the registry about each module, all at once."""

    @workflow.run
    async def run(self, request: ValidateWorkflowInput) -> ValidateWorkflowResult:
        """What is wrong, each with a JSON pointer into the definition."""
        tenant, definition = request.tenant, request.definition
        modules: list[ResolveModuleResult]
        (source, destination), modules = await asyncio.gather(
            asyncio.gather(
                call(
                    DESCRIBE_CONNECTION,
                    DescribeConnectionInput(
                        tenant=tenant,
                        name=definition.source.connection,
                        role="source",
                        selection=definition.source.selection,
                    ),
                ),
                call(
                    DESCRIBE_CONNECTION,
                    DescribeConnectionInput(
                        tenant=tenant,
                        name=definition.destination.connection,
                        role="destination",
                        target=definition.destination.target,
                        mode=definition.destination.mode,
                    ),
                ),
            ),
            asyncio.gather(
                *(call(RESOLVE_MODULE, ResolveModuleInput(tenant=tenant, module=use)) for use in definition.modules)
            ),
        )
        resolved = [answer.module for answer in modules if answer.module is not None]
        problems = [*_of_connection("/source", source), *_of_connection("/destination", destination)]
        problems += _of_modules(modules)
        if len(resolved) == len(modules):
            problems += edges(definition, resolved)
        return ValidateWorkflowResult(
            problems=tuple(problems), source_bucket=source.bucket, destination_bucket=destination.bucket
        )


def _of_connection(place: str, answer: DescribeConnectionResult) -> Iterator[Problem]:
    """The connector's problems; it points into the selection or target, or at the connection itself."""
    for problem in answer.problems:
        pointer = problem.pointer
        if not pointer.startswith(place):
            pointer = place + (pointer if pointer.startswith("/") or not pointer else "/" + pointer)
        yield problem.model_copy(update={"pointer": pointer})


def _of_modules(answers: list[ResolveModuleResult]) -> Iterator[Problem]:
    for number, answer in enumerate(answers):
        if answer.module is None:
            yield Problem(
                pointer=f"/modules/{number}",
                code="module_not_found",
                message=answer.problem or "There is no such module version.",
            )
