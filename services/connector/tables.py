"""The tables of connector: connections with sealed secrets, uploads, windows, leases, and what watches have seen."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(schema="connector")

connections = Table(
    "connections",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

connection_secrets = Table(
    "connection_secrets",
    metadata,
    Column("tenant", Uuid, nullable=False),
    Column("connection_id", Uuid, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

# Where the bytes are, the digest says; one content may have been sent under several names.
uploads = Table(
    "uploads",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("id", Uuid, nullable=False),  # in the order of time, for lists
    Column("size", BigInteger, nullable=False),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False),  # last sent or read
)

# state: claimed → pushing → committed, or released on the way.
windows = Table(
    "windows",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("workflow_id", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    Column("run_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("slice_of", Text),  # what a cursor's values belong to: connection, table and column
    Column("lower", Text),
    Column("upper", Text),
    Column("quarantine_entry", Uuid),
    Column("destination", JSONB),  # where a push went, so that somebody else can ask there
    Column("epoch", BigInteger),
    Column("parts", ARRAY(Text), nullable=False),
    Column("rows", BigInteger),
    Column("claimed_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
)

# A held object version belongs to one window of its workflow; the index `window_objects_held` sees to it.
window_objects = Table(
    "window_objects",
    metadata,
    Column("tenant", Uuid, nullable=False),
    Column("window_id", Uuid, primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("etag", Text, primary_key=True),
    Column("workflow_id", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    Column("version_id", Text),
    Column("size", BigInteger, nullable=False),
    Column("held", Boolean, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("tenant", Uuid, primary_key=True),
    Column("workflow_id", Uuid, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

watches = Table(
    "watches",
    metadata,
    Column("trigger_id", Uuid, primary_key=True),
    Column("tenant", Uuid, nullable=False),
    Column("workflow_id", Uuid, nullable=False),
    Column("connection", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("pattern", Text, nullable=False),
    Column("interval_seconds", Float, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),  # what is older was there before
    Column("baseline_at", DateTime(timezone=True)),  # None: not listed yet
    Column("configured_at", DateTime(timezone=True), nullable=False),
)

seen_objects = Table(
    "seen_objects",
    metadata,
    Column("tenant", Uuid, nullable=False),
    Column("trigger_id", Uuid, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)
