"""Sessions and nodes as the API takes and shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.commands.transform import StepBooks
from contracts.data import Schema
from contracts.recipe import InputName, InputRef, Step
from contracts.workflow import ModuleDetails, Name

State = Literal["opening", "open", "failed"]
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
    inputs: dict[InputName, InputRef] = Field(
        default_factory=dict, max_length=50, description="Other tables, by the names that these and later steps use."
    )


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
    connection: str
    selection: dict[str, Any]
    current_node_id: UUID | None
    code: str | None
    message: str | None
    created_by: UUID
    created_at: datetime


class SetAsideView(View):
    """Rows that a step sent to quarantine."""

    rows: int
    sample: str


class NodeSummary(View):
    """A node in its tree."""

    id: UUID
    parent_id: UUID | None
    steps: list[Step]
    rows: int
    quarantined: SetAsideView | None
    created_by: UUID
    created_at: datetime


class SessionDetail(SessionView):
    """A session with its tree."""

    nodes: list[NodeSummary]


class DatasetView(View):
    """A dataset; where it lies is nobody's business."""

    id: str
    rows: int
    bytes: int


class NodeView(NodeSummary):
    """A node with its columns and its books."""

    table_schema: Schema = Field(alias="schema")
    books: list[StepBooks]
    dataset: DatasetView


class PreviewView(View):
    """Some rows of a node. Numbers beyond 2^53, decimals, dates and bytes (base64) come as text."""

    table_schema: Schema = Field(alias="schema")
    offset: int
    total: int
    rows: list[dict[str, Value]]


def node_summary(row: Any) -> NodeSummary:
    """A node's row as it is shown in a list."""
    return NodeSummary.model_validate(dict(row))


def node_view(row: Any) -> NodeView:
    """A node's row as it is shown by itself."""
    return NodeView.model_validate(dict(row) | {"schema": row["dataset"]["table_schema"]})
