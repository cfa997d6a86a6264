"""What is asked of schema_drift: decide about a difference, set files and rows aside."""

from typing import Literal
from uuid import UUID

from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup, QuarantinedRows
from contracts.data import Contract, ObjectVersion, Schema
from contracts.events.drift import DriftChange
from contracts.workflow import DriftPolicy, ModuleVersionRef


class SettleInput(Contract):
    """Compare what came with what the first module expects, and decide before anything is loaded."""

    scope: RunScope
    stream: str
    group: PulledGroup
    module: ModuleVersionRef | None
    contract: Schema | None
    policy: DriftPolicy


class SettleResult(Contract):
    """The decision, the report that holds its reasons, and the difference itself."""

    decision: Literal["proceed", "quarantine", "fail"]
    report_id: UUID | None = None
    changes: tuple[DriftChange, ...] = ()
    summary: str = ""
    advice: str = ""


class QuarantineFileInput(Contract):
    """Set a file aside with its reason and its original bytes."""

    scope: RunScope
    stream: str
    object: ObjectVersion
    preserved_uri: str
    reason: str
    summary: str
    advice: str
    rows: int = 0
    report_id: UUID | None = None


class QuarantineRowsInput(Contract):
    """Set rows aside."""

    scope: RunScope
    stream: str
    rows: QuarantinedRows


class QuarantineResult(Contract):
    """The entry that was made, or had been made by an earlier attempt."""

    entry_id: UUID


class SettleEntryInput(Contract):
    """Say what became of a released file."""

    scope: RunScope
    entry_id: UUID
    outcome: Literal["loaded", "failed", "quarantined"]
