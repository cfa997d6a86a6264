"""Which columns workflows without modules have had until now."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import tenant_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; a workflow that ran before is looked at from its next run on."""
    op.create_table(
        "copied_columns",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("workflow_id", sa.Uuid, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("optional", sa.JSON, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("copied_columns")
