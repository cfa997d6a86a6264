"""Sessions and nodes as the API takes and shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.commands.connector import Problem
from contracts.commands.transform import StepBooks
from contracts.data import Column, FormatFacts, Schema
from contracts.recipe import InputName, InputRef, Step
from contracts.workflow import ModuleDetails, Name
from services.transform.jobs import Explained

State = Literal["opening", "open", "failed"]
Label = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Inputs = Annotated[
    dict[InputName, InputRef],
    Field(max_length=50, description="Other tables, by the names that these and later steps use."),
]
Reason = Annotated[str, Field(min_length=1, max_length=2_000)]
TaskKind = Literal["steps", "edit", "replay"]
Value = bool | int | float | str | None


class View(BaseModel):
    """Base of what is shown: exactly the declared fields."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Request(BaseModel):
    """Base of what is taken: exactly the declared fields."""

    model_config = ConfigDict(extra="forbid")


class OpenRequest(Request):
    """What to look at: a connection, and the selection of a file or table."""

    connection: Name
    selection: dict[str, Any] = Field(description="What to read; its shape depends on the connection's kind.")


class AddNodeRequest(Request):
    """Steps to apply, to the current node or to another one."""

    parent_id: UUID | None = None
    steps: tuple[Step, ...] = Field(min_length=1, max_length=500)
    inputs: Inputs = {}
    reason: Reason | None = None
    name: Label | None = None


class EditRequest(Request):
    """A change in the middle of a node's steps; what follows is repeated as a new branch."""

    node_id: UUID | None = Field(default=None, description="The current node, if left out")
    action: Literal["replace", "remove", "insert"]
    at: int = Field(ge=0, description="The step's place among all steps of the node, counted from 0")
    steps: tuple[Step, ...] = Field(default=(), max_length=500, description="What to put there, unless it is removed")
    inputs: Inputs = {}
    reason: Reason | None = None


class RenameRequest(Request):
    """A name for people, or none."""

    name: Label | None


class BackRequest(Request):
    """The node that becomes the current one."""

    node_id: UUID


class DeployRequest(Request):
    """The module that a node becomes a version of."""

    name: Name
    description: str = Field(default="", max_length=2_000)
    node_id: UUID | None = Field(default=None, description="The current node, if left out")
    details: ModuleDetails | None = Field(default=None, description="Tags, category, owner and README of the module")
    infer_checks: bool = Field(
        default=True, description="Write down what held for the session's data; runs do not look at it."
    )


class SessionView(View):
    """A session in a list."""

    id: UUID
    state: State
    name: str | None = None
    connection: str
    selection: dict[str, Any]
    current_node_id: UUID | None
    code: str | None
    message: str | None
    created_by: UUID
    created_at: datetime
    archived_at: datetime | None = None


class SetAsideView(View):
    """Rows that a step sent to quarantine."""

    rows: int
    sample: str


class NodeSummary(View):
    """A node in its tree."""

    id: UUID
    parent_id: UUID | None
    name: str | None = None
    reason: str | None = None
    replay_of: UUID | None = Field(
        default=None, description="The node whose steps were repeated after an earlier one had changed"
    )
    steps: list[Step]
    rows: int
    quarantined: SetAsideView | None
    created_by: UUID
    created_at: datetime


class SessionDetail(SessionView):
    """A session with its tree."""

    facts: FormatFacts | None = Field(
        default=None, description="What was found out about the files; what is wrong is said in the selection"
    )
    nodes: list[NodeSummary]


class DatasetView(View):
    """A dataset; where it lies is nobody's business."""

    id: str
    rows: int
    bytes: int
    content_hash: str = ""


class NodeView(NodeSummary):
    """A node with its columns and its books."""

    table_schema: Schema = Field(alias="schema")
    all_steps: list[Step] = Field(default=[], description="From the root on")
    inputs: dict[InputName, InputRef] = Field(default={}, description="The other tables that these steps look at")
    books: list[StepBooks]
    dataset: DatasetView


class StepView(View):
    """What one step of a node does, and what became of the rows."""

    number: int = Field(description="Counted from 1, from the root on")
    node_id: UUID = Field(description="The node that it came with")
    step: Step
    english: str
    whole: bool = Field(description="It looks at the whole table at once; other steps work part by part")
    books: StepBooks | None = Field(
        description="Rows in and out. `added` of a join: rows that were matched by more than one."
    )
    made: dict[str, list[str]] = Field(description="Column that it makes → the columns before, of which it is made")
    rows_by: list[str] = Field(description="The columns that decide which rows come out, and in which order")


class NodeSteps(View):
    """All steps of a node, from the root on."""

    steps: list[StepView]
    origins: dict[str, list[str]] | None = Field(
        description="Column of the node → columns of the root on which its values depend, with those that decided which"
        " rows there are; nothing for tables of more than 2,000 columns"
    )


class PreviewView(View):
    """Some rows of a node. Numbers beyond 2^53, decimals, dates and bytes (base64) come as text."""

    table_schema: Schema = Field(alias="schema")
    offset: int
    total: int = Field(description="Rows of the node")
    where: str | None = None
    matches: int | None = Field(default=None, description="Rows that match, where all were looked at")
    rows: list[dict[str, Value]]


class SummaryView(View):
    """A profile in words, for whoever plans steps."""

    text: str
    values: bool = Field(description="Whether it holds values of the data, or only their shapes")


class ColumnChange(View):
    """A column that both have, and what it is in each."""

    name: str
    left: str
    right: str


class SchemaDifference(View):
    """How two lists of columns differ."""

    only_left: list[Column]
    only_right: list[Column]
    changed: list[ColumnChange]
    reordered: bool


class StepDifference(View):
    """One line of two lists of steps side by side."""

    kind: Literal["same", "changed", "only_left", "only_right"]
    left: Step | None
    right: Step | None


class NodeComparison(View):
    """What is different between two nodes of a session."""

    left: UUID
    right: UUID
    rows_left: int
    rows_right: int
    same_data: bool = Field(description="The same columns, rows and order, byte by byte")
    columns: SchemaDifference
    steps: list[StepDifference]


class TaskProblem(View):
    """Why long work has no result."""

    code: str
    message: str
    errors: list[Problem] = []


class TaskView(View):
    """Work that takes longer than a request may: pending, running, then done or failed."""

    id: UUID
    session_id: UUID
    kind: TaskKind
    state: Literal["pending", "running", "done", "failed"]
    progress: float = Field(ge=0, le=1)
    doing: str | None
    node_id: UUID | None = Field(description="What came of it, or what it is about")
    result: dict[str, Any] | None
    problem: TaskProblem | None
    created_by: UUID
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def node_summary(row: Any) -> NodeSummary:
    """A node's row as it is shown in a list."""
    return NodeSummary.model_validate(dict(row))


def node_view(row: Any) -> NodeView:
    """A node's row as it is shown by itself."""
    more = {"schema": row["dataset"]["table_schema"], "all_steps": row["recipe"]["steps"]}
    more["inputs"] = row["recipe"].get("inputs", {})
    return NodeView.model_validate(dict(row) | more)


def steps_of(
    path: Sequence[Any],
    books: Mapping[UUID, Sequence[Mapping[str, Any]]],
    told: Sequence[Explained],
    origins: Mapping[str, Sequence[str]] | None,
) -> NodeSteps:
    """The steps of the nodes from the root to one of them, with what is told of each."""
    shown: list[StepView] = []
    for node in path:
        rows = {book["step"]: book for book in books.get(node["id"], ())}
        for at, step in enumerate(node["steps"]):
            said = told[len(shown)].model_dump()
            known = {"number": len(shown) + 1, "node_id": node["id"], "step": step, "books": rows.get(at)}
            shown.append(StepView.model_validate(said | known))
    return NodeSteps(steps=shown, origins=None if origins is None else {name: list(of) for name, of in origins.items()})


def task_view(row: Any) -> TaskView:
    """A task's row as it is shown."""
    problem = None
    if row["state"] == "failed":
        problem = {"code": row["code"], "message": row["message"], "errors": row["errors"] or []}
    return TaskView.model_validate(dict(row) | {"problem": problem})
