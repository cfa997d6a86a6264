"""The chassis' tables, and what the tests' handlers leave behind."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import chassis_tables, system_access, tenant_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    chassis_tables()
    op.create_table(
        "effects",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
    )
    tenant_table("effects")
    system_access("effects", "select")
    op.create_table(
        "private",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    tenant_table("private")
