"""What the API of connector takes and gives: explicit models, secrets only ever on the way in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.data import FormatFacts, Schema
from contracts.workflow import Name
from services.chassis.rows import plain
from services.connector.kinds.base import Kind
from services.connector.kinds.upload import UPLOADS
from services.connector.service.looking import Checked, Previewed
from services.connector.service.uploads import Uploaded
from services.connector.sources.base import Discovered

Json = dict[str, Any]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ConnectionRequest(_Given):
    """A new connection."""

    name: Name
    kind: str = Field(max_length=50, description="One of GET /api/connectors")
    settings: Json
    secrets: Json = Field(default_factory=dict, description="Sealed on arrival; never given out again")


class ConnectionChange(_Given):
    """What changes; what is not named stays. Null takes an optional value away."""

    settings: Json | None = None
    secrets: Json | None = None


class TestRequest(_Given):
    """A connection to try without keeping it."""

    kind: str = Field(max_length=50)
    settings: Json
    secrets: Json = Field(default_factory=dict)


class DiscoverRequest(_Given):
    """Where to look."""

    prefix: str = Field(default="", max_length=1_024, description="Beginning of a key, or of schema.table")
    limit: int = Field(default=1_000, ge=1, le=1_000)


class PreviewRequest(_Given):
    """What to look at."""

    selection: Json
    limit: int = Field(default=50, ge=1, le=500)


class SecretView(BaseModel):
    """That there is a secret, and since when."""

    has_value: bool
    changed_at: datetime | None


class ConnectionView(BaseModel):
    """A connection without its secrets."""

    id: UUID
    name: str
    kind: str
    settings: Json
    secrets: dict[str, SecretView]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Mapping[Any, Any], secrets: Sequence[Mapping[Any, Any]], kind: Kind) -> "ConnectionView":
        """The view of a row."""
        there = {secret["field"]: secret["changed_at"] for secret in secrets}
        return cls(
            id=row["id"],
            name=row["name"],
            kind=row["kind"],
            settings=row["settings"],
            secrets={
                name: SecretView(has_value=name in there, changed_at=there.get(name)) for name in kind.secret_names
            },
            version=row["version"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )


class KindView(BaseModel):
    """A connection kind: what it can do, and its documents as JSON Schemas."""

    kind: str
    title: str
    source: bool
    destination: bool
    reads: str
    formats: list[str]
    write_modes: list[str]
    incremental: bool
    uploads: bool
    settings_schema: Json
    secrets_schema: Json
    selection_schema: Json
    target_schema: Json

    @classmethod
    def of(cls, kind: Kind) -> "KindView":
        """The view of a kind."""
        can = kind.capabilities
        return cls(
            kind=kind.name,
            title=kind.title,
            source=can.source,
            destination=can.destination,
            reads=can.reads,
            formats=list(can.formats),
            write_modes=list(can.write_modes),
            incremental=can.incremental,
            uploads=can.uploads,
            settings_schema=kind.settings.model_json_schema(by_alias=True),
            secrets_schema=kind.secrets.model_json_schema(by_alias=True),
            selection_schema=kind.selection.model_json_schema(by_alias=True),
            target_schema=kind.target.model_json_schema(by_alias=True),
        )


class CheckView(BaseModel):
    """How a test went. `code`: ok, dns, refused, tls, auth, permission, timeout or not_found."""

    ok: bool
    code: str
    message: str
    milliseconds: int

    @classmethod
    def of(cls, checked: Checked) -> "CheckView":
        """The view of a test."""
        return cls(ok=checked.ok, code=checked.reason, message=checked.message, milliseconds=checked.milliseconds)


class StreamColumnView(BaseModel):
    """A column: the type it is read as, and the type its own system declares."""

    name: str
    type: str
    declared: str
    nullable: bool


class StreamSchemaView(BaseModel):
    """The columns of a table."""

    columns: list[StreamColumnView]


class StreamView(BaseModel):
    """Something that can be read, and the selection that means it."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    selection: Json
    table_schema: StreamSchemaView | None = Field(default=None, alias="schema")
    keys: list[list[str]]
    size: int | None
    modified_at: datetime | None


class DiscoverView(BaseModel):
    """What there is."""

    streams: list[StreamView]
    more: bool

    @classmethod
    def of(cls, found: Discovered) -> "DiscoverView":
        """The view of a discovery."""
        streams = []
        for stream in found.streams:
            columns = None
            if stream.columns is not None:
                columns = StreamSchemaView(
                    columns=[
                        StreamColumnView(name=c.name, type=c.type, declared=c.declared, nullable=c.nullable)
                        for c in stream.columns
                    ]
                )
            streams.append(
                StreamView(
                    name=stream.name,
                    selection=stream.selection,
                    table_schema=columns,
                    keys=[list(key) for key in stream.keys],
                    size=stream.size,
                    modified_at=stream.modified_at,
                )
            )
        return cls(streams=streams, more=found.more)


class PreviewView(BaseModel):
    """The first rows, by column name; what JSON has no form for is text."""

    model_config = ConfigDict(populate_by_name=True)

    table_schema: Schema = Field(alias="schema")
    rows: list[Json]
    facts: FormatFacts
    object: str | None
    whole: bool
    rejected: int

    @classmethod
    def of(cls, found: Previewed) -> "PreviewView":
        """The view of a preview."""
        return cls(
            table_schema=found.schema,
            rows=[{name: plain(value, None) for name, value in row.items()} for row in found.rows],
            facts=found.facts,
            object=found.object,
            whole=found.whole,
            rejected=found.rejected,
        )


class FileView(BaseModel):
    """A file in a bucket."""

    key: str
    size: int
    etag: str
    modified_at: datetime


class UploadView(BaseModel):
    """A file that was put into a bucket."""

    bucket: str
    key: str
    etag: str
    size: int
    version_id: str | None


class UploadedView(BaseModel):
    """A file that was sent, and how a session, a trial or a workflow names it."""

    upload: str
    name: str
    size: int
    sha256: str
    connection: str
    selection: Json = Field(description="What means the file; a `format` in it says how to read it")
    source: Json = Field(description="Connection and selection together, as a workflow's source has them")

    @classmethod
    def of(cls, kept: Uploaded) -> "UploadedView":
        """The view of a file that is kept."""
        return cls(**_uploaded(kept))


class KeptUploadView(UploadedView):
    """A file that was sent, by whom and when, and when it was last sent or read."""

    created_by: UUID
    created_at: datetime
    used_at: datetime = Field(description="Last sent or read by a session, a trial or a run, give or take an hour")

    @classmethod
    def of_row(cls, row: Mapping[Any, Any]) -> "KeptUploadView":
        """The view of a row."""
        when = {name: row[name] for name in ("created_by", "created_at", "used_at")}
        return cls(**_uploaded(Uploaded.of(row)), **when)


def _uploaded(kept: Uploaded) -> Json:
    return {
        "upload": kept.upload,
        "name": kept.name,
        "size": kept.size,
        "sha256": kept.sha256,
        "connection": UPLOADS,
        "selection": kept.selection,
        "source": {"connection": UPLOADS, "selection": kept.selection},
    }
