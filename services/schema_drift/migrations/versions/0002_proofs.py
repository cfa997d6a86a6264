"""Proofs of proposals, and the replays that were asked for."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import append_only, tenant_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "drift_proofs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("proposal_id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("asked", sa.JSON, nullable=False),
        sa.Column("terms", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("history", sa.Integer, nullable=False),
        sa.Column("checks", sa.JSON, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        # The same proposal on the same evidence is one proof, however often it is told.
        sa.UniqueConstraint("tenant", "report_id", "proposal_id", "digest", name="drift_proofs_once"),
        sa.CheckConstraint("verdict IN ('proven', 'unproven', 'refuted')", name="drift_proofs_verdict"),
    )
    tenant_table("drift_proofs")
    append_only("drift_proofs")

    op.create_table(
        "drift_proof_replays",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("proof_id", sa.Uuid, sa.ForeignKey("drift_proofs.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="running"),
        sa.Column("verdict", sa.Text),
        sa.Column("same", sa.Boolean),
        sa.Column("checks", sa.JSON),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("asked_by", sa.Uuid, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name="drift_proof_replays_state"),
        sa.CheckConstraint("(state = 'done') = (verdict IS NOT NULL)", name="drift_proof_replays_verdict"),
    )
    op.create_index("drift_proof_replays_of", "drift_proof_replays", ["tenant", "proof_id", "id"])
    tenant_table("drift_proof_replays")
