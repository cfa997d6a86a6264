"""Which change a review was about: what was rejected once is not asked about again, until somebody wants it to be."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the change and who changed their mind; what was rejected before is asked about once more."""
    op.add_column("drift_reviews", sa.Column("change_key", sa.Text))
    op.add_column("drift_reviews", sa.Column("asked_again_by", sa.Uuid))
    op.add_column("drift_reviews", sa.Column("asked_again_at", sa.DateTime(timezone=True)))
    op.add_column("drift_reviews", sa.Column("asked_again_because", sa.Text))
    op.create_index("drift_reviews_change", "drift_reviews", ["tenant", "workflow_id", "change_key"])
