"""What two module versions make of the same rows: which rows, how they are paired, and what the answer looks like."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.checks import CheckOutcome
from contracts.commands.connector import QuarantinedRows
from contracts.data import Contract, DatasetRef, LogicalType

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Table(Contract):
    """A version of a module: it makes one table of another."""

    name: str
    version: Number


class NodeInput(Contract):
    """The rows of a session's node; the current one, if none is named."""

    kind: Literal["node"] = "node"
    session_id: UUID
    node_id: UUID | None = None


class RunInputRows(Contract):
    """The rows that a past run read and gave to its first module."""

    kind: Literal["run"] = "run"
    run_id: UUID
    group: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=0, description="Which, where the run read files of several shapes."
    )


class FileInput(Contract):
    """A file or table of a connection. It is read for a look; no run is kept from loading it."""

    kind: Literal["file"] = "file"
    connection: str = Field(max_length=63)
    selection: dict[str, Any]


DataInput = Annotated[NodeInput | RunInputRows | FileInput, Field(discriminator="kind")]


class ColumnDifference(Contract):
    """One column that both tables have."""

    column: str
    left_type: LogicalType
    right_type: LogicalType
    compared: Literal["key", "value", "text"] = Field(
        description="key: it pairs the rows. text: the types have no value in common, so their texts were compared."
    )
    changed: int = Field(ge=0, description="Pairs of rows that differ here.")


class Aggregate(Contract):
    """One column in figures, on one side; numbers that JSON cannot hold come as text."""

    nulls: int
    minimum: str | None = None
    maximum: str | None = None
    sum: str | None = None
    mean: str | None = None


class ColumnAggregates(Contract):
    """One column in figures on both sides; a side that does not have it is null."""

    column: str
    left: Aggregate | None
    right: Aggregate | None


class DataDifference(Contract):
    """What differs between two tables, row by row."""

    left_rows: int
    right_rows: int
    keys: tuple[str, ...] = Field(description="The columns that pair rows; none: whole rows were counted.")
    keys_from: Literal["given", "contract", "found", "none"]
    repeated_keys: bool = Field(
        default=False, description="Some key stands in several rows: they were paired in their order."
    )
    equal: int = Field(description="Rows that are on both sides and the same.")
    only_left: int
    only_right: int
    changed: int
    columns: tuple[ColumnDifference, ...] = ()
    columns_only_left: tuple[str, ...] = ()
    columns_only_right: tuple[str, ...] = ()
    aggregates: tuple[ColumnAggregates, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the tables hold the same columns and rows."""
        beside = self.columns_only_left or self.columns_only_right
        return not (self.only_left or self.only_right or self.changed or beside)


class DifferenceRows(Contract):
    """Where the rows lie that differ. `changed` has each compared column twice, as `left:name` and `right:name`."""

    only_left: DatasetRef | None = None
    only_right: DatasetRef | None = None
    changed: DatasetRef | None = None


class SideResult(Contract):
    """What one version made of the rows."""

    rows: int
    quarantined: tuple[QuarantinedRows, ...] = ()
    checks: tuple[CheckOutcome, ...] = ()
