"""What a child is asked to do and what it answers, as they cross the border between the two processes."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from contracts.adaptation import OutputFigures
from contracts.checks import CheckOutcome, Checks
from contracts.commands.connector import Problem
from contracts.commands.transform import StepBooks
from contracts.data import Contract, DatasetRef, Schema
from contracts.differences import DataDifference
from contracts.profile import Profile
from contracts.recipe import Recipe, Step
from contracts.runs import ErrorType
from contracts.workflow import ResolvedModule
from services.transform.planner.view import TableView


class JobModule(Contract):
    """One recipe of a sequence: its name for the books, and what goes before the JSON pointers of its problems."""

    name: str
    recipe: Recipe
    pointer: str = ""
    input_contract: Schema | None = None
    output_contract: Schema | None = None
    input_checks: Checks = ()
    output_checks: Checks = ()
    inputs: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # files of the datasets that the recipe names


def job_module(module: ResolvedModule, pointer: str) -> JobModule:
    """A module version as part of a job."""
    return JobModule(
        name=module.ref.name,
        recipe=module.recipe,
        pointer=pointer,
        input_contract=module.input_contract,
        output_contract=module.output_contract,
        input_checks=module.input_checks,
        output_checks=module.output_checks,
    )


class ApplyJob(Contract):
    """Run recipes in sequence over Parquet files of one schema."""

    kind: Literal["apply"] = "apply"
    inputs: tuple[str, ...]
    table_schema: Schema
    modules: tuple[JobModule, ...]
    output: str  # an empty folder
    part_rows: int = Field(default=500_000, ge=1)
    keys: dict[str, str] = Field(default_factory=dict, repr=False)  # secrets of the workspace by name, in hex


class Applied(Contract):
    """What came out: files in the output folder, and the books."""

    kind: Literal["applied"] = "applied"
    parts: tuple[str, ...]
    rows: int
    table_schema: Schema
    books: tuple[StepBooks, ...]
    quarantined: int = 0
    quarantine_parts: tuple[str, ...] = ()
    quarantine_sample: str = ""
    checks: tuple[CheckOutcome, ...] = ()


class CheckJob(Contract):
    """Say what a recipe would do with columns, without rows."""

    kind: Literal["check"] = "check"
    table_schema: Schema
    recipe: Recipe
    pointer: str = ""  # what goes before the JSON pointers of its problems
    output_contract: Schema | None = None  # what must come out at least
    input_checks: Checks = ()
    output_checks: Checks = ()
    explain: bool = False  # whether to say what each step does


class Explained(Contract):
    """What one step does."""

    english: str
    whole: bool  # it looks at the whole table at once
    made: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # column → the columns before, of which it is made
    rows_by: tuple[str, ...] = ()  # columns that decide which rows come out, and in which order


class Checked(Contract):
    """The columns that come out, and those that must come in."""

    kind: Literal["checked"] = "checked"
    table_schema: Schema
    needed: Schema
    steps: tuple[Explained, ...] = ()
    origins: dict[str, tuple[str, ...]] | None = None  # column that comes out → columns that came in


class ProfileJob(Contract):
    """Describe Parquet files of one schema column by column."""

    kind: Literal["profile"] = "profile"
    inputs: tuple[str, ...]
    table_schema: Schema


class Profiled(Contract):
    """The figures."""

    kind: Literal["profiled"] = "profiled"
    profile: Profile


class SampleJob(Contract):
    """Find the first rows of Parquet files of one schema that match an expression."""

    kind: Literal["sample"] = "sample"
    inputs: tuple[str, ...]
    table_schema: Schema
    where: str
    offset: int = Field(ge=0)
    limit: int = Field(ge=1)
    output: str  # an empty folder


class Sampled(Contract):
    """A file in the output folder, and how many rows match where all were looked at."""

    kind: Literal["sampled"] = "sampled"
    part: str
    matches: int | None


class LookJob(Contract):
    """Say what a planner may know of a table."""

    kind: Literal["look"] = "look"
    inputs: tuple[str, ...]
    table_schema: Schema


class Looked(Contract):
    """The table as a planner sees it, with the most frequent values of each column."""

    kind: Literal["looked"] = "looked"
    view: TableView


class PlanJob(Contract):
    """Plan what an instruction asks for, or take the steps that are given, and try them on the first rows."""

    kind: Literal["plan"] = "plan"
    inputs: tuple[str, ...]
    table_schema: Schema
    output: str  # an empty folder
    instruction: str | None = None
    steps: tuple[Step, ...] = ()
    keys: dict[str, str] = Field(default_factory=dict, repr=False)  # secrets of the workspace by name, in hex


class Asked(Contract):
    """What has to be answered before there can be a plan."""

    text: str
    kind: str
    choices: tuple[str, ...] = ()


class Planned(Contract):
    """Steps with what they would do, or a question."""

    kind: Literal["planned"] = "planned"
    question: Asked | None = None
    steps: tuple[Step, ...] = ()
    english: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    table_schema: Schema | None = None
    rows: int = 0
    exact: bool = True  # false: estimated from the first rows
    before: tuple[dict[str, Any], ...] = ()
    after: tuple[dict[str, Any], ...] = ()


class DifferJob(Contract):
    """Run two recipes over the same Parquet files and say what differs between what comes out."""

    kind: Literal["differ"] = "differ"
    inputs: tuple[str, ...]
    table_schema: Schema
    left: tuple[JobModule, ...]
    right: tuple[JobModule, ...]
    keys: tuple[str, ...] | None = None
    output: str  # an empty folder
    part_rows: int = Field(default=500_000, ge=1)
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)  # of the workspace by name, in hex


class Part(Contract):
    """A file in the output folder and its columns."""

    file: str
    table_schema: Schema


class Differed(Contract):
    """The difference, and the rows that differ."""

    kind: Literal["differed"] = "differed"
    left: Applied
    right: Applied
    difference: DataDifference
    only_left: Part | None = None
    only_right: Part | None = None
    changed: Part | None = None


class ReplayJob(Contract):
    """Try a module on Parquet files; with a base, on what the inverse makes of them, against what the base makes."""

    kind: Literal["replay"] = "replay"
    dataset: DatasetRef  # that the files are of
    at: str = ""
    share: float = 1.0
    inputs: tuple[str, ...]
    table_schema: Schema
    candidate: JobModule
    prelude: JobModule  # the first steps of the candidate: those that adapt
    base: JobModule | None = None
    inverse: JobModule
    keys: tuple[str, ...] = ()
    output: str  # an empty folder
    part_rows: int = Field(default=500_000, ge=1)
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)  # of the workspace by name, in hex


class Replayed(Contract):
    """The outputs in figures, how they differ, and the first rows that do."""

    kind: Literal["replayed"] = "replayed"
    before: OutputFigures | None = None
    after: OutputFigures
    difference: DataDifference | None = None
    only_left: Part | None = None
    only_right: Part | None = None
    changed: Part | None = None


class Failed(Contract):
    """Why there is no result."""

    kind: Literal["failed"] = "failed"
    type: ErrorType
    message: str
    pointer: str = ""
    problems: tuple[Problem, ...] = ()


Job = ApplyJob | CheckJob | ProfileJob | SampleJob | DifferJob | LookJob | PlanJob | ReplayJob
Done = Applied | Checked | Profiled | Sampled | Differed | Looked | Planned | Replayed
JOBS: TypeAdapter[Job] = TypeAdapter(Annotated[Job, Field(discriminator="kind")])
ANSWERS: TypeAdapter[Done | Failed] = TypeAdapter(Annotated[Done | Failed, Field(discriminator="kind")])
