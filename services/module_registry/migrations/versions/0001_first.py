"""Modules, versions that cannot be changed, and decisions that cannot be unsaid."""

import sqlalchemy as sa
from alembic import op

from services.chassis.migrations import append_only, chassis_tables, tenant_table

revision = "0001"
down_revision = None

# Taking the right away stops the service; the trigger stops also whoever has the right, the owner of the table.
_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed: publish a new version', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


def upgrade() -> None:
    """Make the tables."""
    chassis_tables()
    op.create_table(
        "modules",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("current_version", sa.Integer),
        sa.Column("latest_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("tenant", "name", name="modules_name"),
        sa.CheckConstraint("current_version BETWEEN 1 AND latest_version", name="modules_current"),
    )
    tenant_table("modules")

    op.create_table(
        "module_versions",
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("module_id", sa.Uuid, sa.ForeignKey("modules.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("input_contract", sa.JSON, nullable=False),
        sa.Column("output_contract", sa.JSON, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("node_id", sa.Text),
        sa.Column("published_by", sa.Uuid, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("module_id", "content_hash", name="module_versions_content"),
        sa.CheckConstraint("number >= 1", name="module_versions_number"),
    )
    tenant_table("module_versions")
    append_only("module_versions")

    op.create_table(
        "module_decisions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tenant", sa.Uuid, nullable=False),
        sa.Column("module_id", sa.Uuid, sa.ForeignKey("modules.id"), nullable=False),
        sa.Column("before", sa.Integer),
        sa.Column("after", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Uuid, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["module_id", "after"], ["module_versions.module_id", "module_versions.number"]),
    )
    op.create_index("module_decisions_newest", "module_decisions", ["module_id", "id"])
    tenant_table("module_decisions")
    append_only("module_decisions")

    op.execute(_REFUSE)
    for table in ("module_versions", "module_decisions"):
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
