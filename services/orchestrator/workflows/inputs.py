"""The rows that somebody wants to see a module at work on: of a session's node, of a past run, or of a file."""

from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import FIND_NODE, FIND_RUN, PULL
    from contracts.commands.command import RunScope
    from contracts.commands.connector import PullInput, PullResult
    from contracts.commands.orchestrator import FindRunInput
    from contracts.commands.transform import FindNodeInput
    from contracts.data import DatasetRef
    from contracts.differences import DataInput, FileInput, NodeInput, Table
    from contracts.runs import ErrorType
    from contracts.workflow import ModuleUse, ResolvedModule, SourceDefinition

from services.orchestrator.workflows.calls import call, failure, note
from services.orchestrator.workflows.open_session import the_one_group
from services.orchestrator.workflows.resolving import resolved


async def version_of(tenant: UUID, table: Table) -> ResolvedModule:
    """The version, with all that is needed to run it."""
    return await resolved(call, tenant, ModuleUse(name=table.name, version=table.version))


async def rows_of(
    tenant: UUID, question: UUID, wanted: DataInput, expected: ResolvedModule
) -> tuple[DatasetRef, PullResult | None]:
    """The rows, and what the reader said of them where a file was read for this."""
    if isinstance(wanted, FileInput):
        pulled = await call(PULL, _look(tenant, question, wanted, expected))
        return the_one_group(pulled).dataset, pulled
    if isinstance(wanted, NodeInput):
        node = FindNodeInput(tenant=tenant, session_id=wanted.session_id, node_id=wanted.node_id)
        found = await call(FIND_NODE, node)
    else:
        found = await note(FIND_RUN, FindRunInput(tenant=tenant, run_id=wanted.run_id, group=wanted.group))
    if found.dataset is None:
        raise failure(ErrorType.NOT_FOUND, found.problem or "There are no such rows.")
    return found.dataset, None


def _look(tenant: UUID, question: UUID, wanted: FileInput, expected: ResolvedModule) -> PullInput:
    """A pull that claims nothing: looking at data must not keep a run from loading it."""
    return PullInput(
        scope=RunScope(tenant=tenant, run_id=question, workflow_id=question, workflow="trial"),
        source=SourceDefinition(connection=wanted.connection, selection=wanted.selection),
        stream="main",
        claim=False,
        expected=expected.input_contract,
    )
