"""What people asked of sessions, and what was planned for it."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import tenant_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("node_id", sa.Uuid, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("planner", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("applied_node_id", sa.Uuid),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("planner IN ('rules', 'model')", name="messages_planner"),
        sa.CheckConstraint("outcome IN ('plan', 'question', 'refusal')", name="messages_outcome"),
        sa.CheckConstraint("applied_node_id IS NULL OR outcome = 'plan'", name="messages_applied"),
        sa.ForeignKeyConstraint(["tenant", "session_id"], ["sessions.tenant", "sessions.id"], name="messages_session"),
        sa.ForeignKeyConstraint(["session_id", "node_id"], ["nodes.session_id", "nodes.id"], name="messages_node"),
    )
    op.create_index("messages_in_order", "messages", ["tenant", "session_id", "id"])
    op.create_index("messages_lately", "messages", ["tenant", "created_at"])
    tenant_table("messages")
