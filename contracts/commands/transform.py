"""What is asked of transform: profile a dataset, check a recipe, run modules over a dataset, keep a session."""

from uuid import UUID

from pydantic import Field

from contracts.adaptation import MOST_PROPOSED, OutputFigures, PastInput, PreludeQuestion, PreludeStep, Replay
from contracts.checks import CheckOutcome, Checks
from contracts.commands.command import RunScope
from contracts.commands.connector import Problem, PullResult, QuarantinedRows
from contracts.data import Contract, DatasetRef, Schema
from contracts.differences import DataDifference, DifferenceRows, SideResult
from contracts.profile import Profile
from contracts.recipe import Recipe
from contracts.workflow import ResolvedModule


class ProfileInput(Contract):
    """Describe a dataset column by column."""

    tenant: UUID
    dataset: DatasetRef


class CheckRecipeInput(Contract):
    """Say whether a recipe would run on these columns and give those, without a row."""

    tenant: UUID
    recipe: Recipe
    input_contract: Schema
    output_contract: Schema
    derive_output: bool = False  # whatever comes out is right, and is said
    input_checks: Checks = ()
    output_checks: Checks = ()


class CheckRecipeResult(Contract):
    """What is wrong with it, as JSON pointers into the draft; empty when nothing is. Else what comes out."""

    problems: tuple[Problem, ...] = ()
    output: Schema | None = None


class ApplyInput(Contract):
    """Run modules in sequence over a dataset."""

    scope: RunScope
    dataset: DatasetRef
    modules: tuple[ResolvedModule, ...]


class StepBooks(Contract):
    """The row arithmetic of one step: what came in and was added is what came out or is named here."""

    module: str
    step: int
    kind: str
    rows_in: int
    rows_out: int
    filtered: int = 0
    deduplicated: int = 0
    quarantined: int = 0
    added: int = 0
    combined: int = 0


class ApplyResult(Contract):
    """The modules' output and its books."""

    dataset: DatasetRef
    quarantined: tuple[QuarantinedRows, ...] = ()
    books: tuple[StepBooks, ...] = ()
    checks: tuple[CheckOutcome, ...] = ()


class AttachRootInput(Contract):
    """Give a session its first node."""

    tenant: UUID
    session_id: UUID
    pulled: PullResult
    profile: Profile


class FailSessionInput(Contract):
    """Say why a session has no data."""

    tenant: UUID
    session_id: UUID
    code: str
    message: str


class FreezeInput(Contract):
    """Make a module draft of a session's node."""

    tenant: UUID
    session_id: UUID
    node_id: UUID
    name: str
    description: str = ""
    infer_checks: bool = False


class RunTaskInput(Contract):
    """Do the long work that a session asked for."""

    tenant: UUID
    task_id: UUID


class FailTaskInput(Contract):
    """Say why a session's long work has no result."""

    tenant: UUID
    task_id: UUID
    code: str
    message: str


class FindNodeInput(Contract):
    """Find the rows of a session's node."""

    tenant: UUID
    session_id: UUID
    node_id: UUID | None = None


class FoundDataset(Contract):
    """A dataset, or a sentence about why there is none."""

    dataset: DatasetRef | None = None
    problem: str | None = None


class DifferInput(Contract):
    """Run two module versions over the same rows and say what differs between what they make of them."""

    tenant: UUID
    dataset: DatasetRef
    left: ResolvedModule
    right: ResolvedModule
    keys: tuple[str, ...] | None = None  # None: those of the contract, else such as are found
    left_then: tuple[ResolvedModule, ...] = ()  # modules that follow on that side
    right_then: tuple[ResolvedModule, ...] = ()


class DifferResult(Contract):
    """The difference in figures, and where its rows lie."""

    difference: DataDifference
    rows: DifferenceRows
    left: SideResult
    right: SideResult


class ProveInput(Contract):
    """Replay a candidate on past inputs, carried through the inverse change, and on what came."""

    scope: RunScope
    base: ResolvedModule
    candidate: ResolvedModule
    prelude: Recipe
    inverse: Recipe
    past: tuple[PastInput, ...]
    incoming: DatasetRef
    keys: tuple[str, ...] = ()  # columns of the output that no two rows may share
    at: str = ""  # when the run started, ISO 8601


class ProveResult(Contract):
    """What the replays gave, in figures; nothing is judged here."""

    replays: tuple[Replay, ...]
    incoming: OutputFigures


class ProposePreludeInput(Contract):
    """Ask the model for steps that bring what came into the shape that is needed; the same question has one answer."""

    tenant: UUID
    report_id: UUID = Field(description="The report that the question follows from: it is asked once.")
    question: PreludeQuestion


class ProposePreludeResult(Contract):
    """The model's steps, or none; and what is to be said about it."""

    steps: tuple[PreludeStep, ...] = Field(default=(), max_length=MOST_PROPOSED)
    said: str = ""
