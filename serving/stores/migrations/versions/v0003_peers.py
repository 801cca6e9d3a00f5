"""What finds the scans of an hour, of which parcels that wait are the peers."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the index; of a table that grew for years that takes longer than a statement may."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
    op.create_index("scans_hour", "scans", ["carrier", "code", "occurred_at"])
