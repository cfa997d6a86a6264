"""Check a module's draft: ask the service that runs recipes whether this one would run between its contracts."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contracts.activities import CHECK_RECIPE
    from contracts.commands.transform import CheckRecipeInput
    from contracts.runs import CHECK_MODULE, CheckModuleInput, CheckModuleResult

from services.orchestrator.workflows.calls import call, reason_of


@workflow.defn(name=CHECK_MODULE)
class CheckModuleWorkflow:
    """One question; it keeps nothing, so that asking again is asking anew."""

    @workflow.run
    async def run(self, request: CheckModuleInput) -> CheckModuleResult:
        """What is wrong with the draft; a failure means that nobody could say."""
        draft = request.draft
        try:
            answer = await call(
                CHECK_RECIPE,
                CheckRecipeInput(
                    tenant=request.tenant,
                    recipe=draft.recipe,
                    input_contract=draft.input_contract,
                    output_contract=draft.output_contract,
                    derive_output=request.derive_output,
                    input_checks=draft.input_checks,
                    output_checks=draft.output_checks,
                ),
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            code, message = reason_of(error)
            raise ApplicationError(message, type=code, non_retryable=True) from error
        return CheckModuleResult(problems=answer.problems, output=answer.output)
