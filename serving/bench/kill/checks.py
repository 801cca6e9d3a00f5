"""What must be so after everything was killed and went on: nothing lost, nothing doubled."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from serving.bench.kill.parcels import Story
from serving.bench.kill.receiver import Receiver
from serving.stores.database import Database

_SHOWN = 5


@dataclass(frozen=True)
class Kept:
    """What the database holds: scan ids, alerts (parcel, incident, number, id, type, state) and events."""

    scan_ids: list[str]
    alerts: list[tuple[str, str, int, str, str, str]]
    events: list[Mapping[str, Any]]
    dead: int

    @classmethod
    def read(cls, database: Database) -> "Kept":
        """Read all of it."""
        with database.reading() as connection:
            told = connection.exec_driver_sql("select scan_id from scans").scalars()
            alerts = connection.exec_driver_sql(
                "select shipment_id, incident, number, alert_id, type, state from alerts"
            )
            bodies = connection.exec_driver_sql("select body from events order by seq").scalars()
            dead = connection.exec_driver_sql("select count(*) from deliveries where state = 'dead'").scalar_one()
            return cls(list(told), [tuple(row) for row in alerts], [orjson.loads(body) for body in bodies], int(dead))


def problems_of(kept: Kept, stories: Iterable[Story], acknowledged: set[str], receiver: Receiver) -> list[str]:
    """Say what is wrong, by examples; nothing when all is well."""
    return [
        *_scans(kept, acknowledged),
        *_incidents(kept, stories),
        *_events(kept),
        *_receipts(kept, receiver),
    ]


def _scans(kept: Kept, acknowledged: set[str]) -> Iterator[str]:
    counted = Counter(kept.scan_ids)
    yield from _some("acknowledged scans are missing", acknowledged - counted.keys())
    yield from _some("scans are there that nobody sent", counted.keys() - acknowledged)
    yield from _some("scans are there twice", (one for one, count in counted.items() if count > 1))


def _incidents(kept: Kept, stories: Iterable[Story]) -> Iterator[str]:
    per_incident = Counter((shipment_id, incident) for shipment_id, incident, *_ in kept.alerts)
    yield from _some("incidents have several alerts", (one for one, count in per_incident.items() if count > 1))
    stand: dict[str, set[str]] = {}
    for shipment_id, _, _, _, type_, state in kept.alerts:
        if state == "open":
            stand.setdefault(shipment_id, set()).add(type_)
    wrong = (
        f"{story.shipment_id}: {sorted(stand.get(story.shipment_id, ()))} in place of {sorted(story.open_alerts)}"
        for story in stories
        if stand.get(story.shipment_id, set()) != story.open_alerts
    )
    yield from _some("parcels have other alerts than their stories", wrong)


def _events(kept: Kept) -> Iterator[str]:
    incidents: dict[str, set[tuple[str, str, int]]] = {}
    revisions: dict[str, list[int]] = {}
    for event in kept.events:
        data = event["data"]
        incidents.setdefault(data["alert_id"], set()).add(
            (data["shipment_id"], data["incident"], data["incident_number"])
        )
        revisions.setdefault(data["alert_id"], []).append(data["revision"])
    rows = {alert_id: {(shipment_id, incident, number)} for shipment_id, incident, number, alert_id, *_ in kept.alerts}
    yield from _some(
        "alert ids are not those of one incident", (one for one in rows if incidents.get(one) != rows[one])
    )
    yield from _some("events tell of no alert that is kept", incidents.keys() - rows.keys())
    gaps = (one for one, told in revisions.items() if told != list(range(1, len(told) + 1)))
    yield from _some("alerts were told twice or with gaps", gaps)


def _receipts(kept: Kept, receiver: Receiver) -> Iterator[str]:
    ids = {event["id"] for event in kept.events}
    yield from _some("events never reached the receiver", ids - receiver.accepted.keys())
    yield from _some("the receiver got events that are not kept", receiver.bodies.keys() - ids)
    yield from _some("ids came with different content", (one for one, told in receiver.bodies.items() if len(told) > 1))
    if receiver.forged:
        yield f"{receiver.forged} requests were not signed rightly"
    if kept.dead:
        yield f"{kept.dead} deliveries were given up"


def _some(what: str, examples: Iterable[object]) -> Iterator[str]:
    found = sorted(map(str, examples))
    if found:
        yield f"{len(found)} {what}: {', '.join(found[:_SHOWN])}"
