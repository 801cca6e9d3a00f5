"""What finds the deliveries of an event, which goes when it is old and has none."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index; of a table that grew for years that takes longer than a statement may."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
    op.create_index("deliveries_event", "deliveries", ["seq"])
