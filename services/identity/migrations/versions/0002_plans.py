"""The plan of a workspace; null is the installation's default."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("workspaces", sa.Column("plan", sa.Text))
