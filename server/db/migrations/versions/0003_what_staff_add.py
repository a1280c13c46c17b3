"""What staff add beside the portals: calls and notes, overrides, and the way back from a reading."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds to what is there; no table is rebuilt."""
    op.create_table(
        "case_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("representative", sa.String(length=120), nullable=True),
        sa.Column("call_reference", sa.String(length=80), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("sent_key", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_case_note_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index(op.f("ix_case_note_authorization_id"), "case_note", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_case_note_sent_key"), "case_note", ["sent_key"], unique=True)
    op.create_table(
        "finding_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("ending", sa.String(length=20), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_authorization_id", sa.Integer(), nullable=True),
        sa.Column("ended_by_reading_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["check_record.id"],
            name=op.f("fk_finding_override_check_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_finding_override_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_finding_override_ended_by_authorization_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_reading_id"],
            ["reading.id"],
            name=op.f("fk_finding_override_ended_by_reading_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_override")),
        sa.UniqueConstraint("check_id", "position", name=op.f("uq_finding_override_check_id")),
    )
    op.create_index(
        op.f("ix_finding_override_authorization_id"), "finding_override", ["authorization_id"], unique=False
    )
    op.create_index(op.f("ix_finding_override_ending"), "finding_override", ["ending"], unique=False)
    op.add_column("reading", sa.Column("sent_key", sa.String(length=40), nullable=True))
    op.add_column("reading", sa.Column("before", sa.JSON(), nullable=True))
    op.add_column("reading", sa.Column("version_after", sa.Integer(), nullable=True))
    op.add_column("reading", sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reading", sa.Column("taken_back_by", sa.String(length=120), nullable=True))
    op.add_column("reading", sa.Column("taken_back_why", sa.Text(), nullable=True))
    op.create_index(op.f("ix_reading_sent_key"), "reading", ["sent_key"], unique=True)


def downgrade() -> None:
    """Takes it away again."""
    op.drop_index(op.f("ix_reading_sent_key"), "reading")
    for column in ("taken_back_why", "taken_back_by", "taken_back_at", "version_after", "before", "sent_key"):
        op.drop_column("reading", column)
    op.drop_table("finding_override")
    op.drop_table("case_note")
