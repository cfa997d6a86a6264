"""Sessions and their nodes."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import chassis_tables, tenant_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    chassis_tables()
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("selection", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("current_node_id", sa.Uuid),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('opening', 'open', 'failed')", name="sessions_state"),
        sa.CheckConstraint("(state = 'open') = (current_node_id IS NOT NULL)", name="sessions_current"),
        sa.CheckConstraint("(state = 'failed') = (code IS NOT NULL)", name="sessions_reason"),
        # What a node refers to must be of the same workspace.
        sa.UniqueConstraint("tenant", "id", name="sessions_of_tenant"),
    )
    op.create_index("sessions_newest", "sessions", ["tenant", "id"])
    tenant_table("sessions")

    op.create_table(
        "nodes",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("dataset", sa.JSON, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("books", sa.JSON, nullable=False),
        sa.Column("quarantined", sa.JSON),
        sa.Column("profile", sa.JSON),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "session_id"], ["sessions.tenant", "sessions.id"], name="nodes_session"),
        sa.UniqueConstraint("session_id", "id", name="nodes_of_session"),
        sa.ForeignKeyConstraint(["session_id", "parent_id"], ["nodes.session_id", "nodes.id"], name="nodes_parent"),
    )
    op.create_index("nodes_in_order", "nodes", ["tenant", "session_id", "id"])
    # One root, however often it is attached.
    op.create_index(
        "nodes_one_root", "nodes", ["session_id"], unique=True, postgresql_where=sa.text("parent_id IS NULL")
    )
    tenant_table("nodes")
