"""How a run heals: it goes on with a version that was proved on past inputs, judged, and published before its use."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contracts.activities import (
        CLOSE_REVIEW,
        CONSIDER,
        JUDGE,
        PAST_INPUTS,
        PROPOSE_PRELUDE,
        PROVE,
        PUBLISH_MODULE,
        RECORD_ADAPTATION,
        RESOLVE_MODULE,
    )
    from contracts.adaptation import THE_PLATFORM, Consumer, Evidence, Judged, Proposal, ReviewOutcome
    from contracts.commands.connector import PulledGroup
    from contracts.commands.module_registry import AdaptationOrigin, PublishModuleInput, ResolveModuleInput
    from contracts.commands.orchestrator import PastInputsInput, Reader, RunPlan
    from contracts.commands.schema_drift import (
        CloseReviewInput,
        Considered,
        ConsiderInput,
        JudgeInput,
        RecordAdaptationInput,
        SettleResult,
    )
    from contracts.commands.transform import ProposePreludeInput, ProposePreludeResult, ProveInput
    from contracts.runs import ErrorType
    from contracts.workflow import ModuleUse, ModuleVersionRef, ResolvedModule

from services.orchestrator.workflows.calls import StepEnded, call, check_cancelled, failure, note, reason_of, to_its_end
from services.orchestrator.workflows.resolving import resolved
from services.orchestrator.workflows.steps import Step, Steps

Chain = tuple[ResolvedModule, ...]

MOST_EDITS = 5
MOST_PAST = 12
# Figures of each column of each replay travel in one message, which the server limits to two megabytes.
COLUMNS_REPLAYED = 600


class NotHealed(Exception):
    """The group does not go on; why, for a person."""

    def __init__(self, summary: str, advice: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.advice = advice


class Overdue(NotHealed):
    """Nobody decided in time: nobody is asked again."""


@dataclass(frozen=True)
class Fitting:
    """A group that goes on, and the versions it goes through."""

    group: PulledGroup
    modules: Chain


@dataclass(frozen=True)
class Unfit:
    """A group that is set aside, and why."""

    group: PulledGroup
    settled: SettleResult


@dataclass
class Healing:
    """What becomes of the groups of one run once they are settled; groups do not wait for each other."""

    plan: RunPlan
    stream: str
    steps: Steps
    modules: Chain
    decided: set[UUID]  # reviews of which the run heard that they are decided
    names: Counter[str] = field(default_factory=Counter)
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)  # one replay at a time is enough for a machine

    async def heal(self, settled: Sequence[tuple[PulledGroup, SettleResult]]) -> tuple[list[Fitting], list[Unfit]]:
        """Find a version for each group, in their order, or a reason why there is none."""
        ends = await asyncio.gather(*(self._one(*item) for item in settled), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return [end for end in ends if isinstance(end, Fitting)], [end for end in ends if isinstance(end, Unfit)]

    async def _one(self, group: PulledGroup, settled: SettleResult) -> Fitting | Unfit:
        asked = settled.question is not None and settled.report_id is not None and bool(self.modules)
        if settled.decision != "proceed" and settled.proposal is None and not asked:
            return Unfit(group, settled)
        try:
            chain = await self._by_model(group, settled) if asked else None
            return Fitting(group, await self._chain(group, settled) if chain is None else chain)
        except NotHealed as error:
            summary, advice = error.summary, error.advice
        except FailureError as error:
            summary, advice = _failed(error), ""
        said = {"summary": f"{settled.summary} {summary}".strip(), "advice": advice or settled.advice}
        return Unfit(group, settled.model_copy(update=said))

    async def _by_model(self, group: PulledGroup, settled: SettleResult) -> Chain | None:
        """What a model's proposal became; None: then all goes as if nobody had asked one."""
        proposal = await self._proposed(settled)
        if proposal is None:
            return None
        try:
            return await self._approved(group, settled.report_id, proposal)
        except Overdue:
            raise
        except NotHealed as error:
            ended = error
        except FailureError as error:
            ended = NotHealed(_failed(error))
        if settled.proposal is None:
            raise ended
        return None  # the rules have a proposal of their own

    async def _proposed(self, settled: SettleResult) -> Proposal | None:
        """Ask the model of the workspace; that it is slow, gone or hostile is a line among the steps of the run."""
        scope, report, question = self.plan.scope, settled.report_id, settled.question
        if report is None or question is None:
            return None
        async with self.alone, self.steps.step(self._name("ask_model")) as step:
            try:
                asked = ProposePreludeInput(tenant=scope.tenant, report_id=report, question=question)
                answer = await step.call(PROPOSE_PRELUDE, asked)
            except FailureError as error:
                if is_cancelled_exception(error):
                    raise
                answer = ProposePreludeResult(said=f"The model could not be asked: {reason_of(error)[1]}")
            try:
                said = ConsiderInput(scope=scope, report_id=report, steps=answer.steps, said=answer.said)
                considered = await step.call(CONSIDER, said)
            except FailureError as error:
                if is_cancelled_exception(error):
                    raise
                considered = Considered(said=f"The model's answer could not be looked at: {reason_of(error)[1]}")
            step.detail = considered.said
        return considered.proposal

    async def _chain(self, group: PulledGroup, settled: SettleResult) -> Chain:
        """The versions that this group goes through."""
        if settled.version is not None:
            return await self._with(settled.version)
        if settled.decision != "proceed" and settled.proposal is None:
            raise NotHealed("")  # why not, is said already
        if settled.proposal is None:
            return self.modules
        return await self._approved(group, settled.report_id, settled.proposal)

    async def _approved(self, group: PulledGroup, report: UUID | None, proposal: Proposal) -> Chain:
        """The versions that a group goes through once its proposal is proven, judged and published."""
        approved_in: UUID | None = None
        by = THE_PLATFORM
        if not self.modules or report is None:
            raise NotHealed("Nothing that was proposed can be proved.")
        for _ in range(1 + MOST_EDITS):
            judged = await self._proved(group, report, proposal, approved_in)
            if judged.ruling in ("quarantine", "refuse"):
                raise NotHealed(judged.summary, judged.advice)
            if judged.ruling == "auto":
                return await self._published(report, proposal, judged, by)
            if judged.review_id is None:
                raise NotHealed("Nobody could be asked about it.")
            outcome = await self._reviewed(judged, judged.review_id)
            by = outcome.decided_by or THE_PLATFORM
            if outcome.outcome == "approved":
                return await self._published(report, proposal, judged, by)
            if outcome.outcome != "edited" or outcome.proposal is None:
                raise self._declined(outcome)
            proposal, approved_in = outcome.proposal, judged.review_id
        raise NotHealed(f"It was edited {MOST_EDITS} times, and none of that could be used.")

    def _declined(self, outcome: ReviewOutcome) -> Exception:
        if outcome.outcome != "expired":
            return NotHealed(f"Rejected{f': {outcome.reason}' if outcome.reason else '.'}")
        if self.plan.definition.drift.on_timeout == "refuse":
            return failure(ErrorType.SCHEMA_DRIFT, "Nobody decided in time whether what came may be adapted to.")
        return Overdue("Nobody decided in time.")

    async def _proved(self, group: PulledGroup, report: UUID, proposal: Proposal, approved_in: UUID | None) -> Judged:
        """Replay the candidate on what earlier runs read and on what came, and hear what may be done with it."""
        plan = self.plan
        async with self.alone, self.steps.step(self._name("prove")) as step:
            base = await self._resolved(step, proposal.base)
            width = max(1, len(group.dataset.table_schema.columns))
            limit = max(1, min(MOST_PAST, COLUMNS_REPLAYED // width))
            found = await note(PAST_INPUTS, PastInputsInput(scope=plan.scope, module=base.ref, limit=limit))
            asked = ProveInput(
                scope=plan.scope,
                base=base,
                candidate=_candidate(proposal),
                prelude=proposal.prelude,
                inverse=proposal.inverse,
                past=found.past,
                incoming=group.dataset,
                keys=self._keys(base),
                at=workflow.info().start_time.isoformat(),
            )
            proved = await step.call(PROVE, asked)
            consumers = [await self._consumer(step, reader, base) for reader in found.readers]
            judged = await step.call(
                JUDGE,
                JudgeInput(
                    scope=plan.scope,
                    stream=self.stream,
                    report_id=report,
                    proposal=proposal,
                    asked=asked,
                    evidence=Evidence(replays=proved.replays, incoming=proved.incoming, consumers=tuple(consumers)),
                    policy=plan.definition.drift,
                    pinned=self.pinned,
                    approved_in=approved_in,
                ),
            )
            step.rows = sum(past.dataset.rows for past in found.past) + group.dataset.rows
            what = f"{_files(group)}: {base.ref.name} version {base.ref.version} with {_count(proposal)} before it"
            step.detail = f"{what}, tried on {len(found.past)} past inputs and on what came. {judged.summary}".strip()
        return judged

    async def _reviewed(self, judged: Judged, review: UUID) -> ReviewOutcome:
        """Wait until a person has decided, for as long as the policy says."""
        latest = workflow.now() + timedelta(seconds=judged.wait_seconds)
        asked = f"Waits for a decision about review {review} until {latest:%Y-%m-%d %H:%M} UTC."
        scope = self.plan.scope
        try:
            async with self.steps.step(self._name("review"), detail=asked, review_id=review) as step:
                timed_out = False
                try:
                    await workflow.wait_condition(lambda: review in self.decided, timeout=judged.wait_seconds)
                except TimeoutError:
                    timed_out = True
                # Asked also then: who decided in the last moment did decide.
                outcome = await step.call(
                    CLOSE_REVIEW, CloseReviewInput(scope=scope, review_id=review, timed_out=timed_out)
                )
                step.detail = f"Review {review}: {outcome.outcome}" + (f" ({outcome.reason})" if outcome.reason else "")
                return outcome
        except StepEnded as error:
            if is_cancelled_exception(error):
                # Nobody is to be asked about a run that is over.
                await to_its_end(self._withdrawn(review))
            raise

    async def _withdrawn(self, review: UUID) -> None:
        try:
            await call(CLOSE_REVIEW, CloseReviewInput(scope=self.plan.scope, review_id=review, timed_out=True))
        except FailureError as error:
            workflow.logger.warning("a review could not be withdrawn: %s", reason_of(error)[1])

    async def _published(self, report: UUID, proposal: Proposal, judged: Judged, by: UUID) -> Chain:
        """Make a version of the proposal, have it known, and use it. From here on a cancellation waits."""
        check_cancelled()
        async with self.steps.step(self._name("publish")) as step:
            return await to_its_end(self._publish(step, report, proposal, judged, by))

    async def _publish(self, step: Step, report: UUID, proposal: Proposal, judged: Judged, by: UUID) -> Chain:
        scope = self.plan.scope
        origin = AdaptationOrigin(base=proposal.base, report_id=report, proof_id=judged.proof_id, run_id=scope.run_id)
        ref = await step.call(
            PUBLISH_MODULE,
            PublishModuleInput(tenant=scope.tenant, draft=proposal.candidate, published_by=by, adapts=origin),
        )
        await step.call(
            RECORD_ADAPTATION,
            RecordAdaptationInput(
                scope=scope,
                stream=self.stream,
                report_id=report,
                proposal_id=proposal.proposal_id,
                proof_id=judged.proof_id,
                published=ref,
            ),
        )
        step.detail = f"{ref.name} version {ref.version}, made of version {proposal.base.version}"
        return (await self._resolved(step, ref), *self.modules[1:])

    async def _with(self, version: ModuleVersionRef) -> Chain:
        """The run's modules, with another version of the first."""
        if self.modules and version == self.modules[0].ref:
            return self.modules
        async with self.steps.step(self._name("choose_version")) as step:
            chosen = await self._resolved(step, version)
            step.detail = f"{version.name} version {version.version} takes what came"
            return (chosen, *self.modules[1:])

    async def _resolved(self, step: Step, ref: ModuleVersionRef) -> ResolvedModule:
        """A version with all that is needed to run it."""
        if ref == self.modules[0].ref:
            return self.modules[0]
        return await resolved(step.call, self.plan.scope.tenant, ModuleUse(name=ref.name, version=ref.version))

    async def _consumer(self, step: Step, reader: Reader, base: ResolvedModule) -> Consumer:
        """What a workflow that reads the destination needs of the module that is to change."""
        if len(self.modules) > 1:
            # What stands between: as long as that gets what it takes, the destination gets what it got.
            return Consumer(workflow=reader.workflow, needs=self.modules[1].input_contract)
        if reader.module is None:
            return Consumer(workflow=reader.workflow, needs=base.output_contract)  # it hands on every column
        answer = await step.call(
            RESOLVE_MODULE, ResolveModuleInput(tenant=self.plan.scope.tenant, module=reader.module)
        )
        needs = base.output_contract if answer.module is None else answer.module.input_contract
        return Consumer(workflow=reader.workflow, needs=needs)

    def _keys(self, base: ResolvedModule) -> tuple[str, ...]:
        """The destination's keys, where the module is the last to touch them."""
        keys = self.plan.definition.destination.keys
        return keys if len(self.modules) == 1 and set(keys) <= set(base.output_contract.names) else ()

    def _name(self, step: str) -> str:
        """A step's name: those of the second group, or of a second attempt, are counted."""
        self.names[step] += 1
        return step if self.names[step] == 1 else f"{step} {self.names[step]}"

    @property
    def pinned(self) -> bool:
        """Whether the workflow names its first module's version by number."""
        uses = self.plan.definition.modules
        return bool(uses) and uses[0].version != "current"


def pins(
    modules: Chain, fitting: Sequence[Fitting]
) -> tuple[tuple[ModuleVersionRef, ...], tuple[tuple[ModuleVersionRef, ...], ...]] | None:
    """The versions that were used, and those of each group where they differ; None when all is as was pinned before."""
    before = tuple(item.ref for item in modules)
    chains = tuple(tuple(item.ref for item in fit.modules) for fit in fitting)
    if set(chains) <= {before}:
        return None
    used = dict.fromkeys(ref for place in zip(*chains, strict=True) for ref in place)
    return tuple(used), chains if len(set(chains)) > 1 else ()


def _failed(error: FailureError) -> str:
    """What is said where a service failed: healing is one, and no reason for the run to fail."""
    code, summary = reason_of(error)
    if is_cancelled_exception(error) or code == ErrorType.SCHEMA_DRIFT.value:
        raise error
    return f"It could not be adapted to: {summary}"


def _candidate(proposal: Proposal) -> ResolvedModule:
    """The draft as if it were a version already."""
    draft = proposal.candidate
    ref = ModuleVersionRef(module_id=proposal.base.module_id, name=draft.name, version=0, content_hash="")
    return ResolvedModule(
        ref=ref,
        recipe=draft.recipe,
        input_contract=draft.input_contract,
        output_contract=draft.output_contract,
        input_checks=draft.input_checks,
        output_checks=draft.output_checks,
    )


def _files(group: PulledGroup) -> str:
    names = [item.key for item in group.objects]
    if not names:
        return "the rows that came"
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _count(proposal: Proposal) -> str:
    count = len(proposal.prelude.steps)
    return "1 step" if count == 1 else f"{count} steps"
