"""What a run gave to its first module, so that it can be asked later what another version makes of it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the column."""
    op.add_column("runs", sa.Column("inputs", sa.JSON(none_as_null=True)))
