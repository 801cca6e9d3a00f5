"""The carrier that a scan names beside its parcel's id, for the report of codes that no table knew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, empty for scans that are there."""
    op.add_column("scans", sa.Column("told_carrier", sa.Text(), nullable=True))
