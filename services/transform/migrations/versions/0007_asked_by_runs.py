"""What the model was asked by runs, and what it answered: each once, and counted with what people asked it."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import tenant_table

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "asked_by_runs",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("asked_by_runs_lately", "asked_by_runs", ["tenant", "created_at"])
    tenant_table("asked_by_runs")
