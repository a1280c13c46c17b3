"""What Alembic runs: inside the transaction and on the connection that `upgrade` (or a test) hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from server.db.tables import Base, Quantity, UTCDateTime


def plainly(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our column types as what they are in the database: a revision must not change when our code does."""
    if kind == "type" and isinstance(thing, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, Quantity):
        return 'sa.Numeric(12, 3).with_variant(sa.String(20), "sqlite")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=plainly,
    compare_type=True,
)
context.run_migrations()
