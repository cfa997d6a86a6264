"""What module_registry does for workflows: publish drafts, find versions, note what came of comparisons and trials."""

from temporalio import activity

from contracts.activities import PUBLISH_MODULE, RECORD_COMPARISON, RECORD_TRIAL, RESOLVE_MODULE
from contracts.commands.command import Nothing
from contracts.commands.module_registry import (
    PublishModuleInput,
    RecordComparisonInput,
    RecordTrialInput,
    ResolveModuleInput,
    ResolveModuleResult,
)
from contracts.runs import ErrorType
from contracts.workflow import ModuleVersionRef
from services.chassis.database import Database
from services.chassis.problems import ProblemError
from services.chassis.temporal import failure
from services.module_registry.plans import Plans
from services.module_registry.service import comparing, publishing, reading


class ModuleRegistryActivities:
    """Each is one transaction, and may run twice."""

    def __init__(self, database: Database, plans: Plans) -> None:
        self._database = database
        self._plans = plans

    @activity.defn(name=PUBLISH_MODULE.name)
    async def publish(self, input: PublishModuleInput) -> ModuleVersionRef:
        """Freeze a draft."""
        try:
            async with self._database.work(input.tenant) as work:
                done = await publishing.publish(work, input.draft, input.published_by, self._plans, adapts=input.adapts)
        except ProblemError as problem:
            if problem.status == 409:
                raise failure(ErrorType.CONFLICT, problem.detail) from None
            places = "; ".join(f"{error.pointer}: {error.message}" for error in problem.errors)
            raise failure(ErrorType.RECIPE_INVALID, f"{problem.detail} {places}".strip()) from None
        return done.ref

    @activity.defn(name=RESOLVE_MODULE.name)
    async def resolve(self, input: ResolveModuleInput) -> ResolveModuleResult:
        """Find a version."""
        async with self._database.work(input.tenant) as work:
            return await reading.resolve(work, input.module)

    @activity.defn(name=RECORD_COMPARISON.name)
    async def record_comparison(self, input: RecordComparisonInput) -> Nothing:
        """Note what came of a comparison."""
        async with self._database.work(input.tenant) as work:
            await comparing.record_comparison(work, input)
        return Nothing()

    @activity.defn(name=RECORD_TRIAL.name)
    async def record_trial(self, input: RecordTrialInput) -> Nothing:
        """Note what came of a trial."""
        async with self._database.work(input.tenant) as work:
            await comparing.record_trial(work, input)
        return Nothing()
