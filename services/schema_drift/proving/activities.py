"""What schema_drift does for a proof that is made again: it says of what, and judges what came of it."""

from temporalio import activity

from contracts.activities import FIND_PROOF, RECORD_REPLAY
from contracts.commands.command import Nothing
from contracts.commands.schema_drift import FindProofInput, RecordReplayInput
from contracts.commands.transform import ProveInput
from contracts.runs import ErrorType
from services.chassis.database import Database
from services.chassis.problems import ProblemError
from services.chassis.temporal import failure
from services.schema_drift.proving import store


class ProofActivities:
    """Each is one transaction, and gives the answer of the first time when it runs again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name=FIND_PROOF.name)
    async def find_proof(self, input: FindProofInput) -> ProveInput:
        """What a proof was made of."""
        try:
            async with self._database.work(input.tenant) as work:
                return await store.asked_of(work, input.proof_id)
        except ProblemError:
            raise failure(ErrorType.NOT_FOUND, f"There is no proof {input.proof_id}.") from None

    @activity.defn(name=RECORD_REPLAY.name)
    async def record_replay(self, input: RecordReplayInput) -> Nothing:
        """Judge what came of a replay, and note it beside the proof."""
        async with self._database.work(input.tenant) as work:
            await store.record_replay(work, input)
        return Nothing()
