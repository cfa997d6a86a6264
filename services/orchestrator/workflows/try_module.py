"""Try a module version on some rows: no workflow, no destination, nothing loaded; the registry hears what came out."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import APPLY, RECORD_TRIAL
    from contracts.commands.command import Nothing, RunScope
    from contracts.commands.module_registry import RecordTrialInput
    from contracts.commands.transform import ApplyInput
    from contracts.runs import TRY_MODULE, TryModuleInput

from services.orchestrator.workflows.calls import StepEnded, call, reason_of, to_its_end
from services.orchestrator.workflows.inputs import rows_of, version_of


@workflow.defn(name=TRY_MODULE)
class TryModuleWorkflow:
    """The trial has its answer afterwards, or its reason for having none."""

    @workflow.run
    async def run(self, request: TryModuleInput) -> Nothing:
        """Find, apply, record."""
        tenant, question = request.tenant, request.trial_id
        try:
            module = await version_of(tenant, request.module)
            dataset, pulled = await rows_of(tenant, question, request.input, module)
            scope = RunScope(tenant=tenant, run_id=question, workflow_id=question, workflow="trial")
            applied = await call(APPLY, ApplyInput(scope=scope, dataset=dataset, modules=(module,)))
            answer = RecordTrialInput(
                tenant=tenant,
                trial_id=question,
                result=applied,
                rows_read=dataset.rows if pulled is None else pulled.rows_read,
                set_aside_before=0 if pulled is None else sum(one.dataset.rows for one in pulled.quarantined),
            )
        except StepEnded as error:
            code, message = reason_of(error)
            answer = RecordTrialInput(tenant=tenant, trial_id=question, code=code, message=message)
        await to_its_end(call(RECORD_TRIAL, answer))
        return Nothing()
