"""Dry runs: the draft that is tried, the past runs it is tried on, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("draft", sa.JSON(none_as_null=True)))
    op.add_column("runs", sa.Column("past", sa.JSON(none_as_null=True)))
    op.add_column("runs", sa.Column("rehearsed", sa.JSON(none_as_null=True)))
