"""The event log, rules and deliveries."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import chassis_tables, system_access, tenant_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    chassis_tables()
    op.create_table(
        "event_log",
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("run_id", sa.Uuid),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
    )
    op.create_index("event_log_position", "event_log", ["tenant", "position"], unique=True)
    op.create_index("event_log_run", "event_log", ["tenant", "run_id", "position"])
    op.create_index("event_log_time", "event_log", ["time"], postgresql_using="brin")
    tenant_table("event_log")
    system_access("event_log", "select", "delete")

    op.create_table(
        "rules",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("where", sa.JSON, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.UniqueConstraint("tenant", "name", name="rules_name"),
        sa.CheckConstraint("channel IN ('log', 'webhook')", name="rules_channel"),
        sa.CheckConstraint("(channel = 'webhook') = (secret IS NOT NULL)", name="rules_secret"),
    )
    tenant_table("rules")
    system_access("rules", "select")

    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("run_id", sa.Uuid),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'undelivered')", name="deliveries_state"),
    )
    op.create_index("deliveries_due", "deliveries", ["target", "due_at"], postgresql_where=sa.text("state = 'pending'"))
    op.create_index("deliveries_newest", "deliveries", ["tenant", "created_at", "id"])
    op.create_index("deliveries_ended", "deliveries", ["ended_at"], postgresql_where=sa.text("state <> 'pending'"))
    tenant_table("deliveries")
    system_access("deliveries", "select", "update", "delete")
