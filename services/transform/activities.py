"""What transform does for workflows: profile, check, apply, and the beginning and end of a session."""

from uuid import UUID

from temporalio import activity

from contracts.activities import (
    APPLY,
    ATTACH_ROOT,
    CHECK_RECIPE,
    DIFFER,
    FAIL_SESSION,
    FAIL_TASK,
    FIND_NODE,
    FREEZE,
    PROFILE,
    PROPOSE_PRELUDE,
    PROVE,
    RUN_TASK,
)
from contracts.commands.command import Nothing
from contracts.commands.connector import Problem
from contracts.commands.transform import (
    ApplyInput,
    ApplyResult,
    AttachRootInput,
    CheckRecipeInput,
    CheckRecipeResult,
    DifferInput,
    DifferResult,
    FailSessionInput,
    FailTaskInput,
    FindNodeInput,
    FoundDataset,
    FreezeInput,
    ProfileInput,
    ProposePreludeInput,
    ProposePreludeResult,
    ProveInput,
    ProveResult,
    RunTaskInput,
)
from contracts.profile import Profile
from contracts.runs import ErrorType
from contracts.workflow import ModuleDraft
from services.chassis.database import Database
from services.chassis.problems import ProblemError
from services.chassis.temporal import failure, heartbeating
from services.transform.computing import Computing
from services.transform.errors import RecipeInvalid, TransformError
from services.transform.jobs import job_module
from services.transform.proposing import Proposing
from services.transform.proving.proving import Progress, Proving
from services.transform.service import Sessions
from services.transform.tasks import Tasks


class TransformActivities:
    """Each may run twice: results are named by their content, and what is written is written once."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        tasks: Tasks,
        computing: Computing,
        proving: Proving,
        proposing: Proposing,
        seconds: float,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._tasks = tasks
        self._computing = computing
        self._proving = proving
        self._proposing = proposing
        self._seconds = seconds

    @activity.defn(name=PROFILE.name)
    async def profile(self, input: ProfileInput) -> Profile:
        """Describe a dataset column by column."""
        async with heartbeating(lambda: {"doing": "profile", "rows": input.dataset.rows}):
            try:
                return await self._computing.profile(input.tenant, input.dataset, self._seconds)
            except TransformError as error:
                raise failure(error.type, error.message) from error

    @activity.defn(name=CHECK_RECIPE.name)
    async def check_recipe(self, input: CheckRecipeInput) -> CheckRecipeResult:
        """Say whether a recipe would run between its contracts."""
        try:
            checked = await self._computing.check(
                input.recipe,
                input.input_contract,
                pointer="/recipe",
                output_contract=None if input.derive_output else input.output_contract,
                input_checks=input.input_checks,
                output_checks=input.output_checks,
            )
        except RecipeInvalid as error:
            return CheckRecipeResult(problems=error.problems)
        except TransformError as error:
            if error.type in (ErrorType.ISOLATION_UNAVAILABLE, ErrorType.DESTINATION_FULL):
                raise failure(error.type, error.message) from error
            # It could not even be read within a child's limits: that is the recipe's fault, and no retry mends it.
            problem = Problem(pointer=error.pointer or "/recipe", code=error.type.value, message=error.message)
            return CheckRecipeResult(problems=(problem,))
        return CheckRecipeResult(output=checked.table_schema)

    @activity.defn(name=APPLY.name)
    async def apply(self, input: ApplyInput) -> ApplyResult:
        """Run modules in sequence over a dataset."""
        modules = [job_module(module, f"/modules/{at}") for at, module in enumerate(input.modules)]
        async with heartbeating(lambda: {"doing": "apply", "rows": input.dataset.rows}):
            try:
                result = await self._computing.apply(input.scope.tenant, input.dataset, modules, self._seconds)
            except TransformError as error:
                raise failure(error.type, error.message) from error
        return ApplyResult(
            dataset=result.dataset,
            quarantined=() if result.quarantined is None else (result.quarantined,),
            books=result.books,
            checks=result.checks,
        )

    @activity.defn(name=DIFFER.name)
    async def differ(self, input: DifferInput) -> DifferResult:
        """Run two versions over the same rows and compare what comes out."""
        left = [job_module(one, "/left") for one in (input.left, *input.left_then)]
        right = [job_module(one, "/right") for one in (input.right, *input.right_then)]
        async with heartbeating(lambda: {"doing": "differ", "rows": input.dataset.rows}):
            try:
                return await self._computing.differ(input.tenant, input.dataset, left, right, input.keys, self._seconds)
            except TransformError as error:
                raise failure(error.type, error.message) from error

    @activity.defn(name=PROVE.name)
    async def prove(self, input: ProveInput) -> ProveResult:
        """Replay a candidate on past inputs and on what came; a retry begins again, and gives the same."""
        done = Progress(of=len(input.past) + 1)
        async with heartbeating(lambda: {"doing": "prove", "inputs": done.of, "done": done.inputs}):
            try:
                return await self._proving.prove(input, done)
            except TransformError as error:
                raise failure(error.type, error.message) from error

    @activity.defn(name=PROPOSE_PRELUDE.name)
    async def propose_prelude(self, input: ProposePreludeInput) -> ProposePreludeResult:
        """Ask the model for steps that adapt; that it gives none is an answer."""
        return await self._proposing.propose(input)

    @activity.defn(name=FIND_NODE.name)
    async def find_node(self, input: FindNodeInput) -> FoundDataset:
        """Find the rows of a session's node."""
        try:
            async with self._database.work(input.tenant) as work:
                return FoundDataset(dataset=await self._sessions.dataset(work, input.session_id, input.node_id))
        except ProblemError as problem:
            if problem.status == 404:
                return FoundDataset(problem="There is no such session, or no such node in it.")
            return FoundDataset(problem=problem.detail)

    @activity.defn(name=ATTACH_ROOT.name)
    async def attach_root(self, input: AttachRootInput) -> Nothing:
        """Give a session its first node."""
        try:
            async with self._database.work(input.tenant) as work:
                await self._sessions.attach_root(work, input)
        except ProblemError:
            raise _no_session(input.session_id) from None
        return Nothing()

    @activity.defn(name=FAIL_SESSION.name)
    async def fail_session(self, input: FailSessionInput) -> Nothing:
        """Say why a session has no data."""
        try:
            async with self._database.work(input.tenant) as work:
                await self._sessions.fail(work, input)
        except ProblemError:
            raise _no_session(input.session_id) from None
        return Nothing()

    @activity.defn(name=FREEZE.name)
    async def freeze(self, input: FreezeInput) -> ModuleDraft:
        """Make a module draft of a node."""
        try:
            if input.infer_checks:
                # In a transaction of its own: the figures are kept, and the same node gives the same draft later.
                async with heartbeating(lambda: {"doing": "profile"}), self._database.work(input.tenant) as work:
                    await self._sessions.profile(work, input.session_id, input.node_id)
            async with self._database.work(input.tenant) as work:
                return await self._sessions.draft(
                    work,
                    input.session_id,
                    input.node_id,
                    input.name,
                    input.description,
                    infer_checks=input.infer_checks,
                )
        except TransformError as error:
            raise failure(error.type, error.message) from error
        except ProblemError as problem:
            if problem.status == 503:
                raise failure(ErrorType.UNREACHABLE_TIMEOUT, problem.detail) from None
            raise failure(ErrorType.NOT_FOUND, "There is no such node.") from None

    @activity.defn(name=RUN_TASK.name)
    async def run_task(self, input: RunTaskInput) -> Nothing:
        """Do a session's long work; how it ended stands in the task."""
        async with heartbeating(lambda: {"doing": "task"}):
            try:
                await self._tasks.run(input.tenant, input.task_id)
            except TransformError as error:
                raise failure(error.type, error.message) from error
            except ProblemError:
                raise failure(ErrorType.NOT_FOUND, f"There is no task {input.task_id}.") from None
        return Nothing()

    @activity.defn(name=FAIL_TASK.name)
    async def fail_task(self, input: FailTaskInput) -> Nothing:
        """Say why a session's long work has no result."""
        try:
            await self._tasks.fail(input)
        except ProblemError:
            raise failure(ErrorType.NOT_FOUND, f"There is no task {input.task_id}.") from None
        return Nothing()


def _no_session(session_id: UUID) -> Exception:
    return failure(ErrorType.NOT_FOUND, f"There is no session {session_id}.")
