"""A module version with all that is needed to run it, or the failure that there is none."""

from collections.abc import Awaitable
from typing import Protocol
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import RESOLVE_MODULE
    from contracts.commands.command import Command
    from contracts.commands.module_registry import ResolveModuleInput, ResolveModuleResult
    from contracts.runs import ErrorType
    from contracts.workflow import ModuleUse, ResolvedModule

from services.orchestrator.workflows.calls import failure


class Ask(Protocol):
    """A call by itself, or one that belongs to a step."""

    def __call__(
        self, command: Command[ResolveModuleInput, ResolveModuleResult], input: ResolveModuleInput, /
    ) -> Awaitable[ResolveModuleResult]:
        """The owner's answer."""


async def resolved(ask: Ask, tenant: UUID, use: ModuleUse) -> ResolvedModule:
    """The version that is named; raises NOT_FOUND."""
    answer = await ask(RESOLVE_MODULE, ResolveModuleInput(tenant=tenant, module=use))
    if answer.module is None:
        raise failure(ErrorType.NOT_FOUND, answer.problem or f"there is no module {use.name!r}")
    return answer.module
