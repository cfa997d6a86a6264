"""A table in figures: each column, and the table as a whole. Values stand as text, as a person would write them."""

from typing import Literal

from pydantic import Field

from contracts.data import Contract

SemanticName = Literal[
    "email",
    "phone",
    "url",
    "ip_address",
    "uuid",
    "iban",
    "card_number",
    "social_security",
    "person_name",
    "birth_date",
    "postal_code",
    "country",
    "currency",
    "date",
    "timestamp",
    "time",
    "number",
    "percentage",
    "year",
    "boolean",
    "identifier",
    "category",
]
Estimated = Literal["distinct", "top", "quantiles", "histogram", "patterns", "duplicates", "correlations"]


class SemanticKind(Contract):
    """What a column seems to be about, and how sure that is: the share of its values that agree."""

    kind: SemanticName
    confidence: float = Field(ge=0, le=1)
    personal: bool = False  # it tells of people


class Histogram(Contract):
    """Ranges of equal width and how many values lie in each; the last one holds its upper edge, too."""

    edges: tuple[str, ...]
    counts: tuple[int, ...]


class ColumnProfile(Contract):
    """One column in figures. What is not said was not asked for, or makes no sense for the type."""

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    mean: float | None = None
    top: tuple[tuple[str, int], ...] = ()
    deviation: float | None = None  # standard, of the sample
    quantiles: tuple[tuple[float, str], ...] = ()
    histogram: Histogram | None = None
    lengths: tuple[int, int, float] | None = None  # of text: shortest, longest, mean
    patterns: tuple[tuple[str, float], ...] = ()  # shapes of text, and the share of values that have them
    semantic: SemanticKind | None = None
    estimated: tuple[Estimated, ...] = ()  # which of these figures are estimates


class Correlation(Contract):
    """How two columns of numbers go together, after Pearson."""

    left: str
    right: str
    value: float = Field(ge=-1, le=1)


class Profile(Contract):
    """A dataset in figures."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    duplicates: int | None = None  # rows that are the same as an earlier one
    key_candidates: tuple[tuple[str, ...], ...] = ()  # columns that tell all rows apart
    correlations: tuple[Correlation, ...] = ()  # the strongest first
    estimated: tuple[Estimated, ...] = ()
    reduced: bool = False  # the table is so wide that details of columns were left out
