"""Deploy a module: freeze a session's node into a draft, and publish the draft as the module's next version."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contracts.activities import FREEZE, PUBLISH_MODULE
    from contracts.commands.module_registry import PublishModuleInput
    from contracts.commands.transform import FreezeInput
    from contracts.runs import DEPLOY_MODULE, DeployModuleInput, DeployModuleResult

from services.orchestrator.workflows.calls import call, reason_of


@workflow.defn(name=DEPLOY_MODULE)
class DeployModuleWorkflow:
    """Freeze, then publish; the same node under the same name is one version, however often this is asked."""

    @workflow.run
    async def run(self, request: DeployModuleInput) -> DeployModuleResult:
        """The version that came of it; a failure bears the type and words of the service that refused."""
        try:
            draft = await call(
                FREEZE,
                FreezeInput(
                    tenant=request.tenant,
                    session_id=request.session_id,
                    node_id=request.node_id,
                    name=request.name,
                    description=request.description,
                    infer_checks=request.infer_checks,
                ),
            )
            draft = draft.model_copy(update={"details": request.details})
            module = await call(
                PUBLISH_MODULE,
                PublishModuleInput(tenant=request.tenant, draft=draft, published_by=request.deployed_by),
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            code, message = reason_of(error)
            raise ApplicationError(message, type=code, non_retryable=True) from error
        return DeployModuleResult(module=module)
