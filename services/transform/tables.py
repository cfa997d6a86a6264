"""The tables of transform: sessions, their nodes, and the secrets that values are hashed with."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData(schema="transform")

# Documents are `json`, not `jsonb`: a column name from a file may hold what jsonb refuses, and nothing looks inside.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("connection", Text, nullable=False),
    Column("selection", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("current_node_id", Uuid),
    Column("code", Text),
    Column("message", Text),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("steps", JSON, nullable=False),  # its own
    Column("recipe", JSON, nullable=False),  # all steps from the root
    Column("dataset", JSON, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("books", JSON, nullable=False),
    Column("quarantined", JSON),
    Column("profile", JSON),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

mask_keys = Table(
    "mask_keys",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("node_id", Uuid, nullable=False),  # what it is about
    Column("text", Text, nullable=False),
    Column("planner", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # plan, question or refusal
    Column("answer", JSON, nullable=False),
    Column("applied_node_id", Uuid),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
