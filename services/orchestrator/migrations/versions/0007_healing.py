"""Runs that heal: which versions each input went through, and the reviews that steps wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns; before, all inputs of a run went through the same versions."""
    op.add_column("runs", sa.Column("chains", sa.JSON(none_as_null=True)))
    op.add_column("run_steps", sa.Column("review_id", sa.Uuid))
