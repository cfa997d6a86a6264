"""Files that were sent to the platform: listed, removed by people, and forgotten when nobody wants them any more."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import system_access, tenant_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; the service's own loop may find the old ones of all workspaces and no more."""
    op.create_table(
        "uploads",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sha256", "name"),
    )
    op.create_index("uploads_in_order", "uploads", ["tenant", "id"], unique=True)
    op.create_index("uploads_used", "uploads", ["used_at"])
    tenant_table("uploads")
    system_access("uploads", "select")
