"""Numbers of carriers under the ids of `parcelcast.codes.carriers`, as scans have them from now on."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from serving.stores.schema import Instant

revision = "0007"
down_revision = "0006"

_OURS = {
    "dhlpaket": "dhl_paket",
    "dhlgermany": "dhl_paket",
    "dhlexpress": "dhl_express",
    "dpdde": "dpd",
    "glsde": "gls",
    "hermesde": "hermes",
    "postnl": "postnl",
    "postnl3s": "postnl",
    "postnlinternational": "postnl",
}
# A number, and what stands beside it in its row.
_TOLD = (
    ("numbers", "carrier", "tracking_number, shipment_id, recorded_at"),
    ("links", "predecessor_carrier", "predecessor, successor_carrier, successor, recorded_at"),
    ("links", "successor_carrier", "successor, predecessor_carrier, predecessor, recorded_at"),
)
# What had come under our id before finds its parcel now, which is to be looked at.
_DUE = """
insert into work (shipment_id, due_at, revision)
select distinct shipment_id, :now, 1 from numbers where carrier = :told and exists (
    select 1 from scans where scans.carrier = :ours and scans.tracking_number = numbers.tracking_number
)
on conflict (shipment_id) do update set due_at = excluded.due_at, revision = work.revision + 1
"""


def upgrade() -> None:
    """Add each number and link under our id; under the name that was told stay the scans that came by it."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
    now = sa.bindparam("now", datetime.now(UTC), Instant)
    for table, carrier, rest in _TOLD:
        for told in connection.scalars(sa.text(f"select distinct {carrier} from {table}")).all():  # noqa: S608 - our own names
            ours = _OURS.get(told.replace("-", "").replace("_", "").replace(" ", ""), told)
            if ours == told:
                continue
            both = {"told": told, "ours": ours}
            if table == "numbers":
                connection.execute(sa.text(_DUE).bindparams(now, **both))
            statement = f"insert into {table} ({carrier}, {rest}) select :ours, {rest} from {table} "  # noqa: S608 - our own names
            connection.execute(sa.text(f"{statement} where {carrier} = :told on conflict do nothing"), both)
