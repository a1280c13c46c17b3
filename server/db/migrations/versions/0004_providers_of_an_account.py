"""An account at a portal may be for some providers only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every account that is there stays for all."""
    op.add_column("portal_account", sa.Column("npis", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_column("portal_account", "npis")
