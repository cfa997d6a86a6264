"""Runs that take out what another run loaded: which one, who asked, and which run has undone a run."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; nothing was undone before."""
    op.add_column("runs", sa.Column("undoes", sa.Uuid))
    op.add_column("runs", sa.Column("dry_run", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("requested_by", sa.Uuid))
    op.add_column("runs", sa.Column("undone_by", sa.Uuid))
    op.create_index("runs_undoes", "runs", ["tenant", "undoes"], postgresql_where=sa.text("undoes IS NOT NULL"))
