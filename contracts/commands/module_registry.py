"""What is asked of module_registry: publish a version, find one."""

from uuid import UUID

from contracts.commands.transform import ApplyResult, DifferResult
from contracts.data import Contract
from contracts.workflow import ModuleDraft, ModuleUse, ModuleVersionRef, ResolvedModule


class AdaptationOrigin(Contract):
    """Where an adapted version comes from."""

    base: ModuleVersionRef
    report_id: UUID
    proof_id: UUID
    run_id: UUID


class PublishModuleInput(Contract):
    """Make a new version of a module; the same draft twice is one version."""

    tenant: UUID
    draft: ModuleDraft
    published_by: UUID
    adapts: AdaptationOrigin | None = None


class ResolveModuleInput(Contract):
    """Find a module version."""

    tenant: UUID
    module: ModuleUse


class ResolveModuleResult(Contract):
    """The version, or what is wrong with the name or number."""

    module: ResolvedModule | None = None
    problem: str | None = None


class RecordComparisonInput(Contract):
    """Say what came of a comparison: its result, or why there is none."""

    tenant: UUID
    comparison_id: UUID
    result: DifferResult | None = None
    code: str | None = None
    message: str | None = None


class RecordTrialInput(Contract):
    """Say what came of a trial: its result, or why there is none."""

    tenant: UUID
    trial_id: UUID
    result: ApplyResult | None = None
    rows_read: int = 0
    set_aside_before: int = 0  # rows that the reader set aside
    code: str | None = None
    message: str | None = None
