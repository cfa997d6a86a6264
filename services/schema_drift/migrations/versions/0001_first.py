"""Drift reports, accepted formats and quarantine entries."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import append_only, chassis_tables, tenant_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    chassis_tables()
    op.create_table(
        "drift_reports",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("input_key", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("module_version", sa.Integer),
        sa.Column("module_hash", sa.Text),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("incoming", sa.JSON, nullable=False),
        sa.Column("contract", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        # One decision for each input of a run, however often it is asked for.
        sa.UniqueConstraint("tenant", "run_id", "stream", "input_key", name="drift_reports_once"),
        sa.CheckConstraint("decision IN ('proceed', 'quarantine', 'fail')", name="drift_reports_decision"),
    )
    op.create_index("drift_reports_newest", "drift_reports", ["tenant", "id"])
    op.create_index("drift_reports_workflow", "drift_reports", ["tenant", "workflow", "id"])
    tenant_table("drift_reports")
    append_only("drift_reports")

    op.create_table(
        "accepted_formats",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("workflow_id", sa.Uuid, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("accepted_formats")

    op.create_table(
        "quarantine_entries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("object", sa.Text),
        sa.Column("object_version", sa.JSON),
        sa.Column("preserved_uri", sa.Text),
        sa.Column("corrected_uri", sa.Text),
        sa.Column("corrected_bytes", sa.BigInteger),
        sa.Column("dataset", sa.JSON),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("sample", sa.Text, nullable=False, server_default=""),
        sa.Column("report_id", sa.Uuid),
        sa.Column("state", sa.Text, nullable=False, server_default="open"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.Column("released_by", sa.Uuid),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.Uuid),
        sa.Column("close_reason", sa.Text),
        # One entry for each thing a run sets aside, however often it is told to.
        sa.UniqueConstraint("tenant", "run_id", "stream", "what", "identity", name="quarantine_entries_once"),
        sa.CheckConstraint("what IN ('file', 'rows')", name="quarantine_entries_what"),
        sa.CheckConstraint(
            "state IN ('open', 'released', 'loaded', 'rejected', 'superseded')", name="quarantine_entries_state"
        ),
        sa.CheckConstraint(
            "(what = 'file') = (preserved_uri IS NOT NULL) AND (what = 'rows') = (dataset IS NOT NULL)",
            name="quarantine_entries_content",
        ),
    )
    op.create_index("quarantine_entries_newest", "quarantine_entries", ["tenant", "id"])
    op.create_index("quarantine_entries_workflow", "quarantine_entries", ["tenant", "workflow", "id"])
    op.create_index(
        "quarantine_entries_open", "quarantine_entries", ["tenant", "id"], postgresql_where=sa.text("state = 'open'")
    )
    tenant_table("quarantine_entries")
