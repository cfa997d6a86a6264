"""Temporal workflows by name: their ids, inputs, results, and the error types that decide about retries."""

from enum import StrEnum
from uuid import UUID

from contracts.commands.connector import Problem
from contracts.data import Contract, RowBooks, Schema
from contracts.differences import DataInput, Table
from contracts.workflow import ModuleDetails, ModuleDraft, ModuleVersionRef, WorkflowDefinition

RUN_WORKFLOW = "run-workflow"
OPEN_SESSION = "open-session"
SESSION_TASK = "session-task"
DEPLOY_MODULE = "deploy-module"
VALIDATE_WORKFLOW = "validate-workflow"
CHECK_MODULE = "check-module"
COMPARE_VERSIONS = "compare-versions"
REPLAY_PROOF = "replay-proof"
TRY_MODULE = "try-module"
QUEUE = "orchestrator"
REVIEW_DECIDED = "review-decided"  # the signal that a waiting run hears; it carries the review's id


class ErrorType(StrEnum):
    """Types of application errors that cross Temporal. Messages beside them are for people and hold no secret."""

    UNREACHABLE_DNS = "unreachable_dns"
    UNREACHABLE_REFUSED = "unreachable_refused"
    UNREACHABLE_TLS = "unreachable_tls"
    UNREACHABLE_TIMEOUT = "unreachable_timeout"
    AUTHENTICATION_FAILED = "authentication_failed"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    CONFIGURATION_INVALID = "configuration_invalid"
    OBJECT_CHANGED = "object_changed"
    FENCED = "fenced"
    LEASE_HELD = "lease_held"
    DESTINATION_REFUSED = "destination_refused"
    DESTINATION_FULL = "destination_full"
    RECIPE_INVALID = "recipe_invalid"
    EXPRESSION_FAILED = "expression_failed"
    MEMORY_LIMIT = "memory_limit"
    TIME_LIMIT = "time_limit"
    ISOLATION_UNAVAILABLE = "isolation_unavailable"
    DATASET_CORRUPT = "dataset_corrupt"
    BOOKS_UNBALANCED = "books_unbalanced"
    SCHEMA_DRIFT = "schema_drift"
    CONFLICT = "conflict"
    UNDO_REFUSED = "undo_refused"


# Trying these again changes nothing: a person has to.
PERMANENT: tuple[ErrorType, ...] = (
    ErrorType.AUTHENTICATION_FAILED,
    ErrorType.PERMISSION_DENIED,
    ErrorType.NOT_FOUND,
    ErrorType.CONFIGURATION_INVALID,
    ErrorType.OBJECT_CHANGED,
    ErrorType.DESTINATION_REFUSED,
    ErrorType.RECIPE_INVALID,
    ErrorType.EXPRESSION_FAILED,
    ErrorType.MEMORY_LIMIT,
    ErrorType.TIME_LIMIT,
    ErrorType.ISOLATION_UNAVAILABLE,
    ErrorType.DATASET_CORRUPT,
    ErrorType.BOOKS_UNBALANCED,
    ErrorType.SCHEMA_DRIFT,
    ErrorType.CONFLICT,
    ErrorType.UNDO_REFUSED,
)


def run_id(tenant: UUID, run: UUID) -> str:
    """The Temporal workflow id of a run."""
    return f"run/{tenant}/{run}"


def session_id(tenant: UUID, session: UUID) -> str:
    """The Temporal workflow id of a session's opening."""
    return f"session/{tenant}/{session}"


def task_id(tenant: UUID, task: UUID) -> str:
    """The Temporal workflow id of a session's long work."""
    return f"task/{tenant}/{task}"


def deploy_id(tenant: UUID, node: UUID, name: str) -> str:
    """The Temporal workflow id of a deployment: a node becomes a version of a module once."""
    return f"deploy/{tenant}/{node}/{name}"


def validate_id(tenant: UUID, request: UUID) -> str:
    """The Temporal workflow id of a validation."""
    return f"validate/{tenant}/{request}"


def check_id(tenant: UUID, request: UUID) -> str:
    """The Temporal workflow id of a draft's check."""
    return f"check/{tenant}/{request}"


def replay_id(tenant: UUID, replay: UUID) -> str:
    """The Temporal workflow id of a proof that is made again."""
    return f"replay/{tenant}/{replay}"


def comparison_id(tenant: UUID, comparison: UUID) -> str:
    """The Temporal workflow id of a comparison on data."""
    return f"compare/{tenant}/{comparison}"


def trial_id(tenant: UUID, trial: UUID) -> str:
    """The Temporal workflow id of a trial."""
    return f"try/{tenant}/{trial}"


class RunInput(Contract):
    """Which run. The workflow's name is there for those who search among executions."""

    tenant: UUID
    run_id: UUID
    workflow: str | None = None


class RunResult(Contract):
    """How a run ended."""

    outcome: str
    books: RowBooks


class OpenSessionInput(Contract):
    """Which session, and what it looks at."""

    tenant: UUID
    session_id: UUID
    connection: str
    selection: dict[str, object]


class SessionTaskInput(Contract):
    """Which long work of a session."""

    tenant: UUID
    task_id: UUID


class DeployModuleInput(Contract):
    """Which node becomes which module."""

    tenant: UUID
    session_id: UUID
    node_id: UUID
    name: str
    description: str = ""
    deployed_by: UUID
    details: ModuleDetails | None = None
    infer_checks: bool = False


class DeployModuleResult(Contract):
    """The version that came of it."""

    module: ModuleVersionRef


class ValidateWorkflowInput(Contract):
    """Check a definition against the connections and modules that exist."""

    tenant: UUID
    definition: WorkflowDefinition


class ValidateWorkflowResult(Contract):
    """What is wrong with it; empty when nothing is."""

    problems: tuple[Problem, ...] = ()
    source_bucket: str | None = None
    destination_bucket: str | None = None


class CheckModuleInput(Contract):
    """Check a draft before it becomes a version."""

    tenant: UUID
    draft: ModuleDraft
    derive_output: bool = False  # the draft's output contract is not looked at: it is asked for


class CheckModuleResult(Contract):
    """What is wrong with it, as JSON pointers into the draft; empty when nothing is. Else what comes out."""

    problems: tuple[Problem, ...] = ()
    output: Schema | None = None


class CompareVersionsInput(Contract):
    """Compare what two module versions make of the same rows."""

    tenant: UUID
    comparison_id: UUID
    left: Table
    right: Table
    input: DataInput
    keys: tuple[str, ...] | None = None


class ReplayProofInput(Contract):
    """Make a proof again, of what it was made of."""

    tenant: UUID
    replay_id: UUID
    proof_id: UUID


class TryModuleInput(Contract):
    """Run a module version over some rows without a workflow."""

    tenant: UUID
    trial_id: UUID
    module: Table
    input: DataInput
