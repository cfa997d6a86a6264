"""Who asked a run to end before its time, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; runs of before were not asked."""
    op.add_column("runs", sa.Column("cancel_requested_at", sa.DateTime(timezone=True)))
    op.add_column("runs", sa.Column("cancel_requested_by", sa.Uuid))
