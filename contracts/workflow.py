"""A workflow's definition: source → modules → destination, and what starts it. The YAML file and the API share it."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contracts.checks import Checks
from contracts.data import Contract, Schema
from contracts.recipe import Recipe
from contracts.steps.base import said

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]


class SourceDefinition(Contract):
    """Where rows come from: a connection by name, and what to read through it."""

    connection: Name
    selection: dict[str, Any] = Field(
        description="What to read; its shape depends on the connection's kind. For s3: bucket, path (a glob), format."
    )


class DestinationDefinition(Contract):
    """Where rows go: a connection by name, the target, and how to write."""

    connection: Name
    target: dict[str, Any] = Field(
        description="Where to write; its shape depends on the connection's kind. For postgres: schema, table."
    )
    mode: Literal["append", "replace", "upsert"] = Field(
        default="append",
        description="How to write. A destination of kind s3 takes append and replace: files are not updated by row.",
    )
    keys: tuple[str, ...] = Field(default=(), description="The columns that identify a row; needed by upsert.")

    @model_validator(mode="after")
    def _upsert_has_keys(self) -> "DestinationDefinition":
        if self.mode == "upsert" and not self.keys:
            raise ValueError("mode 'upsert' needs 'keys': the columns that identify a row")
        return self


class ModuleUse(Contract):
    """A module and the version to use: a number, or `current`, which moves only by a recorded decision."""

    name: Name
    version: Annotated[int, Field(ge=1)] | Literal["current"] = "current"


class S3EventTrigger(Contract):
    """Start a run for each new object version: by signed S3 event notifications, by listing, or both."""

    kind: Literal["s3_event"] = "s3_event"
    name: Name
    watch: bool = Field(default=True, description="List the bucket as well, for stores that send no notifications.")
    interval_seconds: float = Field(default=2.0, ge=0.5, le=3600)
    enabled: bool = True


class WebhookTrigger(Contract):
    """Start a run for each signed webhook (Standard Webhooks) that arrives at the trigger's address."""

    kind: Literal["webhook"] = "webhook"
    name: Name
    enabled: bool = True


Trigger = Annotated[S3EventTrigger | WebhookTrigger, Field(discriminator="kind")]


ColumnClass = Literal["key", "money", "personal", "plain"]
ChangeKind = Literal[
    "renamed", "type_changed", "format_changed", "removed", "duplicate_name", "file_changed", "added", "reordered"
]
Ruling = Literal["auto", "auto_after", "ask", "quarantine", "refuse"]
DriftMode = Literal["strict", "warn", "evolve", "freeze", "discard_row", "discard_value"]


class DriftPolicy(Contract):
    """What happens when the incoming schema is not what the first module expects."""

    mode: DriftMode = Field(
        default="evolve",
        json_schema_extra={"x-grows": True},
        description="evolve: what the module cannot absorb is adapted to, once it is proven. strict: any difference "
        "sets the file aside. warn: only differences that the module cannot absorb do; added or reordered columns are "
        "reported and ignored. freeze: these make the run fail. discard_row: as evolve, and rows that do not fit are "
        "set aside. discard_value: as evolve, and values that do not fit become null.",
    )
    key: tuple[str, ...] = Field(
        default=(), max_length=500, description="Columns that identify rows, beside the keys of the destination."
    )
    money: tuple[str, ...] = Field(default=(), max_length=500, description="Amounts, beside those named like one.")
    personal: tuple[str, ...] = Field(
        default=(), max_length=500, description="Personal data, beside what is named or looks like it."
    )
    plain: tuple[str, ...] = Field(
        default=(), max_length=500, description="Columns that are none of these, whatever they are named."
    )
    rulings: dict[ColumnClass, dict[ChangeKind, Ruling]] = Field(
        default_factory=dict,
        description="What becomes of a proven change of such a column, where it is not the default: auto for plain "
        "ones, ask for all others. What is not proven is always asked about, or refused.",
    )
    model: Literal["off", "figures", "values"] = Field(
        default="off",
        exclude_if=said("off"),
        description="Whether a model may propose steps where the rules know no way or a doubtful one, and what it is "
        "shown: names, types and figures, or some values as well. A person decides about what it proposes.",
    )
    unlike: Literal["ask", "quarantine"] = Field(
        default="ask",
        description="What becomes of a proposal that all checks of the proof let pass but the one of distributions: a "
        "person is asked, with the numbers, or what came waits in quarantine.",
    )
    wait_seconds: float = Field(default=259_200, ge=1, le=7_776_000, description="How long a question waits: 72 hours.")
    veto_seconds: float = Field(
        default=3_600, ge=1, le=7_776_000, description="How long a person may stop what else happens by itself."
    )
    on_timeout: Literal["quarantine", "refuse"] = Field(
        default="quarantine", description="What silence means: the files wait in quarantine, or the run fails."
    )


class WorkflowDefinition(Contract):
    """One workflow, whole."""

    name: Name
    description: str = Field(default="", max_length=2_000)
    source: SourceDefinition
    modules: tuple[ModuleUse, ...] = Field(default=(), max_length=50)
    destination: DestinationDefinition
    triggers: tuple[Trigger, ...] = Field(default=(), max_length=20)
    drift: DriftPolicy = DriftPolicy()

    @model_validator(mode="after")
    def _trigger_names_are_unique(self) -> "WorkflowDefinition":
        names = [trigger.name for trigger in self.triggers]
        if len(set(names)) != len(names):
            raise ValueError("two triggers have the same name")
        return self


Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*$", max_length=63)]


class ModuleDetails(Contract):
    """What people find a module by. What is left out stays as it is."""

    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] | None = None
    category: Annotated[str, Field(max_length=100)] | None = None
    owner: Annotated[str, Field(max_length=200)] | None = None
    readme: Annotated[str, Field(max_length=100_000, description="Markdown.")] | None = None


class ModuleDraft(Contract):
    """What a module version is made of, before it has a number."""

    name: Name
    description: str = Field(default="", max_length=2_000)
    recipe: Recipe
    input_contract: Schema
    output_contract: Schema
    input_checks: Checks = ()
    output_checks: Checks = ()
    details: ModuleDetails | None = None
    session_id: str | None = None
    node_id: str | None = None


class ModuleVersionRef(Contract):
    """A frozen version of a module: its number for people, its hash for machines."""

    module_id: str
    name: str
    version: int
    content_hash: str


class ResolvedModule(Contract):
    """A module version with all that is needed to run it."""

    ref: ModuleVersionRef
    recipe: Recipe
    input_contract: Schema
    output_contract: Schema
    input_checks: Checks = ()
    output_checks: Checks = ()
