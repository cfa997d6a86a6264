"""The tables of module_registry: modules, their frozen versions, and the decisions about which one is current."""

from sqlalchemy import JSON, Column, DateTime, Integer, MetaData, Table, Text, Uuid

metadata = MetaData(schema="module_registry")

modules = Table(
    "modules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("current_version", Integer),
    Column("latest_version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

# Documents are `json`, not `jsonb`: they come back as they were written, which is what the hash is made of.
module_versions = Table(
    "module_versions",
    metadata,
    Column("tenant", Uuid, nullable=False),
    Column("module_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content_hash", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("recipe", JSON, nullable=False),
    Column("input_contract", JSON, nullable=False),
    Column("output_contract", JSON, nullable=False),
    Column("session_id", Text),
    Column("node_id", Text),
    Column("published_by", Uuid, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
)

module_decisions = Table(
    "module_decisions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("module_id", Uuid, nullable=False),
    Column("before", Integer),
    Column("after", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Uuid, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
)
