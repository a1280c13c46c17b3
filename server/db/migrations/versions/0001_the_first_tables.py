"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up from an empty database."""
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_subject"), "audit_entry", ["subject"], unique=False)
    op.create_table(
        "authorization_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payer_id", sa.String(length=40), nullable=True),
        sa.Column("payer_name", sa.String(length=200), nullable=True),
        sa.Column("plan", sa.String(length=200), nullable=True),
        sa.Column("portal", sa.String(length=60), nullable=True),
        sa.Column("member_id", sa.String(length=80), nullable=True),
        sa.Column("member_key", sa.String(length=80), nullable=True),
        sa.Column("last_name", sa.String(length=120), nullable=True),
        sa.Column("first_name", sa.String(length=120), nullable=True),
        sa.Column("name_key", sa.String(length=120), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("certification_kind", sa.String(length=30), nullable=True),
        sa.Column("requested_by", sa.String(length=30), nullable=True),
        sa.Column("determination", sa.String(length=30), nullable=False),
        sa.Column("determination_text", sa.String(length=200), nullable=True),
        sa.Column("determination_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("diagnoses", sa.JSON(), nullable=False),
        sa.Column("requesting_npi", sa.String(length=20), nullable=True),
        sa.Column("rendering_npis", sa.JSON(), nullable=False),
        sa.Column("billing_npi", sa.String(length=20), nullable=True),
        sa.Column("facility_npi", sa.String(length=20), nullable=True),
        sa.Column("place_of_service", sa.String(length=2), nullable=True),
        sa.Column("level_of_care", sa.String(length=20), nullable=True),
        sa.Column("requested", sa.Date(), nullable=True),
        sa.Column("decided", sa.Date(), nullable=True),
        sa.Column("effective", sa.Date(), nullable=True),
        sa.Column("expiry", sa.Date(), nullable=True),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("last_looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.String(length=30), nullable=True),
        sa.Column("next_due", sa.Date(), nullable=True),
        sa.Column("import_key", sa.String(length=64), nullable=True),
        sa.Column("import_digest", sa.String(length=64), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorization_record")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_authorization_record_determination"), "authorization_record", ["determination"], unique=False
    )
    op.create_index(
        "ix_authorization_record_due", "authorization_record", ["portal", "next_due"], unique=False
    )
    op.create_index(op.f("ix_authorization_record_expiry"), "authorization_record", ["expiry"], unique=False)
    op.create_index(
        op.f("ix_authorization_record_import_key"), "authorization_record", ["import_key"], unique=False
    )
    op.create_index(
        op.f("ix_authorization_record_member_key"), "authorization_record", ["member_key"], unique=False
    )
    op.create_index(
        op.f("ix_authorization_record_payer_id"), "authorization_record", ["payer_id"], unique=False
    )
    op.create_index(
        "ix_authorization_record_person", "authorization_record", ["name_key", "birth_date"], unique=False
    )
    op.create_table(
        "device_nonce",
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "nonce", name=op.f("pk_device_nonce")),
    )
    op.create_index(op.f("ix_device_nonce_at"), "device_nonce", ["at"], unique=False)
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_check", sa.String(length=64), nullable=False),
        sa.Column("audit_seq", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("audit_mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "payer_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("payer_id", sa.String(length=40), nullable=False),
        sa.Column("plan", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_date", sa.Date(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=True),
        sa.Column("expiry", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_payer_rule_name")),
    )
    op.create_index(op.f("ix_payer_rule_payer_id"), "payer_rule", ["payer_id"], unique=False)
    op.create_table(
        "portal_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portal", sa.String(length=60), nullable=False),
        sa.Column("username", sa.String(length=120), nullable=False),
        sa.Column("organization", sa.String(length=200), nullable=True),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("browser_state", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_account")),
        sa.UniqueConstraint("portal", "username", name=op.f("uq_portal_account_portal")),
    )
    op.create_index(op.f("ix_portal_account_portal"), "portal_account", ["portal"], unique=False)
    op.create_table(
        "portal_setting",
        sa.Column("portal", sa.String(length=60), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("base_url", sa.String(length=200), nullable=True),
        sa.Column("automation", sa.String(length=12), nullable=False),
        sa.Column("automation_decided_by", sa.String(length=120), nullable=True),
        sa.Column("automation_decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("automation_text", sa.Text(), nullable=True),
        sa.Column("start_at", sa.String(length=5), nullable=True),
        sa.Column("due_days", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("portal", name=op.f("pk_portal_setting")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("portal", sa.String(length=60), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.String(length=120), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_state"), "run", ["state"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_count", sa.Integer(), nullable=False),
        sa.Column("refused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
    )
    op.create_table(
        "access_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_access_token_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_token")),
    )
    op.create_index(op.f("ix_access_token_user_id"), "access_token", ["user_id"], unique=False)
    op.create_table(
        "authorization_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("code_end", sa.String(length=20), nullable=True),
        sa.Column("service_type", sa.String(length=10), nullable=True),
        sa.Column("modifiers", sa.JSON(), nullable=False),
        sa.Column("component", sa.String(length=20), nullable=True),
        sa.Column("quantity", sa.Numeric(12, 3).with_variant(sa.String(20), "sqlite"), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("rate_quantity", sa.Numeric(12, 3).with_variant(sa.String(20), "sqlite"), nullable=True),
        sa.Column("rate_per", sa.String(length=10), nullable=True),
        sa.Column("rate_periods", sa.Integer(), nullable=True),
        sa.Column("used", sa.Numeric(12, 3).with_variant(sa.String(20), "sqlite"), nullable=True),
        sa.Column("determination", sa.String(length=30), nullable=True),
        sa.Column("effective", sa.Date(), nullable=True),
        sa.Column("expiry", sa.Date(), nullable=True),
        sa.Column("rendering_npis", sa.JSON(), nullable=False),
        sa.Column("requested_code", sa.String(length=20), nullable=True),
        sa.Column(
            "requested_quantity", sa.Numeric(12, 3).with_variant(sa.String(20), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_authorization_line_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorization_line")),
    )
    op.create_index(
        op.f("ix_authorization_line_authorization_id"),
        "authorization_line",
        ["authorization_id"],
        unique=False,
    )
    op.create_table(
        "check_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("checkpoint", sa.String(length=20), nullable=False),
        sa.Column("portal", sa.String(length=60), nullable=True),
        sa.Column("authorization_id", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("service", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_check_record_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_record")),
    )
    op.create_index(op.f("ix_check_record_at"), "check_record", ["at"], unique=False)
    op.create_index(
        op.f("ix_check_record_authorization_id"), "check_record", ["authorization_id"], unique=False
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("public_key", sa.JSON(), nullable=False),
        sa.Column("paired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_device_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_table(
        "reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("portal", sa.String(length=60), nullable=False),
        sa.Column("profile_version", sa.String(length=40), nullable=False),
        sa.Column("page", sa.String(length=60), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_by", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("determination", sa.String(length=30), nullable=True),
        sa.Column("determination_text", sa.String(length=200), nullable=True),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("identity", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_reading_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_reading_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
    )
    op.create_index(op.f("ix_reading_authorization_id"), "reading", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_reading_run_id"), "reading", ["run_id"], unique=False)
    op.create_table(
        "reference_number",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        sa.Column("value_key", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("issuer", sa.String(length=120), nullable=True),
        sa.Column("label", sa.String(length=120), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_reference_number_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_number")),
        sa.UniqueConstraint(
            "authorization_id", "kind", "value", name=op.f("uq_reference_number_authorization_id")
        ),
    )
    op.create_index(
        op.f("ix_reference_number_authorization_id"), "reference_number", ["authorization_id"], unique=False
    )
    op.create_index(op.f("ix_reference_number_value_key"), "reference_number", ["value_key"], unique=False)
    op.create_table(
        "determination_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=True),
        sa.Column("determination", sa.String(length=30), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_determination_change_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["reading.id"], name=op.f("fk_determination_change_reading_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_determination_change")),
    )
    op.create_index(
        op.f("ix_determination_change_authorization_id"),
        "determination_change",
        ["authorization_id"],
        unique=False,
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=True),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_evidence_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_evidence_reading_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_evidence_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_authorization_id"), "evidence", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_evidence_reading_id"), "evidence", ["reading_id"], unique=False)
    op.create_table(
        "run_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=False),
        sa.Column("portal", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_run_item_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_run_item_reading_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_item_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_item")),
        sa.UniqueConstraint("run_id", "authorization_id", name=op.f("uq_run_item_run_id")),
    )
    op.create_index(op.f("ix_run_item_authorization_id"), "run_item", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_run_item_run_id"), "run_item", ["run_id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=True),
        sa.Column("portal", sa.String(length=60), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=True),
        sa.Column("closing_note", sa.Text(), nullable=True),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["authorization_record.id"],
            name=op.f("fk_task_authorization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_task_reading_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_task_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(op.f("ix_task_authorization_id"), "task", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_task_dedupe_key"), "task", ["dedupe_key"], unique=False)
    op.create_index(op.f("ix_task_due"), "task", ["due"], unique=False)
    op.create_index(op.f("ix_task_state"), "task", ["state"], unique=False)


def downgrade() -> None:
    """Back to an empty database."""
    op.drop_index(op.f("ix_task_state"), table_name="task")
    op.drop_index(op.f("ix_task_due"), table_name="task")
    op.drop_index(op.f("ix_task_dedupe_key"), table_name="task")
    op.drop_index(op.f("ix_task_authorization_id"), table_name="task")
    op.drop_table("task")
    op.drop_index(op.f("ix_run_item_run_id"), table_name="run_item")
    op.drop_index(op.f("ix_run_item_authorization_id"), table_name="run_item")
    op.drop_table("run_item")
    op.drop_index(op.f("ix_evidence_reading_id"), table_name="evidence")
    op.drop_index(op.f("ix_evidence_authorization_id"), table_name="evidence")
    op.drop_table("evidence")
    op.drop_index(op.f("ix_determination_change_authorization_id"), table_name="determination_change")
    op.drop_table("determination_change")
    op.drop_index(op.f("ix_reference_number_value_key"), table_name="reference_number")
    op.drop_index(op.f("ix_reference_number_authorization_id"), table_name="reference_number")
    op.drop_table("reference_number")
    op.drop_index(op.f("ix_reading_run_id"), table_name="reading")
    op.drop_index(op.f("ix_reading_authorization_id"), table_name="reading")
    op.drop_table("reading")
    op.drop_table("device")
    op.drop_index(op.f("ix_check_record_authorization_id"), table_name="check_record")
    op.drop_index(op.f("ix_check_record_at"), table_name="check_record")
    op.drop_table("check_record")
    op.drop_index(op.f("ix_authorization_line_authorization_id"), table_name="authorization_line")
    op.drop_table("authorization_line")
    op.drop_index(op.f("ix_access_token_user_id"), table_name="access_token")
    op.drop_table("access_token")
    op.drop_table("user_account")
    op.drop_index(op.f("ix_run_state"), table_name="run")
    op.drop_table("run")
    op.drop_table("portal_setting")
    op.drop_index(op.f("ix_portal_account_portal"), table_name="portal_account")
    op.drop_table("portal_account")
    op.drop_index(op.f("ix_payer_rule_payer_id"), table_name="payer_rule")
    op.drop_table("payer_rule")
    op.drop_table("lease")
    op.drop_table("installation")
    op.drop_index(op.f("ix_device_nonce_at"), table_name="device_nonce")
    op.drop_table("device_nonce")
    op.drop_index("ix_authorization_record_person", table_name="authorization_record")
    op.drop_index(op.f("ix_authorization_record_payer_id"), table_name="authorization_record")
    op.drop_index(op.f("ix_authorization_record_member_key"), table_name="authorization_record")
    op.drop_index(op.f("ix_authorization_record_import_key"), table_name="authorization_record")
    op.drop_index(op.f("ix_authorization_record_expiry"), table_name="authorization_record")
    op.drop_index("ix_authorization_record_due", table_name="authorization_record")
    op.drop_index(op.f("ix_authorization_record_determination"), table_name="authorization_record")
    op.drop_table("authorization_record")
    op.drop_index(op.f("ix_audit_entry_subject"), table_name="audit_entry")
    op.drop_table("audit_entry")
