"""Facts about modules: topic `modules`."""

from typing import Literal
from uuid import UUID

from contracts.data import Contract, Schema
from contracts.differences import DataInput, Table


class ModuleVersionPublished(Contract):
    """A module has a new, frozen version."""

    module_id: UUID
    name: str
    version: int
    content_hash: str
    input_fingerprint: str
    output_fingerprint: str
    current: bool
    input_contract: Schema | None = None  # None where it is too large for a message
    output_contract: Schema | None = None
    semantic_version: str | None = None
    level: Literal["major", "minor", "patch"] | None = None


class ModuleArchived(Contract):
    """A module is no longer shown in the library; what uses it goes on."""

    module_id: UUID
    name: str


class ModuleRestored(Contract):
    """A module is back in the library."""

    module_id: UUID
    name: str


class ModuleDeleted(Contract):
    """A module that nobody used is gone; its name is free."""

    module_id: UUID
    name: str


class ModuleVersionRetired(Contract):
    """A version made room for a newer one: nobody may use it from now on."""

    module_id: UUID
    name: str
    version: int
    content_hash: str
    reason: str


class ModuleRolledBack(Contract):
    """An earlier version is current again: the one that was is withdrawn, and what it made may be undone."""

    module_id: UUID
    name: str
    withdrawn: int
    current: int
    reason: str
    decided_by: UUID


class ComparisonRequested(Contract):
    """Somebody asked what two module versions make of the same rows."""

    comparison_id: UUID
    left: Table
    right: Table
    input: DataInput
    keys: tuple[str, ...] | None = None
    requested_by: UUID


class ComparisonFinished(Contract):
    """It is known what two module versions make of the same rows, or why it is not."""

    comparison_id: UUID
    outcome: Literal["done", "failed"]
    same: bool | None = None
    code: str | None = None


class TrialRequested(Contract):
    """Somebody asked what a module version makes of some rows."""

    trial_id: UUID
    module: Table
    input: DataInput
    requested_by: UUID


class TrialFinished(Contract):
    """It is known what a module version makes of some rows, or why it is not."""

    trial_id: UUID
    outcome: Literal["done", "failed"]
    rows: int | None = None
    code: str | None = None
