"""Compare two module versions on data: find the rows, run both over them, and hand the difference to the registry."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import DIFFER, RECORD_COMPARISON
    from contracts.commands.command import Nothing
    from contracts.commands.module_registry import RecordComparisonInput
    from contracts.commands.transform import DifferInput
    from contracts.runs import COMPARE_VERSIONS, CompareVersionsInput

from services.orchestrator.workflows.calls import StepEnded, call, reason_of, to_its_end
from services.orchestrator.workflows.inputs import rows_of, version_of


@workflow.defn(name=COMPARE_VERSIONS)
class CompareVersionsWorkflow:
    """The comparison has its answer afterwards, or its reason for having none."""

    @workflow.run
    async def run(self, request: CompareVersionsInput) -> Nothing:
        """Find, differ, record."""
        tenant, question = request.tenant, request.comparison_id
        try:
            left, right = await version_of(tenant, request.left), await version_of(tenant, request.right)
            dataset, _ = await rows_of(tenant, question, request.input, left)
            found = await call(
                DIFFER, DifferInput(tenant=tenant, dataset=dataset, left=left, right=right, keys=request.keys)
            )
            answer = RecordComparisonInput(tenant=tenant, comparison_id=question, result=found)
        except StepEnded as error:
            code, message = reason_of(error)
            answer = RecordComparisonInput(tenant=tenant, comparison_id=question, code=code, message=message)
        await to_its_end(call(RECORD_COMPARISON, answer))
        return Nothing()
