"""Facts about workflow definitions and their triggers: topic `workflows`."""

from typing import Literal
from uuid import UUID

from contracts.data import Contract
from contracts.workflow import ModuleUse


class WorkflowApplied(Contract):
    """A workflow has a new definition version."""

    workflow_id: UUID
    name: str
    version: int
    modules: tuple[ModuleUse, ...] | None = None  # None: said before events told it


class WorkflowDeleted(Contract):
    """A workflow and its triggers are gone."""

    workflow_id: UUID
    name: str


class WatchConfigured(Contract):
    """A trigger watches a bucket by listing, from now on or no more."""

    trigger_id: UUID
    workflow_id: UUID
    connection: str
    bucket: str
    prefix: str
    pattern: str
    interval_seconds: float
    enabled: bool
    state: Literal["active", "removed"] = "active"
