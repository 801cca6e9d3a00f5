"""Numbers of carriers under the ids of `parcelcast.codes.carriers`, as scans have them from now on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_OURS = {
    "dhl_paket": ("dhlpaket", "dhlgermany"),
    "dhl_express": ("dhlexpress",),
    "dpd": ("dpdde",),
    "gls": ("glsde",),
    "hermes": ("hermesde",),
    "postnl": ("postnl", "postnl3s", "postnlinternational"),
}
# A number, and what stands beside it in its row.
_TOLD = (
    ("numbers", "carrier", "tracking_number, shipment_id, recorded_at"),
    ("links", "predecessor_carrier", "predecessor, successor_carrier, successor, recorded_at"),
    ("links", "successor_carrier", "successor, predecessor_carrier, predecessor, recorded_at"),
)


def upgrade() -> None:
    """Add each number and link under our id; under the name that was told stay the scans that came by it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
    for table, carrier, rest in _TOLD:
        for ours, names in _OURS.items():
            statement = sa.text(
                f"insert into {table} ({carrier}, {rest}) select :ours, {rest} from {table} where {carrier} <> :ours "  # noqa: S608 - our own names
                f"and replace(replace(replace({carrier}, '-', ''), '_', ''), ' ', '') in :names on conflict do nothing"
            )
            op.get_bind().execute(statement.bindparams(sa.bindparam("names", names, expanding=True), ours=ours))
