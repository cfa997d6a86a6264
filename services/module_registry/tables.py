"""The tables of module_registry: modules, their frozen versions, what uses them, and what was asked of them."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData(schema="module_registry")

modules = Table(
    "modules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", ARRAY(Text), nullable=False),
    Column("category", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("readme", Text, nullable=False),
    Column("cloned_from", JSON(none_as_null=True)),
    Column("current_version", Integer),
    Column("latest_version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("archived_at", DateTime(timezone=True)),
    Column("deleted_at", DateTime(timezone=True)),
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
    Column("input_checks", JSON(none_as_null=True)),
    Column("output_checks", JSON(none_as_null=True)),
    Column("level", Text),
    Column("semantic_version", Text),
    Column("changes", JSON(none_as_null=True)),
    Column("input_fingerprint", Text),
    Column("output_fingerprint", Text),
    Column("adapts", JSON(none_as_null=True)),
    Column("session_id", Text),
    Column("node_id", Text),
    Column("published_by", Uuid, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
)

# What may change about a version: everything but what it is.
version_states = Table(
    "version_states",
    metadata,
    Column("tenant", Uuid, nullable=False),
    Column("module_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("pinned", Boolean, nullable=False),
    Column("source", Text),
    Column("retired_at", DateTime(timezone=True)),
    Column("retired_reason", Text),
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

# By name, as workflows name them; `version` null is `current`.
workflow_uses = Table(
    "workflow_uses",
    metadata,
    Column("tenant", Uuid, nullable=False),
    Column("workflow_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("workflow", Text, nullable=False),
    Column("definition", Integer, nullable=False),
    Column("module", Text, nullable=False),
    Column("version", Integer),
)

usage_days = Table(
    "usage_days",
    metadata,
    Column("tenant", Uuid, nullable=False),
    Column("module_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("runs", BigInteger, nullable=False),
    Column("succeeded", BigInteger, nullable=False),
    Column("partial", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("cancelled", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_loaded", BigInteger, nullable=False),
    Column("rows_quarantined", BigInteger, nullable=False),
    Column("last_run_at", DateTime(timezone=True), nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
)

# Comparisons on data, and trials: what was asked, and what came of it.
questions = Table(
    "questions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("result", JSON(none_as_null=True)),
    Column("code", Text),
    Column("message", Text),
    Column("requested_by", Uuid, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
)
