"""Old windows that guard nothing any more can be found and forgotten across workspaces."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import system_access

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give the service's own loop the right to them, and a way to the old ones."""
    op.create_index(
        "windows_closed",
        "windows",
        ["closed_at"],
        postgresql_where=sa.text("state IN ('committed', 'released')"),
    )
    system_access("windows", "select", "delete")
    system_access("window_objects", "select")
