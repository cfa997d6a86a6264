"""Make a proof again: find of what it was made, try that once more, and hand the figures to who judged it."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.activities import FIND_PROOF, PROVE, RECORD_REPLAY
    from contracts.commands.command import Nothing
    from contracts.commands.schema_drift import FindProofInput, RecordReplayInput
    from contracts.runs import REPLAY_PROOF, ReplayProofInput

from services.orchestrator.workflows.calls import StepEnded, call, reason_of, to_its_end


@workflow.defn(name=REPLAY_PROOF)
class ReplayProofWorkflow:
    """The replay has its verdict afterwards, or its reason for having none."""

    @workflow.run
    async def run(self, request: ReplayProofInput) -> Nothing:
        """Find, prove, record."""
        tenant, replay = request.tenant, request.replay_id
        try:
            asked = await call(FIND_PROOF, FindProofInput(tenant=tenant, proof_id=request.proof_id))
            answer = RecordReplayInput(tenant=tenant, replay_id=replay, result=await call(PROVE, asked))
        except StepEnded as error:
            code, message = reason_of(error)
            answer = RecordReplayInput(tenant=tenant, replay_id=replay, code=code, message=message)
        await to_its_end(call(RECORD_REPLAY, answer))
        return Nothing()
