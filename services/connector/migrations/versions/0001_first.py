"""Connections and sealed secrets, windows and the objects they hold, leases, watches and what they have seen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.chassis.migrations import chassis_tables, system_access, tenant_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    chassis_tables()
    _connections()
    _windows()
    _watches()


def _connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("settings", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("tenant", "name", name="connections_name"),
    )
    tenant_table("connections")
    op.create_table(
        "connection_secrets",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, sa.ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("connection_secrets")


def _windows() -> None:
    op.create_table(
        "windows",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("slice_of", sa.Text),
        sa.Column("lower", sa.Text),
        sa.Column("upper", sa.Text),
        sa.Column("quarantine_entry", sa.Uuid),
        sa.Column("destination", JSONB),
        sa.Column("epoch", sa.BigInteger),
        sa.Column("parts", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("rows", sa.BigInteger),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("tenant", "run_id", "stream", name="windows_run"),
        sa.CheckConstraint("state IN ('claimed', 'pushing', 'committed', 'released')", name="windows_state"),
    )
    op.create_index(
        "windows_open",
        "windows",
        ["tenant", "workflow_id", "stream"],
        postgresql_where=sa.text("state IN ('claimed', 'pushing')"),
    )
    op.create_index(
        "windows_upper",
        "windows",
        ["tenant", "workflow_id", "stream", "closed_at"],
        postgresql_where=sa.text("state = 'committed' AND upper IS NOT NULL"),
    )
    tenant_table("windows")
    op.create_table(
        "window_objects",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("window_id", sa.Uuid, sa.ForeignKey("windows.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("bucket", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("etag", sa.Text, primary_key=True),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("version_id", sa.Text),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
    )
    op.create_index(
        "window_objects_held",
        "window_objects",
        ["tenant", "workflow_id", "stream", "bucket", "key", "etag"],
        unique=True,
        postgresql_where=sa.text("held"),
    )
    tenant_table("window_objects")
    op.create_table(
        "leases",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("workflow_id", sa.Uuid, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("leases")


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("trigger_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("pattern", sa.Text, nullable=False),
        sa.Column("interval_seconds", sa.Float, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("baseline_at", sa.DateTime(timezone=True)),
        sa.Column("configured_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("watches")
    system_access("watches", "select")
    op.create_table(
        "seen_objects",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("trigger_id", sa.Uuid, sa.ForeignKey("watches.trigger_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("identity", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("seen_objects")
