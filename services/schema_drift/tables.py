"""The tables of schema_drift: reports, the last accepted form of each stream, and quarantine entries."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, Integer, MetaData, Table, Text, Uuid

metadata = MetaData(schema="schema_drift")

# Documents are `json`, not `jsonb`: a column name from a file may hold what jsonb refuses, and nothing looks inside.
drift_reports = Table(
    "drift_reports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("run_id", Uuid, nullable=False),
    Column("workflow_id", Uuid, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("input_key", Text, nullable=False),
    Column("module", Text, nullable=False),
    Column("module_version", Integer),
    Column("module_hash", Text),
    Column("mode", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("incoming", JSON, nullable=False),
    Column("contract", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("summary", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

accepted_formats = Table(
    "accepted_formats",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("workflow_id", Uuid, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("facts", JSON, nullable=False),
    Column("run_id", Uuid, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False),
)

quarantine_entries = Table(
    "quarantine_entries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("run_id", Uuid, nullable=False),
    Column("workflow_id", Uuid, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("object", Text),
    Column("object_version", JSON),
    Column("preserved_uri", Text),
    Column("corrected_uri", Text),
    Column("corrected_bytes", BigInteger),
    Column("dataset", JSON),
    Column("rows", BigInteger, nullable=False),
    Column("sample", Text, nullable=False),
    Column("report_id", Uuid),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("released_at", DateTime(timezone=True)),
    Column("released_by", Uuid),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Uuid),
    Column("close_reason", Text),
)
