"""Tables as they cross a process border: a schema, its fingerprint, and references to immutable datasets."""

import hashlib
import json
from enum import StrEnum
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Contract(BaseModel):
    """Base of everything that crosses a border: frozen, and closed against misspelled fields when written."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class LogicalType(StrEnum):
    """The column types every source, step and destination agrees on."""

    BOOLEAN = "boolean"
    INTEGER = "integer"  # 64 bit, signed
    FLOAT = "float"  # 64 bit
    DECIMAL = "decimal"  # 38 digits, 9 of them after the point
    STRING = "string"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"  # microseconds, no zone
    TIMESTAMP_TZ = "timestamp_tz"  # microseconds, UTC
    BINARY = "binary"

    def widens(self, into: "LogicalType") -> bool:
        """Whether every value of this type has a place in the other one, to which a module's contract converts it."""
        return (self, into) in _WIDENING


NUMBERS = frozenset({LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DECIMAL})
MOMENTS = frozenset({LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ})
_WIDENING = frozenset(
    {
        (LogicalType.INTEGER, LogicalType.FLOAT),
        (LogicalType.INTEGER, LogicalType.DECIMAL),
        (LogicalType.DATE, LogicalType.TIMESTAMP),
    }
)


class Column(Contract):
    """One column: its name, its logical type, and whether it may be null."""

    name: str = Field(min_length=1, max_length=10_000)
    type: LogicalType
    nullable: bool = True


class Schema(Contract):
    """An ordered list of columns with unique names."""

    columns: tuple[Column, ...] = Field(max_length=16_384)

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Schema":
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"column {twice!r} appears more than once")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of names and types in order; nullability is a property of data, not of shape, and stays out."""
        shape = [[column.name, column.type.value] for column in self.columns]
        text = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class DatasetRef(Contract):
    """A pointer to an immutable table: Parquet parts and a manifest in the platform's object store.

    `id` is derived from the content, so the same rows in the same order and parts have the same id.
    """

    id: str
    uri: str  # of the manifest
    table_schema: Schema
    fingerprint: str
    content_hash: str  # SHA-256 over the parts' own SHA-256 sums, in order
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)


class ObjectVersion(Contract):
    """One version of one object in a bucket: the unit that a file trigger names and a window claims."""

    bucket: str
    key: str
    etag: str
    size: int = Field(ge=0)
    version_id: str | None = None

    @property
    def identity(self) -> str:
        """Bucket, key and version (or ETag): the same content at the same place is the same object version."""
        return f"{self.bucket}/{self.key}#{self.version_id or self.etag}"


class FormatQuestion(Contract):
    """What nobody but a person can know about a file; until it is answered, the column stays text."""

    column: str
    text: str
    choices: dict[str, str]  # what to put into the format's `columns` for it → what it means


class FormatFacts(Contract):
    """What a reader found out about a file on the way to a typed table; drift judges these too."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    null_markers: tuple[str, ...] = ()
    renamed_headers: dict[str, str] = Field(default_factory=dict)  # name used → name as written
    confidence: dict[str, float] = Field(
        default_factory=dict
    )  # of encoding, delimiter, quote, header and preamble: 0 to 1
    escape: str | None = None  # what stands before a quote inside a quoted value, where it is not doubled
    preamble: int = 0  # lines above the table, blank ones included
    skipped_lines: int = 0  # above the header, blank, or comments: no rows
    filled_rows: int = 0  # that had fewer values than the header has names; the others are null
    compression: tuple[str, ...] = ()  # outermost first
    member: str | None = None  # the file inside an archive
    sheet: str | None = None
    sheets: tuple[str, ...] = ()  # every visible one
    records: str | None = None  # JSON pointer to the records inside a document
    spellings: dict[str, str] = Field(default_factory=dict)  # column → how its values are written, where not plainly
    questions: tuple[FormatQuestion, ...] = ()


class RowBooks(Contract):
    """The books of a step or a run: every row read or added is accounted for exactly once."""

    read: int = Field(default=0, ge=0)
    loaded: int = Field(default=0, ge=0)
    filtered: int = Field(default=0, ge=0)
    deduplicated: int = Field(default=0, ge=0)
    quarantined: int = Field(default=0, ge=0)
    added: int = Field(default=0, ge=0, description="Rows that steps made: a join's, a list's, a gap's.")
    combined: int = Field(default=0, ge=0, description="Rows that went into the row of their group.")

    @property
    def difference(self) -> int:
        """Rows that went missing (positive) or appeared from nowhere (negative)."""
        gone = self.filtered + self.deduplicated + self.quarantined + self.combined
        return self.read + self.added - self.loaded - gone

    @property
    def balanced(self) -> bool:
        return self.difference == 0


# Rows that were set aside, as a dataset: where each stood, why, and what was written there.
SET_ASIDE_ROWS = Schema(
    columns=(
        Column(name="row", type=LogicalType.INTEGER),
        Column(name="reason", type=LogicalType.STRING),
        Column(name="column", type=LogicalType.STRING),
        Column(name="value", type=LogicalType.STRING),
        Column(name="raw", type=LogicalType.STRING),
    )
)
