"""Where a parcel waits by its scans, and what a strike at that hub does to its columns."""

from datetime import timedelta

import numpy as np
import pytest

from features.assembly import column_names
from features.landmarks import LIVING_COLUMNS, assemble_landmarks
from features.orders import orders_of
from features.progress import Standings, standing_of
from features.table import build_sketches
from features.waiting import COLUMNS, Waiting, waiting_at
from parcelcast.progress import parcel_progress
from parcelcast.tracking.scan import Scan
from tests.features.test_hubs import queue
from tests.features.worlds import CARRIERS, HORIZON, NETWORK, history_of, instant, live, shipment

NOWHERE = Waiting("", None)


def told(code, at, facility=None):
    return Scan("kranich", "p1", code, instant(at), instant(at), facility_id=facility)


def waiting(*reports):
    return waiting_at(parcel_progress(reports, instant("2026-03-20 00:00")).timeline)


ARRIVAL = told("hub_arrival", "2026-03-11 20:00", "ost")


@pytest.mark.parametrize(
    "code",
    ["label_created", "handed_over", "origin_scan", "exception", "info_only", "export_customs", "import_customs"],
)
def test_a_parcel_waits_at_the_hub_that_it_reached_whatever_is_told_of_it_there(code):
    assert waiting(ARRIVAL) == ("ost", ARRIVAL.happened_at)
    assert waiting(ARRIVAL, told(code, "2026-03-12 09:00", "office")) == ("ost", ARRIVAL.happened_at)


def test_a_parcel_that_customs_released_waits_at_the_hub_since_then():
    released = told("customs_released", "2026-03-14 11:00", "office")
    assert waiting(ARRIVAL, told("import_customs", "2026-03-12 09:00"), released) == ("ost", released.happened_at)


@pytest.mark.parametrize("code", ["hub_departure", "destination_depot", "out_for_delivery"])
def test_a_parcel_that_went_on_waits_at_no_hub(code):
    assert waiting(ARRIVAL, told(code, "2026-03-12 02:00", "ost")) == NOWHERE
    assert waiting(ARRIVAL, told("hub_arrival", "2026-03-12 02:00", "sued")).hub == "sued"


def test_without_a_scan_of_a_hub_or_its_name_a_parcel_waits_at_none():
    assert waiting() == waiting(told("handed_over", "2026-03-11 16:00")) == NOWHERE
    assert waiting(told("hub_arrival", "2026-03-11 20:00")) == NOWHERE


def columns_at(hub, now, kind):
    """Columns of a parcel that reached a hub a day and a half before `now`, by the world of `queue`."""
    rows, scans = queue()
    sketches = build_sketches(history_of(rows, scans=scans), NETWORK, 20_600)
    one = live(shipment(1, instant(now) - timedelta(days=3), carrier="kranich"))
    arrival = Scan("kranich", "p1", "hub_arrival", *[instant(now) - timedelta(hours=36)] * 2, facility_id=hub)
    orders = orders_of([one], CARRIERS)
    progress = parcel_progress([arrival], instant(now))
    place = one.destination
    standing = standing_of(progress, one.ordered_at, int(orders.dispatch_on[0]), place.country, place.time_zone)
    histories = sketches.rolling() if kind == "rolling" else sketches.snapshot(standing.known_day)
    static = assemble_landmarks(orders, Standings.of([standing]), histories, HORIZON).static[0]
    names = column_names(LIVING_COLUMNS)
    return [float(static[names.index(column.name)]) for column in COLUMNS]


@pytest.mark.parametrize("kind", ["rolling", "snapshot"])
def test_a_strike_tells_that_a_parcel_waits_like_all_others(kind):
    before, strike = (columns_at("sued", now, kind) for now in ("2026-02-26 09:00", "2026-03-04 09:00"))
    assert min(before[:3]) > 0.8
    assert strike[0] > 0.75  # usually
    assert strike[2] < strike[1] < before[1] - 0.1  # in the last 3 and 7 days
    assert strike[3] > before[3]


def test_a_hub_that_works_as_ever_is_not_blamed_for_the_strike_of_another():
    ost, sued = (columns_at(hub, "2026-03-04 09:00", "rolling") for hub in ("ost", "sued"))
    assert ost[2] > sued[2] + 0.2


def test_a_parcel_that_waits_at_no_hub_has_no_such_columns():
    assert np.isnan(columns_at("", "2026-03-04 09:00", "rolling")).all()
