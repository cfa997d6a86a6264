"""The library: what modules are found by, what uses them, what was asked of them on data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from services.chassis.migrations import tenant_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables and columns."""
    _modules()
    _versions()
    _uses()
    _questions()


def _modules() -> None:
    for name in ("category", "owner", "readme"):
        op.add_column("modules", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("modules", sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("modules", sa.Column("cloned_from", sa.JSON(none_as_null=True)))
    op.add_column("modules", sa.Column("archived_at", sa.DateTime(timezone=True)))
    op.add_column("modules", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    # A deleted module's name is free, its versions stay for those who ask what an old run did.
    op.drop_constraint("modules_name", "modules")
    there = sa.text("deleted_at IS NULL")
    op.create_index("modules_name", "modules", ["tenant", "name"], unique=True, postgresql_where=there)
    op.create_index("modules_tags", "modules", ["tags"], postgresql_using="gin")


def _versions() -> None:
    # Null for versions published before: rows that nobody may change are not changed by a migration either.
    for name in ("input_checks", "output_checks", "changes"):
        op.add_column("module_versions", sa.Column(name, sa.JSON(none_as_null=True)))
    for name in ("level", "semantic_version", "input_fingerprint", "output_fingerprint"):
        op.add_column("module_versions", sa.Column(name, sa.Text))
    op.create_index("module_versions_fits", "module_versions", ["tenant", "input_fingerprint"])
    op.create_table(
        "version_states",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("module_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("source", sa.Text),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.Column("retired_reason", sa.Text),
        sa.ForeignKeyConstraint(["module_id", "number"], ["module_versions.module_id", "module_versions.number"]),
    )
    tenant_table("version_states")


def _uses() -> None:
    op.create_table(
        "workflow_uses",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("workflow_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("definition", sa.Integer, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("version", sa.Integer),
    )
    op.create_index("workflow_uses_module", "workflow_uses", ["tenant", "module"])
    tenant_table("workflow_uses")
    counts = ("runs", "succeeded", "partial", "quarantined", "failed", "cancelled")
    rows = ("rows_read", "rows_loaded", "rows_quarantined")
    op.create_table(
        "usage_days",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("module_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in (*counts, *rows)),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("usage_days")
    op.create_table(
        "plans",
        sa.Column("tenant", sa.Uuid, primary_key=True),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    tenant_table("plans")


def _questions() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("asked", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True)),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("requested_by", sa.Uuid, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('comparison', 'trial')", name="questions_kind"),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name="questions_state"),
    )
    op.create_index("questions_newest", "questions", ["tenant", "kind", "id"])
    tenant_table("questions")
