"""What a child is asked to do and what it answers, as they cross the border between the two processes."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from contracts.activities import Problem, Profile, StepBooks
from contracts.data import Contract, Schema
from contracts.recipe import Recipe
from contracts.runs import ErrorType


class JobModule(Contract):
    """One recipe of a sequence: its name for the books, and what goes before the JSON pointers of its problems."""

    name: str
    recipe: Recipe
    pointer: str = ""


class ApplyJob(Contract):
    """Run recipes in sequence over Parquet files of one schema."""

    kind: Literal["apply"] = "apply"
    inputs: tuple[str, ...]
    table_schema: Schema
    modules: tuple[JobModule, ...]
    output: str  # an empty folder
    part_rows: int = Field(default=500_000, ge=1)


class Applied(Contract):
    """What came out: files in the output folder, and the books."""

    kind: Literal["applied"] = "applied"
    parts: tuple[str, ...]
    rows: int
    table_schema: Schema
    books: tuple[StepBooks, ...]
    needed: Schema  # the columns of the input that the recipes demand
    quarantined: int = 0
    quarantine_parts: tuple[str, ...] = ()
    quarantine_sample: str = ""


class ProfileJob(Contract):
    """Describe Parquet files of one schema column by column."""

    kind: Literal["profile"] = "profile"
    inputs: tuple[str, ...]
    table_schema: Schema


class Profiled(Contract):
    """The figures."""

    kind: Literal["profiled"] = "profiled"
    profile: Profile


class Failed(Contract):
    """Why there is no result."""

    kind: Literal["failed"] = "failed"
    type: ErrorType
    message: str
    pointer: str = ""
    problems: tuple[Problem, ...] = ()


Job = Annotated[ApplyJob | ProfileJob, Field(discriminator="kind")]
Answer = Annotated[Applied | Profiled | Failed, Field(discriminator="kind")]
JOBS: TypeAdapter[ApplyJob | ProfileJob] = TypeAdapter(Job)
ANSWERS: TypeAdapter[Applied | Profiled | Failed] = TypeAdapter(Answer)
