"""Messages and plans as the API takes and shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.data import Schema
from contracts.recipe import Step
from services.transform.views import Request, Value, View

PlannerName = Literal["rules", "model"]


class ChatRequest(Request):
    """What is wanted, in plain English."""

    message: str = Field(min_length=1, description="At most 4000 characters.")
    node_id: UUID | None = Field(default=None, description="The current node, if left out")
    planner: PlannerName = Field(default="rules", description="`model` only where the operator has set one up")


class ApplyRequest(Request):
    """Nothing has to be said to apply a plan."""


class PlanView(View):
    """Steps that would do what was asked. Nothing has changed yet."""

    steps: list[Step]
    english: list[str] = Field(description="Each step in one line.")
    columns: list[str] = Field(description="Columns that the steps read, change, add or remove.")
    notes: list[str]
    rows: int = Field(description="Rows that would come out.")
    exact: bool = Field(description="False where the rows are estimated, from the first rows of a long table.")
    table_schema: Schema = Field(alias="schema")
    before: list[dict[str, Value]] = Field(description="The first rows now.")
    after: list[dict[str, Value]] = Field(description="The first rows as they would be.")


class QuestionView(View):
    """What has to be known before there can be a plan."""

    text: str
    kind: str
    choices: list[str]


class MessageView(View):
    """What somebody asked, and the answer: a plan, a question, or why there is neither."""

    id: UUID
    session_id: UUID
    node_id: UUID
    text: str
    planner: PlannerName
    outcome: Literal["plan", "question", "refusal"]
    plan: PlanView | None = None
    question: QuestionView | None = None
    refusal: str | None = None
    applied_node_id: UUID | None = Field(description="What came of the plan")
    task_id: UUID | None = Field(description="The task that carries the plan out, where it takes long")
    created_by: UUID
    created_at: datetime


def message_view(row: Any) -> MessageView:
    """A message's row as it is shown."""
    return MessageView.model_validate(dict(row) | {row["outcome"]: row["answer"]})
