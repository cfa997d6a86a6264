"""Files that people send to look at."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import tenant_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """A row for each file; its bytes lie in the platform's store."""
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("uploads_newest", "uploads", ["tenant", "id"])
    tenant_table("uploads")
