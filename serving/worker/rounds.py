"""One round of a worker: take parcels that are due, look at them, and keep what was found in one transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain

import orjson

from serving.bundle_sources import ServingBundle
from serving.clock import Clock
from serving.errors import StoreUnavailableError
from serving.failures import place_of
from serving.stores.alerts import read_incidents, write_incidents
from serving.stores.database import Database
from serving.stores.etas import DatesRow, StatementRow, read_statements, write_dates, write_statements
from serving.stores.events import append_events
from serving.stores.parcels import read_parcels
from serving.stores.work import Claim, anything_due, claim, finish, hold, put_off, release
from serving.worker.alerting import Alerting, NewId, Told
from serving.worker.look import Looked, look_at
from serving.worker.peers import PeerDesk
from serving.worker.schedule import next_look
from serving.worker.stated import Stated

logger = logging.getLogger("parcelcast.worker")

BATCH = 200
_FIRST_DELAY = timedelta(minutes=1)
_LONGEST_DELAY = timedelta(hours=6)


@dataclass(slots=True)
class Count:
    """What rounds did: parcels looked at, those at which looking failed, and events told."""

    parcels: int = 0
    failures: int = 0
    events: int = 0


@dataclass(frozen=True)
class Worker:
    """Does rounds; several workers on one database share the parcels.

    A claimed parcel that is not finished, for whatever reason, is due again when its lease of `lease_seconds` ends.
    """

    database: Database
    bundle: Callable[[], ServingBundle]
    clock: Clock
    new_id: NewId
    alerting: Alerting
    peers: PeerDesk
    lease_seconds: float = 60.0
    left_over: list[str] = field(default_factory=list)

    def round(self) -> Count:
        """Look at up to BATCH parcels that are due; StoreUnavailableError when the database does not work."""
        count = Count()
        now = self.clock()
        self._give_back()
        with self.database.reading() as connection:
            if not anything_due(connection, now):
                return count
        lease = self.new_id(now)
        with self.database.writing() as connection:
            claims = claim(connection, now, lease, now + timedelta(seconds=self.lease_seconds), BATCH)
        self.left_over.append(lease)
        self._do(lease, claims, self.bundle(), count)
        self.left_over.clear()
        return count

    def _give_back(self) -> None:
        """Give back what a round left when the database failed, so that nobody waits for the end of its lease."""
        if self.left_over:
            with self.database.writing() as connection:
                for lease in self.left_over:
                    release(connection, lease)
            self.left_over.clear()

    def _do(self, lease: str, claims: Sequence[Claim], bundle: ServingBundle, count: Count) -> None:
        """Look at parcels together; where that fails, at each by itself, so that one never stops the others."""
        if not claims:
            return
        try:
            self._look_and_keep(lease, claims, bundle, count)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one parcel, the others are looked at
            if isinstance(error, StoreUnavailableError):
                self.database.check()  # raises when it is the database that is in trouble, not a parcel
            if len(claims) == 1:
                self._fail(lease, claims[0], error)
                count.failures += 1
                return
            for one in claims:
                self._do(lease, [one], bundle, count)

    def _look_and_keep(self, lease: str, claims: Sequence[Claim], bundle: ServingBundle, count: Count) -> None:
        ids = [one.shipment_id for one in claims]
        with self.database.reading() as connection:
            parcels = read_parcels(connection, ids)
            said = read_statements(connection, ids)
            incidents = read_incidents(connection, ids)
        last = {name: Stated.from_json(text) for name, text in said.items()}
        now = self.clock()
        found = look_at([(parcels[name], last.get(name)) for name in ids], bundle, self.peers, now)
        told = {one.shipment_id: self.alerting.decide(one, incidents.get(one.shipment_id, ()), bundle) for one in found}
        self._keep(lease, claims, found, told, count)

    def _keep(
        self, lease: str, claims: Sequence[Claim], found: Sequence[Looked], told: dict[str, Told], count: Count
    ) -> None:
        with self.database.writing() as connection:
            held = hold(connection, lease, [one.shipment_id for one in claims])
            mine = [one for one in found if one.shipment_id in held]
            write_statements(connection, [_statement(one) for one in mine])
            write_dates(connection, [dates_row(one) for one in mine if one.is_new])
            write_incidents(connection, list(chain.from_iterable(told[one.shipment_id].incidents for one in mine)))
            looks = {one.shipment_id: next_look(one, told[one.shipment_id].wake_at) for one in mine}
            finish(connection, [one for one in claims if one.shipment_id in held], looks)
            events = list(chain.from_iterable(told[one.shipment_id].events for one in mine))
            append_events(connection, events, self.clock())
        count.parcels += len(mine)
        count.events += len(events)

    def _fail(self, lease: str, one: Claim, error: Exception) -> None:
        """Try a parcel again later; the log says what kind of error it was and where, and nothing of the parcel."""
        logger.error(
            "looking at a parcel failed %d times in a row: %s\n%s",
            one.failures + 1,
            type(error).__name__,
            place_of(error, 3),
        )
        delay = min(_FIRST_DELAY * 2 ** min(one.failures, 10), _LONGEST_DELAY)
        with self.database.writing() as connection:
            put_off(connection, lease, [one], {one.shipment_id: self.clock() + delay})


def _statement(looked: Looked) -> StatementRow:
    stated = looked.stated
    return StatementRow(looked.shipment_id, stated.as_of, stated.status, stated.stage, stated.to_json())


def dates_row(looked: Looked) -> DatesRow:
    """Return the row of the history that tells the dates that were found."""
    stated = looked.stated
    return DatesRow(
        shipment_id=looked.shipment_id,
        number=stated.number,
        as_of=stated.as_of,
        stage=stated.stage,
        likely_on=stated.dates.likely,
        earliest_on=stated.dates.earliest,
        latest_on=stated.dates.latest,
        promised_on=looked.faced.parcel.facts.promised_on,
        delay_risk=stated.delay_risk,
        reasons=orjson.dumps({} if looked.change is None else dict(looked.change.days)).decode(),
        eta=stated.to_json(),
        model_version=stated.model_version,
    )
