"""How a module is made to fit what came: the proposal, the figures of its proof, and who decided what about it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.data import Contract, DatasetRef, LogicalType, Schema
from contracts.differences import DataDifference, DifferenceRows
from contracts.recipe import (
    Cast,
    ConvertUnit,
    ConvertZone,
    Drop,
    FillNull,
    JoinColumns,
    ParseDate,
    ParseNumber,
    Recipe,
    Rename,
    Replace,
    Split,
)
from contracts.workflow import ModuleDraft, ModuleVersionRef, Ruling

THE_PLATFORM = UUID(int=0)  # who did it, where no person did

Origin = Literal["built", "remembered", "model", "person"]


class Proposal(Contract):
    """A candidate version: what came is first brought into the old shape, and then goes through the old steps."""

    proposal_id: UUID
    base: ModuleVersionRef = Field(description="The version that it is made of.")
    candidate: ModuleDraft = Field(description="The steps that adapt, then those of the base.")
    prelude: Recipe = Field(description="The steps that adapt, alone.")
    inverse: Recipe = Field(description="Brings a past input into the shape of what came, for the replay.")
    origin: Origin
    mapping: dict[str, str] = Field(default_factory=dict, description="Needed column → the one that carries it.")


# What a model may propose: steps that go row by row, and that there is a way back from.
PreludeStep = Annotated[
    Rename
    | Cast
    | ParseNumber
    | ParseDate
    | FillNull
    | Drop
    | Replace
    | Split
    | JoinColumns
    | ConvertUnit
    | ConvertZone,
    Field(discriminator="kind"),
]
MOST_PROPOSED = 30  # steps of a model


class ShownColumn(Contract):
    """A column as a model is shown it: in figures that tell no value, unless the workflow lets values be shown."""

    name: str
    type: LogicalType
    empty: float | None = Field(default=None, description="The share of rows without a value.")
    distinct: int | None = None
    shapes: tuple[str, ...] = Field(
        default=(), description="The most frequent shapes of its texts, letters as `a` and digits as `9`."
    )
    values: tuple[str, ...] = Field(default=(), description="The most frequent values, where they may be shown.")


class PreludeQuestion(Contract):
    """What a model is asked: steps that bring what came into the shape that is needed."""

    needed: tuple[ShownColumn, ...]
    came: tuple[ShownColumn, ...]
    changes: tuple[str, ...] = Field(default=(), description="What was found, a sentence each.")


class Consumer(Contract):
    """A workflow that reads what this one writes, and the columns that it needs."""

    workflow: str
    needs: Schema


class PastInput(Contract):
    """Rows that an earlier run gave to the module, and when."""

    run_id: UUID
    dataset: DatasetRef
    at: str = Field(description="When the run started, ISO 8601: seasons are told apart by it.")


class ColumnFigures(Contract):
    """An output column in figures, for the comparison of one delivery with those before it."""

    column: str
    rows: int
    nulls: int
    distinct: int | None = Field(default=None, description="An estimate where there are many.")
    mean: float | None = Field(default=None, description="Of a text: of its length. Of a moment: in days.")
    quantiles: tuple[float, ...] = Field(default=(), description="At 0, 5, 25, 50, 75, 95 and 100 percent.")
    shares: dict[str, float] = Field(default_factory=dict, description="The most frequent values and their shares.")


class OutputFigures(Contract):
    """What a version made of one input, in figures; numbers alone, so that the proof can be judged again."""

    input: DatasetRef
    at: str = ""
    share: float = Field(default=1.0, description="Of the input's parts, those that were looked at.")
    refused: str = Field(default="", description="Why nothing came out, where the steps could not be run.")
    output_schema: Schema
    rows_in: int
    rows_out: int
    unaccounted: int = Field(
        description="Rows that the books of the steps do not name, and those that the prelude left out or made: it may "
        "set rows aside, with a record, and nothing else."
    )
    quarantined: int
    failed_checks: tuple[str, ...] = ()
    repeated_keys: int = 0
    lost_values: dict[str, int] = Field(
        default_factory=dict, description="Input column → values that the prelude could not carry over."
    )
    columns: tuple[ColumnFigures, ...] = ()


class Replay(Contract):
    """A past input through the old version, and, carried through the inverse change, through the candidate."""

    input: DatasetRef
    at: str
    before: OutputFigures
    after: OutputFigures
    difference: DataDifference
    rows: DifferenceRows = Field(default=DifferenceRows(), description="The first of the rows that differ.")


class Evidence(Contract):
    """Everything that a proof is judged by; the judgement is a pure function of it."""

    replays: tuple[Replay, ...]
    incoming: OutputFigures
    consumers: tuple[Consumer, ...] = ()


class ProofCheck(Contract):
    """One check with its numbers."""

    name: Annotated[str, Field(max_length=63)]
    passed: bool
    detail: str
    figures: dict[str, float] = Field(default_factory=dict)


class Proof(Contract):
    """The verdict on a proposal, and what it stands on."""

    verdict: Literal["proven", "unproven", "refuted"]
    checks: tuple[ProofCheck, ...]
    history: int = Field(ge=0, description="Past inputs that were replayed.")


class Judged(Contract):
    """What the policy makes of a proposal and its proof."""

    ruling: Ruling
    proof_id: UUID
    review_id: UUID | None = Field(default=None, description="Where a person decides, or may veto.")
    wait_seconds: float = Field(default=0, description="How long to wait for a person before `on_timeout` holds.")
    summary: str = ""
    advice: str = ""


class ReviewOutcome(Contract):
    """How a review ended; an edit brings another proposal, that a person stands behind."""

    outcome: Literal["approved", "rejected", "edited", "expired"]
    proposal: Proposal | None = None
    decided_by: UUID | None = None
    reason: str = ""
