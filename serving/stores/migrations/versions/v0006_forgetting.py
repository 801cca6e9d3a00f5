"""What finds the parcels of which nobody has told anything for long."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the index; of a table that grew for years that takes longer than a statement may."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
    op.create_index("shipments_updated", "shipments", ["updated_at", "shipment_id"])
