"""The secrets with which workspaces hash values."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import tenant_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "mask_keys",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    tenant_table("mask_keys")
