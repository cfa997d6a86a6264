"""What a model answered when it was asked about a report."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import tenant_table

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "model_answers",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("proposal_id", sa.Uuid),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("model_answers")
