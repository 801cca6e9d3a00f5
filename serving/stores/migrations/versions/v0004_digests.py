"""What was read of a file, as a hash: when it is another, the file is read from its start."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; files that were read before have none, and are read again once."""
    op.add_column("drops", sa.Column("digest", sa.Text(), nullable=True))
