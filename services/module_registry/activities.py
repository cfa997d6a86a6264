"""What module_registry does for workflows: publish drafts, find versions."""

from temporalio import activity

from contracts.activities import PUBLISH_MODULE, RESOLVE_MODULE
from contracts.commands.module_registry import PublishModuleInput, ResolveModuleInput, ResolveModuleResult
from contracts.runs import ErrorType
from contracts.workflow import ModuleVersionRef
from services.chassis.database import Database
from services.chassis.problems import ProblemError
from services.chassis.temporal import failure
from services.module_registry import service


class ModuleRegistryActivities:
    """Each is one transaction, and may run twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name=PUBLISH_MODULE.name)
    async def publish(self, input: PublishModuleInput) -> ModuleVersionRef:
        """Freeze a draft."""
        try:
            async with self._database.work(input.tenant) as work:
                done = await service.publish(work, input.draft, input.published_by)
        except ProblemError as problem:
            places = "; ".join(f"{error.pointer}: {error.message}" for error in problem.errors)
            raise failure(ErrorType.RECIPE_INVALID, f"{problem.detail} {places}".strip()) from None
        return done.ref

    @activity.defn(name=RESOLVE_MODULE.name)
    async def resolve(self, input: ResolveModuleInput) -> ResolveModuleResult:
        """Find a version."""
        async with self._database.work(input.tenant) as work:
            return await service.resolve(work, input.module)
