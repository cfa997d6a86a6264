"""The long work of a session: have transform do it, and note why when it has no result."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import FAIL_TASK, RUN_TASK
    from contracts.commands.command import Nothing
    from contracts.commands.transform import FailTaskInput, RunTaskInput
    from contracts.runs import SESSION_TASK, SessionTaskInput

from services.orchestrator.workflows.calls import StepEnded, call, reason_of, to_its_end


@workflow.defn(name=SESSION_TASK)
class SessionTaskWorkflow:
    """One command, tried until it works or cannot; the task knows how it ended either way."""

    @workflow.run
    async def run(self, request: SessionTaskInput) -> Nothing:
        """The task is done or failed afterwards."""
        try:
            await call(RUN_TASK, RunTaskInput(tenant=request.tenant, task_id=request.task_id))
        except StepEnded as error:
            code, message = reason_of(error)
            failed = FailTaskInput(tenant=request.tenant, task_id=request.task_id, code=code, message=message)
            await to_its_end(call(FAIL_TASK, failed))
        return Nothing()
