"""The incidents of parcels, each under the id of its one alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from parcelcast.alerts import Incident
from serving.stores.among import among
from serving.stores.schema import alerts


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """An incident and the id of the alert that tells of it."""

    alert_id: str
    merchant_id: str
    incident: Incident


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that stands, as it was told last."""

    alert_id: str
    type: str
    revision: int
    opened_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None


def read_incidents(connection: Connection, shipment_ids: Sequence[str]) -> dict[str, list[StoredIncident]]:
    """Return all incidents of these parcels, the ended ones too; parcels without any are left out."""
    found: dict[str, list[StoredIncident]] = {}
    columns = select(alerts.c.shipment_id, alerts.c.alert_id, alerts.c.merchant_id, alerts.c.record)
    rows = connection.execute(
        columns.where(among(connection, alerts.c.shipment_id, shipment_ids)).order_by(alerts.c.alert_id)
    )
    for row in rows:
        incident = Incident.from_dict(orjson.loads(row.record))
        found.setdefault(row.shipment_id, []).append(StoredIncident(row.alert_id, row.merchant_id, incident))
    return found


def write_incidents(connection: Connection, incidents: Sequence[StoredIncident]) -> None:
    """Keep incidents as they are now; who acknowledged an alert stays as it is.

    Ended ones are written first, so that there is never a moment with two open ones of a kind.
    """
    if not incidents:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    kept = insert(alerts)
    changing = ("type", "state", "revision", "updated_at", "record")
    kept = kept.on_conflict_do_update(
        index_elements=[alerts.c.alert_id], set_={name: kept.excluded[name] for name in changing}
    )
    ordered = sorted(incidents, key=lambda one: (one.incident.is_open, one.incident.shipment_id))
    connection.execute(kept, [_row(one) for one in ordered])


def read_open(connection: Connection, shipment_id: str) -> list[OpenAlert]:
    """Return the alerts of a parcel that stand, the oldest first."""
    columns = (alerts.c[name] for name in OpenAlert.__slots__)
    mine = select(*columns).where(alerts.c.shipment_id == shipment_id, alerts.c.state == "open")
    return [OpenAlert(*row) for row in connection.execute(mine.order_by(alerts.c.opened_at, alerts.c.alert_id))]


def count_open(connection: Connection) -> dict[str, int]:
    """Count the alerts that are open, by type."""
    rows = connection.execute(
        select(alerts.c.type, func.count()).where(alerts.c.state == "open").group_by(alerts.c.type)
    )
    return dict(rows.all())


def _row(one: StoredIncident) -> dict[str, object]:
    incident = one.incident
    return {
        "alert_id": one.alert_id,
        "shipment_id": incident.shipment_id,
        "merchant_id": one.merchant_id,
        "incident": incident.family,
        "number": incident.number,
        "type": incident.type,
        "state": incident.state,
        "revision": incident.revision,
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "record": orjson.dumps(incident.to_dict()).decode(),
    }
