"""Where a version comes from that was made because the data had changed: the version before, its report, its proof."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; no version of before was adapted."""
    op.add_column("module_versions", sa.Column("adapts", sa.JSON(none_as_null=True)))
