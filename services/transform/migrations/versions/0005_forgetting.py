"""Sessions that were put away long ago can be found across workspaces, to be forgotten."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import system_access

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A way to them for the service's own loop, which may look and no more."""
    op.create_index(
        "sessions_archived", "sessions", ["archived_at"], postgresql_where=sa.text("archived_at IS NOT NULL")
    )
    system_access("sessions", "select")
