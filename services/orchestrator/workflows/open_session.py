"""Open a session: look at what the selection names, describe it, and hand it to the session as its first node."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import ATTACH_ROOT, FAIL_SESSION, PROFILE, PULL
    from contracts.commands.command import Nothing, RunScope
    from contracts.commands.connector import PulledGroup, PullInput, PullResult
    from contracts.commands.transform import AttachRootInput, FailSessionInput, ProfileInput
    from contracts.runs import OPEN_SESSION, ErrorType, OpenSessionInput
    from contracts.workflow import SourceDefinition

from services.orchestrator.workflows.calls import StepEnded, call, failure, reason_of, to_its_end


@workflow.defn(name=OPEN_SESSION)
class OpenSessionWorkflow:
    """Pull for a look, profile, attach; or say why there is nothing to look at."""

    @workflow.run
    async def run(self, request: OpenSessionInput) -> Nothing:
        """The session has its first node afterwards, or its reason for having none."""
        try:
            pulled = await call(PULL, look(request))
            group = the_one_group(pulled)
            profile = await call(PROFILE, ProfileInput(tenant=request.tenant, dataset=group.dataset))
            await call(
                ATTACH_ROOT,
                AttachRootInput(tenant=request.tenant, session_id=request.session_id, pulled=pulled, profile=profile),
            )
        except StepEnded as error:
            code, message = reason_of(error)
            await to_its_end(
                call(
                    FAIL_SESSION,
                    FailSessionInput(tenant=request.tenant, session_id=request.session_id, code=code, message=message),
                )
            )
        return Nothing()


def look(request: OpenSessionInput) -> PullInput:
    """A pull that claims nothing: looking at data must not keep a run from loading it."""
    scope = RunScope(
        tenant=request.tenant, run_id=request.session_id, workflow_id=request.session_id, workflow="session"
    )
    source = SourceDefinition(connection=request.connection, selection=request.selection)
    return PullInput(scope=scope, source=source, stream="main", claim=False)


def the_one_group(pulled: PullResult) -> PulledGroup:
    """The dataset to explore; a session explores one shape, so several are an error that says what to do."""
    if len(pulled.groups) == 1:
        return pulled.groups[0]
    if not pulled.groups:
        if pulled.unreadable:
            unreadable = pulled.unreadable[0]
            raise failure(ErrorType.CONFIGURATION_INVALID, f"{unreadable.object.key}: {unreadable.message}")
        raise failure(ErrorType.NOT_FOUND, "The selection names nothing that holds rows.")
    first, second = pulled.groups[0], pulled.groups[1]
    raise failure(
        ErrorType.CONFIGURATION_INVALID,
        f"The selection names files of {len(pulled.groups)} different shapes ({difference(first, second)}). "
        "A session explores one shape: narrow the selection to files that have it.",
    )


def difference(first: PulledGroup, second: PulledGroup) -> str:
    """Where two groups part: an example of each, and the columns that only one of them has."""

    def name(group: PulledGroup) -> str:
        return group.objects[0].key if group.objects else "the other"

    left, right = set(first.dataset.table_schema.names), set(second.dataset.table_schema.names)
    only = [f"{name(first)} alone has {column}" for column in sorted(left - right)[:3]]
    only += [f"{name(second)} alone has {column}" for column in sorted(right - left)[:3]]
    return "; ".join(only) or f"{name(first)} and {name(second)} differ in the order or types of their columns"
