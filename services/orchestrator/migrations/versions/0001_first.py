"""Workflows and their versions, triggers, receipts, runs and their steps."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import append_only, chassis_tables, system_access, tenant_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    chassis_tables()
    op.create_table(
        "workflows",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("current_version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        # A deleted workflow stays for the sake of its runs; its name is free again.
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "workflows_name", "workflows", ["tenant", "name"], unique=True, postgresql_where=sa.text("deleted_at IS NULL")
    )
    tenant_table("workflows")

    op.create_table(
        "workflow_versions",
        sa.Column("workflow_id", sa.Uuid, sa.ForeignKey("workflows.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
    )
    tenant_table("workflow_versions")
    append_only("workflow_versions")

    op.create_table(
        "triggers",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, sa.ForeignKey("workflows.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary),
        sa.Column("previous_until", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("workflow_id", "name", name="triggers_name"),
        sa.CheckConstraint("kind IN ('s3_event', 'webhook')", name="triggers_kind"),
    )
    op.create_index("triggers_tenant", "triggers", ["tenant", "id"])
    tenant_table("triggers")
    # A webhook comes without a tenant: the trigger in its address says whose it is.
    system_access("triggers", "select")

    op.create_table(
        "trigger_receipts",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("dedupe_key", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Uuid),
        sa.Column("body_hash", sa.LargeBinary),
        sa.Column("version_id", sa.Text),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("trigger_receipts")

    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, sa.ForeignKey("workflows.id"), nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("workflow_version", sa.Integer, nullable=False),
        sa.Column("trigger_kind", sa.Text, nullable=False),
        sa.Column("trigger_id", sa.Uuid),
        sa.Column("requested_window", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("books", sa.JSON),
        sa.Column("step_books", sa.JSON),
        sa.Column("modules", sa.JSON),
        sa.Column("error_code", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state IN ('requested', 'running', 'succeeded', 'partial', 'quarantined', 'failed', 'cancelled')",
            name="runs_state",
        ),
    )
    op.create_index("runs_newest", "runs", ["tenant", "id"])
    op.create_index("runs_workflow", "runs", ["tenant", "workflow", "id"])
    op.create_index("runs_state", "runs", ["tenant", "state", "id"])
    op.create_index(
        "runs_open",
        "runs",
        [sa.text("coalesce(checked_at, created_at)")],
        postgresql_where=sa.text("state IN ('requested', 'running')"),
    )
    tenant_table("runs")
    # The reconciler looks at open runs of all tenants; it changes them one by one, as their own tenant.
    system_access("runs", "select", "update")

    op.create_table(
        "run_steps",
        sa.Column("run_id", sa.Uuid, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("rows", sa.BigInteger),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.CheckConstraint("state IN ('running', 'succeeded', 'failed', 'skipped')", name="run_steps_state"),
    )
    tenant_table("run_steps")
