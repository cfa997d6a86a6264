"""A plan whose steps take long is carried out by a task; the message remembers which."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column("messages", sa.Column("task_id", sa.Uuid))
    op.create_check_constraint("messages_task", "messages", "task_id IS NULL OR outcome = 'plan'")
    # Tasks are few; what a message's became is looked up by its id.
    op.create_foreign_key("messages_by_task", "messages", "tasks", ["task_id"], ["id"])
