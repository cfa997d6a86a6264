"""What is asked of module_registry: publish a version, find one."""

from uuid import UUID

from contracts.data import Contract
from contracts.workflow import ModuleDraft, ModuleUse, ResolvedModule


class PublishModuleInput(Contract):
    """Make a new version of a module; the same draft twice is one version."""

    tenant: UUID
    draft: ModuleDraft
    published_by: UUID


class ResolveModuleInput(Contract):
    """Find a module version."""

    tenant: UUID
    module: ModuleUse


class ResolveModuleResult(Contract):
    """The version, or what is wrong with the name or number."""

    module: ResolvedModule | None = None
    problem: str | None = None
