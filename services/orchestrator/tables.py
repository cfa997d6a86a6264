"""The tables of orchestrator: workflow definitions, triggers and their receipts, runs and their steps."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData(schema="orchestrator")

# Documents are `json`, not `jsonb`: nothing looks inside them, and a definition keeps the order it was written in.
workflows = Table(
    "workflows",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("current_version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("workflow_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid, nullable=False),
)

triggers = Table(
    "triggers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("workflow_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary),
    Column("previous_until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

trigger_receipts = Table(
    "trigger_receipts",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("dedupe_key", Text, primary_key=True),
    Column("run_id", Uuid),
    Column("body_hash", LargeBinary),
    Column("version_id", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("workflow_id", Uuid, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("workflow_version", Integer, nullable=False),
    Column("trigger_kind", Text, nullable=False),
    Column("trigger_id", Uuid),
    Column("requested_window", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("books", JSON(none_as_null=True)),
    Column("step_books", JSON(none_as_null=True)),
    Column("modules", JSON(none_as_null=True)),
    Column("chains", JSON(none_as_null=True)),
    Column("inputs", JSON(none_as_null=True)),
    Column("error_code", Text),
    Column("message", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("checked_at", DateTime(timezone=True)),
    Column("cancel_requested_at", DateTime(timezone=True)),
    Column("cancel_requested_by", Uuid),
    Column("undoes", Uuid),
    Column("dry_run", Boolean, nullable=False),
    Column("requested_by", Uuid),
    Column("undone_by", Uuid),
    Column("draft", JSON(none_as_null=True)),
    Column("past", JSON(none_as_null=True)),
    Column("rehearsed", JSON(none_as_null=True)),
)

run_steps = Table(
    "run_steps",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("rows", BigInteger),
    Column("bytes", BigInteger),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("detail", Text, nullable=False),
    Column("review_id", Uuid),
)
