"""What is said of parcels: the last statement with the shipment, and the history of dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import orjson
from sqlalchemy import Connection, bindparam, insert, select, update

from serving.stores.among import among
from serving.stores.schema import etas, shipments

# PostgreSQL takes all rows in one statement: one a row, each with its way there and back, is several times slower, and
# so are arrays, whose texts the driver escapes in Python.
_POSTGRESQL = """
update shipments set status = told.status, stage = told.stage, eta = told.said, computed_at = told.as_of
from json_to_recordset(%s::json) as told (shipment_id text, as_of timestamptz, status text, stage text, said text)
where shipments.shipment_id = told.shipment_id
"""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What is said of a parcel as of an instant; ``said`` is JSON of all of it."""

    shipment_id: str
    as_of: datetime
    status: str
    stage: str
    said: str


@dataclass(frozen=True, slots=True)
class DatesRow:
    """Dates that differ from those said before, the ``number``-th of a parcel; ``reasons`` is JSON of days by party."""

    shipment_id: str
    number: int
    as_of: datetime
    stage: str
    likely_on: date | None
    earliest_on: date | None
    latest_on: date | None
    promised_on: date | None
    delay_risk: float | None
    reasons: str
    eta: str
    model_version: str


def read_statements(connection: Connection, shipment_ids: Sequence[str]) -> dict[str, str]:
    """Return the JSON of what was said last of each parcel; parcels of which nothing was said yet are left out."""
    columns = select(shipments.c.shipment_id, shipments.c.eta)
    rows = connection.execute(
        columns.where(among(connection, shipments.c.shipment_id, shipment_ids), shipments.c.eta.is_not(None))
    )
    return {row.shipment_id: row.eta for row in rows}


def read_dates(connection: Connection, shipment_id: str) -> list[DatesRow]:
    """Return a parcel's history of dates, in order."""
    found = connection.execute(select(etas).where(etas.c.shipment_id == shipment_id).order_by(etas.c.number))
    return [DatesRow(**row) for row in found.mappings()]


def write_statements(connection: Connection, rows: Sequence[StatementRow]) -> None:
    """Keep what is said of parcels now; PostgreSQL expects them to be locked (`serving.stores.work.hold`)."""
    if rows and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_POSTGRESQL, (orjson.dumps(rows).decode(),))
    elif rows:
        kept = update(shipments).where(shipments.c.shipment_id == bindparam("of"))
        connection.execute(
            kept.values(status=bindparam("now_status"), stage=bindparam("now_stage"), eta=bindparam("said"),
                        computed_at=bindparam("as_of")),
            [
                {"of": row.shipment_id, "now_status": row.status, "now_stage": row.stage, "said": row.said,
                 "as_of": row.as_of}
                for row in sorted(rows, key=lambda row: row.shipment_id)
            ],
        )  # fmt: skip


def write_dates(connection: Connection, rows: Sequence[DatesRow]) -> None:
    """Add to the history of dates."""
    if rows:
        names = etas.columns.keys()
        connection.execute(insert(etas), [{name: getattr(row, name) for name in names} for row in rows])
