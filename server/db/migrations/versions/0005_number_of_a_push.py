"""A request for approval on a telephone may have a number that must be chosen there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The requests that are there have none."""
    op.add_column("code_request", sa.Column("number", sa.String(20), server_default="", nullable=False))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_column("code_request", "number")
