"""The tables of transform: sessions, nodes, long work, what was computed once, and secrets to hash with."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, Float, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData(schema="transform")

# Documents are `json`, not `jsonb`: a column name from a file may hold what jsonb refuses, and nothing looks inside.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("connection", Text, nullable=False),
    Column("selection", JSON, nullable=False),
    Column("name", Text),
    Column("facts", JSON),  # what was found out about the files on the way
    Column("state", Text, nullable=False),
    Column("current_node_id", Uuid),
    Column("code", Text),
    Column("message", Text),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("archived_at", DateTime(timezone=True)),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("name", Text),
    Column("reason", Text),
    Column("replay_of", Uuid),  # the node whose steps were repeated after an earlier one had changed
    Column("steps", JSON, nullable=False),  # its own
    Column("recipe", JSON, nullable=False),  # all steps from the root
    Column("dataset", JSON, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("books", JSON, nullable=False),
    Column("quarantined", JSON),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

results = Table(
    "results",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),  # of the input's content, the steps and the engine
    Column("dataset", JSON, nullable=False),
    Column("books", JSON, nullable=False),
    Column("quarantined", JSON),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

profiles = Table(
    "profiles",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("dataset_id", Text, primary_key=True),
    Column("profile", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("progress", Float, nullable=False),
    Column("doing", Text),
    Column("request", JSON, nullable=False),
    Column("node_id", Uuid),
    Column("result", JSON),
    Column("code", Text),
    Column("message", Text),
    Column("errors", JSON),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
)

mask_keys = Table(
    "mask_keys",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

asked_by_runs = Table(
    "asked_by_runs",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("answer", JSON, nullable=False),
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
    Column("task_id", Uuid),  # that carries the plan out, where it takes long
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
