"""Comparisons and trials as the API takes and shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.checks import CheckOutcome
from contracts.commands.transform import ApplyResult, DifferResult, StepBooks
from contracts.data import Schema
from contracts.differences import ColumnAggregates, ColumnDifference, DataInput, Table
from contracts.recipe import InputRef, Step
from contracts.workflow import Name
from services.module_registry.views.library import ChangeView, Level, Request, VersionNumber, View

Value = bool | int | float | str | None
State = Literal["running", "done", "failed"]


class StepRowView(View):
    """One line of a comparison; indexes count from 0, `changed` names the parts of the step that differ."""

    op: Literal["equal", "changed", "removed", "added"]
    left_index: int | None
    right_index: int | None
    left: Step | None
    right: Step | None
    changed: tuple[str, ...]


class InputRowView(View):
    """Another table that the steps of one version look at, and those of the other do not, or not the same."""

    name: str
    left: InputRef | None
    right: InputRef | None


class RetypedView(View):
    """A column with another type."""

    column: str
    left: str
    right: str


class ContractDifferenceView(View):
    """What one contract has that the other has not."""

    same: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[RetypedView, ...]
    reordered: bool
    nullable: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class ComparisonView(View):
    """Two versions side by side."""

    name: str
    left: int
    right: int
    steps: list[StepRowView]
    input_contract: ContractDifferenceView
    output_contract: ContractDifferenceView
    right_name: str | None = None
    level: Level | None = Field(default=None, description="How far the right one is from the left one.")
    changes: list[ChangeView] = Field(default_factory=list)
    inputs: list[InputRowView] = Field(default_factory=list)


class DifferenceRequest(Request):
    """Two versions, the rows to run them over, and what pairs the rows of their outputs."""

    left: Table
    right: Table
    input: DataInput
    keys: tuple[str, ...] | None = Field(
        default=None,
        max_length=50,
        description="Columns of both outputs. None: a unique check of the contracts, else what is found to be unique. "
        "An empty list: whole rows are counted.",
    )


class TrialModule(Request):
    """A module and the version to try."""

    name: Name
    version: VersionNumber | None = Field(default=None, description="The current one, if left out.")


class TrialRequest(Request):
    """A version, and the rows to run it over."""

    module: TrialModule
    input: DataInput


class SideView(View):
    """What one version made of the rows."""

    rows: int
    set_aside: int
    checks: list[CheckOutcome]


class DifferenceView(View):
    """What differs in the data; the rows themselves come page by page."""

    same: bool
    left: SideView
    right: SideView
    keys: list[str]
    keys_from: Literal["given", "contract", "found", "none"]
    repeated_keys: bool
    equal: int
    only_left: int
    only_right: int
    changed: int
    columns: list[ColumnDifference]
    columns_only_left: list[str]
    columns_only_right: list[str]
    aggregates: list[ColumnAggregates]


class QuestionView(View):
    """Something that was asked, and how it stands."""

    id: UUID
    state: State
    code: str | None
    message: str | None
    requested_by: UUID
    requested_at: datetime
    finished_at: datetime | None


class DataComparisonSummary(QuestionView):
    """A comparison on data in a list."""

    left: Table
    right: Table
    input: DataInput
    keys: list[str] | None


class DataComparisonView(DataComparisonSummary):
    """A comparison on data, with its answer when there is one."""

    difference: DifferenceView | None = None


class TrialSummary(QuestionView):
    """A trial in a list."""

    module: Table
    input: DataInput


class TrialView(TrialSummary):
    """A trial, with its answer when there is one: the books, what was set aside, what the checks found."""

    rows_read: int | None = None
    rows: int | None = None
    set_aside: int | None = None
    set_aside_sample: str | None = None
    output: Schema | None = None
    books: list[StepBooks] = Field(default_factory=list)
    checks: list[CheckOutcome] = Field(default_factory=list)


class RowsView(View):
    """Some rows. Numbers beyond 2^53, decimals, dates and bytes (base64) come as text."""

    total: int
    offset: int
    rows: list[dict[str, Value]]


class ChangedRow(View):
    """A row that both sides have: its key, and the columns that differ."""

    key: dict[str, Value]
    left: dict[str, Value]
    right: dict[str, Value]


class DifferenceRowsView(View):
    """Some rows that differ: whole ones of one side, or changed ones."""

    total: int
    offset: int
    rows: list[dict[str, Value]] = Field(default_factory=list)
    changed: list[ChangedRow] = Field(default_factory=list)


def comparison_document(row: Any) -> dict[str, Any]:
    """A comparison's row as it is shown."""
    said: dict[str, Any] = dict(row)
    document: dict[str, Any] = said | said["asked"]
    if said.get("result") is not None:
        result = DifferResult.model_validate(said["result"])
        found = result.difference
        document["difference"] = found.model_dump() | {
            "same": found.same,
            "left": _side(result.left),
            "right": _side(result.right),
        }
    return document


def trial_document(row: Any) -> dict[str, Any]:
    """A trial's row as it is shown."""
    said: dict[str, Any] = dict(row)
    document: dict[str, Any] = said | said["asked"]
    if said.get("result") is not None:
        beside = {"rows_read", "set_aside_before"}
        kept = dict(said["result"])
        result = ApplyResult.model_validate({name: value for name, value in kept.items() if name not in beside})
        sample = next((one.sample for one in result.quarantined if one.sample), None)
        document |= {
            "rows_read": kept["rows_read"],
            "rows": result.dataset.rows,
            "set_aside": kept["set_aside_before"] + sum(one.dataset.rows for one in result.quarantined),
            "set_aside_sample": sample,
            "output": result.dataset.table_schema,
            "books": result.books,
            "checks": result.checks,
        }
    return document


def _side(side: Any) -> dict[str, Any]:
    aside = sum(one.dataset.rows for one in side.quarantined)
    return {"rows": side.rows, "set_aside": aside, "checks": side.checks}
