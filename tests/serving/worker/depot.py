"""Parcels in a database, a clock that is set, and a worker that does its rounds when it is told to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select

from parcelcast.calendar import zone
from parcelcast.tracking.scan import Number, Scan
from serving.background import ids_of
from serving.stores.alerts import read_incidents
from serving.stores.database import Database
from serving.stores.etas import read_dates, read_statements
from serving.stores.parcels import NewParcel, register_parcels
from serving.stores.scans import record_scans
from serving.stores.schema import events, work
from serving.worker.alerting import Alerting, Texts
from serving.worker.peers import PeerDesk
from serving.worker.policies import Policies
from serving.worker.rounds import Worker
from serving.worker.stated import Stated
from tests.serving.fakes import FakeBundle, FakeClock

BERLIN = zone("Europe/Berlin")


def berlin(text: str) -> datetime:
    """Instant of a clock on a wall in Berlin, such as "2026-11-23 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def _few_words(_data: Mapping[str, Any]) -> dict[str, Any]:
    return {"apology": {"subject": "s", "body": "b"}}


class Depot:
    """By default it is Monday, 23 November 2026, ten o'clock in Berlin."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FakeClock(berlin("2026-11-23 10:00"))
        self.bundle = FakeBundle()
        self._drawn = 0
        self.worker = self.another_worker()

    def another_worker(self, policies: dict[str, Any] | None = None, texts: Texts = _few_words) -> Worker:
        new_id = ids_of(self._entropy)
        alerting = Alerting(Policies(policies), new_id, texts)
        return Worker(self.database, lambda: self.bundle, self.clock, new_id, alerting, PeerDesk(self.database))

    def _entropy(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count)

    def at(self, text: str) -> None:
        """Set the clock, in Berlin's time."""
        self.clock.now = berlin(text)

    def register(self, *shipment_ids: str, **facts: Any) -> None:
        """Register parcels from Leipzig to Munich, ordered now, under numbers of their own."""
        told = {
            "ordered_at": self.clock.now,
            "destination_country": "DE",
            "destination_postal_code": "80331",
            "carrier": "kranich",
            "service": "standard",
            "origin_id": "wh-leipzig",
            "promised_on": date(2026, 11, 26),
            **facts,
        }
        parcels = [
            NewParcel({"shipment_id": one, "order_id": f"order-{one}", **told}, (Number("kranich", f"N{one}".upper()),))
            for one in shipment_ids
        ]
        with self.database.writing() as connection:
            register_parcels(connection, parcels, self.clock.now)

    def scan(self, shipment_id: str, code: str, **more: Any) -> None:
        """A scan of a parcel now."""
        now = self.clock.now
        scan = Scan("kranich", f"N{shipment_id}", code, now, now)
        with self.database.writing() as connection:
            record_scans(connection, [replace(scan, **more)], now)

    def rounds(self) -> int:
        """Let the worker do rounds until nothing is due; return at how many parcels it looked."""
        looked = 0
        while (count := self.worker.round()).parcels + count.failures:
            looked += count.parcels
        return looked

    def sweep(self, until: str) -> None:
        """Let time pass, with a round whenever something becomes due."""
        end = berlin(until)
        while True:
            self.rounds()
            due = self.next_due()
            if due is None or due > end:
                break
            self.clock.now = due
        self.clock.now = end

    def next_due(self) -> datetime | None:
        with self.database.reading() as connection:
            return connection.execute(select(work.c.due_at).order_by(work.c.due_at).limit(1)).scalar()

    def stated(self, shipment_id: str) -> Stated:
        with self.database.reading() as connection:
            return Stated.from_json(read_statements(connection, [shipment_id])[shipment_id])

    def history(self, shipment_id: str):
        with self.database.reading() as connection:
            return read_dates(connection, shipment_id)

    def incidents(self, shipment_id: str):
        with self.database.reading() as connection:
            return read_incidents(connection, [shipment_id]).get(shipment_id, [])

    def events(self) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            bodies = connection.execute(select(events.c.body).order_by(events.c.seq)).scalars()
            return [orjson.loads(body) for body in bodies]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
