"""Names, reasons and facts; results that need no second job, profiles by dataset, long work, put-away sessions."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import tenant_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Widen the tables, and make the new ones."""
    op.add_column("sessions", sa.Column("name", sa.Text))
    op.add_column("sessions", sa.Column("facts", sa.JSON))
    op.add_column("sessions", sa.Column("archived_at", sa.DateTime(timezone=True)))
    op.create_index("sessions_in_use", "sessions", ["tenant", "id"], postgresql_where=sa.text("archived_at IS NULL"))

    op.add_column("nodes", sa.Column("name", sa.Text))
    op.add_column("nodes", sa.Column("reason", sa.Text))
    op.add_column("nodes", sa.Column("replay_of", sa.Uuid))
    op.create_index(
        "nodes_named", "nodes", ["session_id", "name"], unique=True, postgresql_where=sa.text("name IS NOT NULL")
    )
    # Figures belong to data, and several nodes may hold the same.
    op.drop_column("nodes", "profile")

    op.create_table(
        "results",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("dataset", sa.JSON, nullable=False),
        sa.Column("books", sa.JSON, nullable=False),
        sa.Column("quarantined", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key"),
    )
    tenant_table("results")

    op.create_table(
        "profiles",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("dataset_id", sa.Text, nullable=False),
        sa.Column("profile", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "dataset_id"),
    )
    tenant_table("profiles")

    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("doing", sa.Text),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("node_id", sa.Uuid),
        sa.Column("result", sa.JSON),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("errors", sa.JSON),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["tenant", "session_id"], ["sessions.tenant", "sessions.id"], name="tasks_session"),
        sa.CheckConstraint("state IN ('pending', 'running', 'done', 'failed')", name="tasks_state"),
        sa.CheckConstraint("(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="tasks_end"),
        sa.CheckConstraint("(state = 'failed') = (code IS NOT NULL)", name="tasks_reason"),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name="tasks_progress"),
    )
    op.create_index("tasks_in_order", "tasks", ["tenant", "session_id", "id"])
    tenant_table("tasks")
