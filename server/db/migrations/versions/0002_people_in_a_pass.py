"""What a pass asks of people (codes, pages to look at), what it may still spend, what was taken out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds to the first tables."""
    op.create_table(
        "code_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("portal", sa.String(length=60), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["portal_account.id"],
            name=op.f("fk_code_request_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_code_request_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_request")),
    )
    op.create_index(op.f("ix_code_request_account_id"), "code_request", ["account_id"], unique=False)
    op.create_index(op.f("ix_code_request_state"), "code_request", ["state"], unique=False)
    op.create_table(
        "portal_night",
        sa.Column("portal", sa.String(length=60), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("portal", "night", name=op.f("pk_portal_night")),
    )
    with op.batch_alter_table("task") as task:
        task.add_column(sa.Column("problems", sa.JSON(), nullable=False, server_default="[]"))
        task.add_column(sa.Column("evidence_id", sa.Integer(), nullable=True))
        task.create_foreign_key(op.f("fk_task_evidence_id"), "evidence", ["evidence_id"], ["id"])
    # Nothing is rebuilt here: rebuilding a table that others refer to would delete their rows on SQLite.
    op.add_column("evidence", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("portal_account", sa.Column("browser", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("authorization_record", sa.Column("portal_by_rule", sa.String(length=80), nullable=True))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_column("authorization_record", "portal_by_rule")
    op.drop_column("portal_account", "browser")
    op.drop_column("evidence", "removed_at")
    with op.batch_alter_table("task") as task:
        task.drop_constraint(op.f("fk_task_evidence_id"), type_="foreignkey")
        task.drop_column("evidence_id")
        task.drop_column("problems")
    op.drop_table("portal_night")
    op.drop_table("code_request")
