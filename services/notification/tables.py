"""The tables of notification: the event log of each workspace, its rules, and the deliveries they led to."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, Identity, Integer, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData(schema="notification")

event_log = Table(
    "event_log",
    metadata,
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("event_id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("run_id", Uuid),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("payload", JSON, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("where", JSON, nullable=False),
    Column("channel", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("secret", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("rule_id", Uuid, nullable=False),
    Column("rule", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("run_id", Uuid),
    Column("channel", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("leased_until", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)
