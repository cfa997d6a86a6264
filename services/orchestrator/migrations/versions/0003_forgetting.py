"""Old receipts can be found and forgotten across workspaces."""

from alembic import op

from services.chassis.migrations import system_access

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give the service's own loop the right to them, and a way to the old ones."""
    op.create_index("trigger_receipts_received_at", "trigger_receipts", ["received_at"])
    system_access("trigger_receipts", "select", "delete")
