"""What is asked of connector: describe a connection, pull, push, undo, preserve bytes, close a window."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.commands.command import RunScope, WindowRequest
from contracts.data import Contract, DatasetRef, FormatFacts, ObjectVersion, Schema
from contracts.workflow import DestinationDefinition, SourceDefinition


class DescribeConnectionInput(Contract):
    """Ask whether a connection exists and can play a role with this selection, or this target and write mode."""

    tenant: UUID
    name: str
    role: Literal["source", "destination"]
    selection: dict[str, Any] | None = None
    target: dict[str, Any] | None = None
    mode: Literal["append", "replace", "upsert"] | None = None  # how a destination is to be written


class Problem(Contract):
    """One thing that is wrong with a document, and where (a JSON pointer)."""

    pointer: str
    code: str
    message: str
    line: int | None = Field(default=None, description="Where it stands in the text, from 1; for texts only.")
    column: int | None = Field(default=None, description="Where it stands in its line, from 1; for texts only.")


class DescribeConnectionResult(Contract):
    """What the connector knows of the connection; `problems` is empty when it can be used."""

    connection_id: UUID | None = None
    kind: str | None = None
    bucket: str | None = None  # s3: the bucket that the selection or target means
    problems: tuple[Problem, ...] = ()


class PullInput(Contract):
    """Read one slice of a source into datasets."""

    scope: RunScope
    source: SourceDefinition
    stream: str
    window: WindowRequest = WindowRequest()
    claim: bool = True  # False: a look that leaves no window behind (sessions)
    expected: Schema | None = None  # types to read with, where the values allow it


class PulledGroup(Contract):
    """Objects that turned out to have the same schema, as one dataset."""

    dataset: DatasetRef
    facts: FormatFacts
    objects: tuple[ObjectVersion, ...] = ()
    object_rows: tuple[int, ...] = ()  # rows of each object, in the order of `objects`; empty when not known apart
    bytes_read: int = 0
    sample: DatasetRef | None = None  # first rows of its first file, as texts as they were written


class QuarantinedRows(Contract):
    """Rows set aside, kept as a dataset: row number, reason, column, value and the raw text."""

    dataset: DatasetRef
    reason: str
    object: str | None = None
    sample: str = ""  # where the first one stands: file, row, column


class UnreadableObject(Contract):
    """A file that could not be read at all."""

    object: ObjectVersion
    code: str
    message: str


class PullResult(Contract):
    """What was read: groups by schema, rows set aside, and an independent count of rows."""

    window_id: UUID | None = None
    groups: tuple[PulledGroup, ...] = ()
    quarantined: tuple[QuarantinedRows, ...] = ()
    unreadable: tuple[UnreadableObject, ...] = ()
    rows_read: int = Field(default=0, ge=0)  # counted apart from the parser
    bytes_read: int = 0
    hops: int = Field(default=0, ge=0)  # through how many runs of this platform the rows came


class PushInput(Contract):
    """Write datasets to a destination in one transaction, once for each window."""

    scope: RunScope
    destination: DestinationDefinition
    stream: str
    window_id: UUID
    part: str = "0"
    datasets: tuple[DatasetRef, ...]
    hops: int = Field(default=0, ge=0)  # as the pull said


class PushResult(Contract):
    """What the destination says it took. `already` means an earlier attempt had committed."""

    rows: int
    inserted: int
    updated: int
    deduplicated: int
    bytes: int
    attempt: int
    already: bool = False


class UndoInput(Contract):
    """Take what a run wrote out of its destination again. The scope is the run that undoes."""

    scope: RunScope
    run_id: UUID  # whose rows are taken out
    stream: str
    dry_run: bool = False  # find out whether it can be done, and leave everything as it is


class UndoResult(Contract):
    """Rows that were taken out, and rows that are there again as they were before the run."""

    removed: int
    restored: int
    attempt: int = 0
    already: bool = False


class PreserveInput(Contract):
    """Keep the original bytes of objects that are set aside."""

    scope: RunScope
    source: SourceDefinition
    objects: tuple[ObjectVersion, ...]


class PreserveResult(Contract):
    """Where each object's bytes are kept, in the order asked for."""

    uris: tuple[str, ...]


class CloseWindowInput(Contract):
    """Say how a window ended. Released objects may be claimed again; the others may not."""

    scope: RunScope
    window_id: UUID | None  # None: whatever this run claimed, if it claimed anything
    outcome: Literal["committed", "released"]
    rows: int = 0
