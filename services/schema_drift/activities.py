"""What schema_drift does for a run: settle drift, set files and rows aside, note what became of released files."""

from temporalio import activity

from contracts.activities import (
    CLOSE_REVIEW,
    CONSIDER,
    JUDGE,
    QUARANTINE_FILE,
    QUARANTINE_ROWS,
    RECORD_ADAPTATION,
    SETTLE_DRIFT,
    SETTLE_ENTRY,
)
from contracts.adaptation import Judged, ReviewOutcome
from contracts.commands.command import Nothing
from contracts.commands.schema_drift import (
    CloseReviewInput,
    Considered,
    ConsiderInput,
    JudgeInput,
    QuarantineFileInput,
    QuarantineResult,
    QuarantineRowsInput,
    RecordAdaptationInput,
    SettleEntryInput,
    SettleInput,
    SettleResult,
)
from services.chassis.database import Database
from services.schema_drift.service import considering, judging, quarantine, reviewing
from services.schema_drift.service.settling import Settling


class SchemaDriftActivities:
    """Each is one transaction, and gives the answer of the first time when it runs again."""

    def __init__(self, database: Database, settling: Settling) -> None:
        self._database = database
        self._settling = settling

    @activity.defn(name=SETTLE_DRIFT.name)
    async def settle(self, input: SettleInput) -> SettleResult:
        """Compare, decide, record."""
        return await self._settling.settle(input)

    @activity.defn(name=QUARANTINE_FILE.name)
    async def quarantine_file(self, input: QuarantineFileInput) -> QuarantineResult:
        """Open an entry for a file."""
        async with self._database.work(input.scope.tenant) as work:
            return QuarantineResult(entry_id=await quarantine.open_file(work, input))

    @activity.defn(name=QUARANTINE_ROWS.name)
    async def quarantine_rows(self, input: QuarantineRowsInput) -> QuarantineResult:
        """Open an entry for rows."""
        async with self._database.work(input.scope.tenant) as work:
            return QuarantineResult(entry_id=await quarantine.open_rows(work, input))

    @activity.defn(name=SETTLE_ENTRY.name)
    async def settle_entry(self, input: SettleEntryInput) -> Nothing:
        """Note what became of a released file."""
        async with self._database.work(input.scope.tenant) as work:
            await quarantine.settle_entry(work, input)
        return Nothing()

    @activity.defn(name=JUDGE.name)
    async def judge(self, input: JudgeInput) -> Judged:
        """Say what becomes of a proposal, and ask a person where the policy says so."""
        async with self._database.work(input.scope.tenant) as work:
            return await judging.judge(work, input)

    @activity.defn(name=CONSIDER.name)
    async def consider(self, input: ConsiderInput) -> Considered:
        """Say what can be proven of a model's answer."""
        async with self._database.work(input.scope.tenant) as work:
            return await considering.consider(work, input)

    @activity.defn(name=CLOSE_REVIEW.name)
    async def close_review(self, input: CloseReviewInput) -> ReviewOutcome:
        """Say how a review ended; while it is open, this fails and is tried again."""
        async with self._database.work(input.scope.tenant) as work:
            return await reviewing.close(work, input)

    @activity.defn(name=RECORD_ADAPTATION.name)
    async def record_adaptation(self, input: RecordAdaptationInput) -> Nothing:
        """Remember that a proposal was published."""
        async with self._database.work(input.scope.tenant) as work:
            await judging.record(work, input)
        return Nothing()
