"""Adapting: what was accepted with its values, versions that are known, proposals, settled changes and reviews."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import system_access, tenant_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let reports propose, and make the tables of what follows from that."""
    op.drop_constraint("drift_reports_decision", "drift_reports")
    op.create_check_constraint(
        "drift_reports_decision", "drift_reports", "decision IN ('proceed', 'propose', 'quarantine', 'fail')"
    )
    op.add_column("drift_reports", sa.Column("answer", sa.JSON))
    op.add_column("drift_reports", sa.Column("context", sa.JSON))
    op.create_table(
        "accepted_inputs",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("workflow_id", sa.Uuid, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("contract", sa.Text, primary_key=True),
        sa.Column("sample", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "known_versions",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("module_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("input_contract", sa.JSON),
        sa.Column("output_fingerprint", sa.Text, nullable=False),
        sa.Column("adapts", sa.Integer),
        sa.Column("withdrawn", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "drift_proposals",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("proposal", sa.JSON, nullable=False),
        sa.Column("doubtful", sa.JSON, nullable=False),
        sa.Column("judged", sa.JSON),
        sa.Column("published", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("drift_proposals_report", "drift_proposals", ["tenant", "report_id"])
    op.create_table(
        "settled_changes",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("change_key", sa.Text, primary_key=True),
        sa.Column("mapping", sa.JSON, nullable=False),
        sa.Column("proposal_id", sa.Uuid, nullable=False),
        sa.Column("by_a_person", sa.Boolean, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "drift_reviews",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("proposal_id", sa.Uuid, nullable=False),
        sa.Column("proof_id", sa.Uuid, nullable=False),
        sa.Column("proof", sa.JSON, nullable=False),
        sa.Column("veto", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="open"),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("via", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("edited", sa.Uuid),
        sa.UniqueConstraint("tenant", "proposal_id", name="drift_reviews_once"),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'rejected', 'edited', 'expired')", name="drift_reviews_state"
        ),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="drift_reviews_decided"),
    )
    op.create_index("drift_reviews_newest", "drift_reviews", ["tenant", "id"])
    for name in ("accepted_inputs", "known_versions", "drift_proposals", "settled_changes", "drift_reviews"):
        tenant_table(name)
    for name in ("quarantine_entries", "drift_reviews"):
        system_access(name, "select")
