"""What a contract says of values beyond their types: checks, and what a run does about rows that do not pass."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from contracts.data import Contract

Enforcement = Literal["documented", "warn", "quarantine", "fail"]
CheckedColumn = Annotated[str, Field(min_length=1, max_length=10_000)]
Bound = int | float | Annotated[str, Field(max_length=1_000)]
CheckedValue = bool | int | float | Annotated[str, Field(max_length=10_000)]


class CheckBase(Contract):
    """What all checks share: what a run does when a row does not pass."""

    enforcement: Enforcement = Field(
        default="documented",
        description="documented: written down, not looked at by runs. warn: counted. quarantine: the row is set "
        "aside. fail: the run stops.",
    )
    inferred: bool = Field(default=False, description="It was read off the data that the module was made with.")

    @property
    def identity(self) -> tuple[Any, ...]:
        """What it is about: two checks of the same identity are the same check, perhaps stricter or looser."""
        raise AssertionError("every kind of check says what it is about")

    @property
    def named(self) -> tuple[str, ...]:
        """The columns it looks at."""
        raise AssertionError("every kind of check says what it looks at")


class _OneColumn(CheckBase):
    column: CheckedColumn

    @property
    def identity(self) -> tuple[Any, ...]:
        return (getattr(self, "kind", ""), self.column)

    @property
    def named(self) -> tuple[str, ...]:
        return (self.column,)


class NotNullCheck(_OneColumn):
    """The column has a value in every row."""

    kind: Literal["not_null"] = "not_null"


class UniqueCheck(CheckBase):
    """No two rows have the same values in these columns; rows with a null in one of them are left alone."""

    kind: Literal["unique"] = "unique"
    columns: tuple[CheckedColumn, ...] = Field(min_length=1, max_length=100)

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.kind, *self.columns)

    @property
    def named(self) -> tuple[str, ...]:
        return self.columns


class RangeCheck(_OneColumn):
    """Values lie between the bounds, which count as inside. Bounds of dates and times are written as in ISO 8601."""

    kind: Literal["range"] = "range"
    minimum: Bound | None = None
    maximum: Bound | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a range needs a minimum or a maximum")
        return self


class AllowedCheck(_OneColumn):
    """Values are among these."""

    kind: Literal["allowed"] = "allowed"
    values: tuple[CheckedValue, ...] = Field(min_length=1, max_length=1_000)


class PatternCheck(_OneColumn):
    """Texts match this regular expression somewhere; write ^ and $ for the whole text."""

    kind: Literal["pattern"] = "pattern"
    pattern: str = Field(min_length=1, max_length=1_000)


class LengthCheck(_OneColumn):
    """Texts are so many characters long."""

    kind: Literal["length"] = "length"
    minimum: int | None = Field(default=None, ge=0)
    maximum: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a length needs a minimum or a maximum")
        return self


Check = Annotated[
    NotNullCheck | UniqueCheck | RangeCheck | AllowedCheck | PatternCheck | LengthCheck, Field(discriminator="kind")
]
Checks = Annotated[tuple[Check, ...], Field(max_length=1_000)]


class CheckOutcome(Contract):
    """How many rows did not pass a check, and what was done about them."""

    module: str
    side: Literal["input", "output"]
    check: Check
    rows: int
    failed: int
