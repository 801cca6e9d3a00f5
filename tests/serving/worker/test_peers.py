"""What a worker knows of peers: counted when it looks, kept for some minutes, and told to the forecaster."""

from dataclasses import dataclass, field
from datetime import timedelta

from parcelcast.eta import Underway
from parcelcast.peers import Moves, cohort_of
from parcelcast.progress import parcel_progress
from serving.stores.parcels import read_parcels
from serving.tracking.reading import find_shipment
from serving.worker import peers
from serving.worker.peers import KEPT, PeerDesk
from tests.serving.fakes import ConditionedForecaster, FakeBundle

SECOND = timedelta(seconds=1)


@dataclass
class Listening:
    """A forecaster that remembers what it was asked."""

    inner: ConditionedForecaster
    asked: list[Underway] = field(default_factory=list)

    def etas(self, parcels):
        self.asked += parcels
        return self.inner.etas(parcels)


class ListeningBundle(FakeBundle):
    @property
    def living(self):
        return self.listening


def at_the_hub(depot, *shipment_ids):
    """Parcels that came to a hub on Monday at ten."""
    depot.register(*shipment_ids)
    for one in shipment_ids:
        depot.scan(one, "hub_arrival", facility_id="hub-1")


def cohort(depot, shipment_id):
    with depot.database.reading() as connection:
        scans = read_parcels(connection, [shipment_id])[shipment_id].scans
    return cohort_of(parcel_progress(scans, depot.clock.now))


def test_what_was_counted_holds_for_some_minutes(depot):
    at_the_hub(depot, "one", "two", "three")
    depot.at("2026-11-23 23:00")
    desk, asked, now = PeerDesk(depot.database), cohort(depot, "one"), depot.clock.now
    assert desk.count([asked, None], now)[1] is None
    depot.scan("two", "hub_departure")
    before, after = (desk.count([asked], now + age)[0] for age in (KEPT - SECOND, KEPT))
    assert before == Moves(2, 0)
    assert after == Moves(2, 1)


def test_only_what_is_not_counted_yet_is_read(depot, monkeypatch):
    at_the_hub(depot, "one", "two")
    depot.at("2026-11-23 23:00")
    desk, asked, now = PeerDesk(depot.database), cohort(depot, "one"), depot.clock.now
    read = []
    really = peers.read_moves
    monkeypatch.setattr(peers, "read_moves", lambda one, hours: read.append(len(hours)) or really(one, hours))
    later = asked._replace(at=asked.at._replace(hour=asked.at.hour + 2))
    desk.count([asked, asked], now)
    desk.count([asked, later], now + SECOND)
    desk.count([None], now)
    assert read == [len(asked.hours()), 2]
    desk.count([later], now + KEPT + SECOND)
    assert read[2:] == [len(asked.hours())]
    assert len(desk._counted) == len(asked.hours()) + 2
    desk.count([later._replace(known_at=now + KEPT + SECOND)], now + KEPT + 2 * SECOND)
    assert read[3:] == [len(asked.hours())], "what was counted before the parcel's own scan came is counted again"
    monkeypatch.setattr(peers, "MOST_HOURS", len(asked.hours()))
    desk.count([asked._replace(at=asked.at._replace(hour=0))], now)
    assert len(desk._counted) == len(asked.hours())


def test_a_look_tells_the_forecaster_of_peers(depot):
    depot.bundle = ListeningBundle()
    depot.bundle.listening = Listening(ConditionedForecaster(depot.bundle.forecaster))
    at_the_hub(depot, "one", "two", "three")
    depot.at("2026-11-23 14:00")
    depot.scan("three", "hub_departure")
    depot.rounds()
    assert [one.peers for one in depot.bundle.listening.asked] == [None] * 3
    depot.bundle.listening.asked.clear()
    depot.sweep("2026-11-24 03:00")
    told = [one for one in depot.bundle.listening.asked if one.progress.last_scan.code == "hub_arrival"]
    assert [one.peers for one in told] == [Moves(2, 1)] * 2
    depot.bundle.listening.asked.clear()
    depot.at("2026-11-25 09:00")
    find_shipment(depot.database, "one", depot.bundle, PeerDesk(depot.database), depot.clock.now)
    assert [one.peers for one in depot.bundle.listening.asked] == [Moves(2, 1)]
