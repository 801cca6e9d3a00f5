"""Peers of a history, all at once: what the slow obvious count says of each parcel."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parcelcast.peers import Cohort, Hour, peers_of
from parcelcast.tables import SCANS
from parcelcast.tracking.scan import Scan
from pipelines.ingest.storage import STORED, conformed
from pipelines.living import peers as counting
from pipelines.living.landmarks import standings_at
from pipelines.living.peers import PastPeers
from pipelines.living.sampling import Chosen
from tests.pipelines.living.slow_peers import moves_among
from tests.pipelines.living.world import world

START = datetime(2027, 3, 1, tzinfo=UTC)
NEXT_DAY = np.datetime64("2027-03-02", "us")
_carriers, _codes = st.sampled_from(["dpd", "gls"]), st.sampled_from(["hub_arrival", "origin_scan", "delivered"])
_minutes = st.integers(0, 40 * 60)
# Parcel, carrier, code, facility, minute of the scan, and minutes until it was recorded.
_tale = st.tuples(st.integers(0, 4), _carriers, _codes, st.sampled_from(["", "a", "b"]), _minutes, st.integers(0, 1200))
_tales = st.lists(_tale, min_size=1, max_size=25)


def scans_of(told) -> list[tuple[int, Scan]]:
    return [
        (
            parcel,
            Scan(
                carrier,
                f"n{parcel}",
                code,
                START + timedelta(minutes=minute),
                START + timedelta(minutes=minute + late),
                facility_id=facility or None,
            ),
        )
        for parcel, carrier, code, facility, minute, late in told
    ]


def frame_of(scans: Sequence[tuple[int, Scan]]) -> pd.DataFrame:
    rows = [
        {"scan_id": f"s{number}", "shipment_id": one.tracking_number}
        | {name: getattr(one, name) for name in counting.COLUMNS}
        for number, (_, one) in enumerate(scans)
    ]
    return conformed(pd.DataFrame(rows, columns=list(SCANS.column_names)), STORED["scans"])


def past_of(scans: Sequence[tuple[int, Scan]]) -> PastPeers:
    return PastPeers.of(np.array([parcel for parcel, _ in scans], dtype=np.intp), frame_of(scans))


def asked(scan: Scan) -> Cohort:
    hour = int(scan.occurred_at.timestamp()) // 3600
    return Cohort(Hour(scan.carrier, scan.code, hour), scan.facility_id or "", scan.recorded_at)


@settings(max_examples=200, deadline=None)
@given(_tales, st.integers(0, 60 * 60), st.integers(1, 6))
@example([(0, "dpd", "hub_arrival", "a", 0, 0), (0, "dpd", "hub_arrival", "a", 0, 600)], 30, 6)
@example([(0, "dpd", "hub_arrival", "a", 0, 900), (1, "dpd", "hub_arrival", "a", 1, 0)], 60, 1)
def test_they_are_those_of_the_slow_count(told, minute, most):
    """However few count of an hour: what is recorded later changes nothing."""
    scans, as_of = scans_of(told), START + timedelta(minutes=minute)
    cohorts = [
        asked(one) for _, one in scans if one.recorded_at < as_of and one.facility_id and one.code != "delivered"
    ]
    instants = np.full(len(cohorts), np.datetime64(as_of.replace(tzinfo=None), "us"))
    with patch.object(counting, "MOST_AN_HOUR", most):
        found = past_of(scans).counted(cohorts, instants)
    slow = [peers_of(one, moves_among(scans, as_of, most)) for one in cohorts]
    assert found.tolist() == [list(one) for one in slow]
    assert (found[:, 1] <= found[:, 0]).all()


def test_a_parcel_that_comes_again_is_no_peer_of_itself():
    scans = scans_of((0, "dpd", "hub_arrival", "a", minute, 0) for minute in (0, 30, 90))
    assert past_of(scans).counted([asked(scans[-1][1])], np.array([NEXT_DAY])).tolist() == [[0.0, 0.0]]


def test_who_has_no_cohort_has_no_peers():
    scans = scans_of([(0, "dpd", "hub_arrival", "a", 0, 0)])
    found = past_of(scans).counted([None, asked(scans[0][1])], np.full(2, NEXT_DAY))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [0.0, 0.0]
    assert past_of(scans).counted([], np.empty(0, dtype="datetime64[us]")).shape == (0, 2)


def test_a_history_without_scans_has_no_peers():
    found = past_of([]).counted([None], np.array([NEXT_DAY]))
    assert found.shape == (1, 2)
    assert np.isnan(found).all()


@pytest.mark.parametrize("told", [" DPD ", "GRO\u00df", "\u0130", ""])
def test_carriers_are_those_of_scans_however_they_are_spelled(told):
    (row, scan), other = scans_of([(parcel, "dpd", "hub_arrival", "a", 0, 0) for parcel in (0, 1)])
    scan = Scan(told, "n0", scan.code, scan.occurred_at, scan.recorded_at, facility_id="a")
    frame = frame_of([(row, scan), other]).assign(carrier=pd.Series([told, None], dtype="string"))
    for one in (frame, frame.assign(carrier=frame["carrier"].astype("category"))):
        found = PastPeers.of(np.array([0, 1]), one).counted([asked(scan)], np.array([NEXT_DAY]))
        assert found.tolist() == [[1.0 if told == "" else 0.0, 0.0]]


def test_more_than_can_be_numbered_is_refused():
    scans = scans_of([(0, "dpd", "hub_arrival", "a", 0, 0)])
    with patch.object(counting, "HOURS", 2**61), pytest.raises(OverflowError, match="too many"):
        past_of(scans)


def test_standings_tell_of_peers():
    made = world()
    reports = made.feed.reports(np.arange(1000))
    rows = np.array([row for row, told in reports.items() if any(one.code == "hub_arrival" for one in told)])
    last = [max(one.recorded_at for one in reports[row] if one.code == "hub_arrival") for row in rows.tolist()]
    as_of = np.array([at.replace(tzinfo=None) for at in last], dtype="datetime64[us]") + np.timedelta64(13, "h")
    told = standings_at(made.prepared.history, reports, Chosen(rows, as_of), made.feed.peers).number
    assert np.nanmax(told["peers"]) > np.nanmax(told["moved_peers"]) > 0
    alone = standings_at(made.prepared.history, reports, Chosen(rows, as_of), None).number
    assert np.isnan(alone["peers"]).all()


def test_what_happened_after_an_instant_is_not_counted_as_of_before():
    feed = world().feed
    scanned = np.flatnonzero(feed.scan >= 0)
    middle = np.sort(feed.recorded[scanned])[len(scanned) // 2]
    assert len(feed.peers_before(middle).recorded) < 0.6 * len(feed.peers.recorded)
    assert feed.peers_before(middle).recorded.max() > middle  # told late
    assert len(feed.peers_before(feed.recorded.max() + np.timedelta64(1, "us")).recorded) == len(feed.peers.recorded)


@pytest.mark.parametrize("hours", [1, 24])
def test_a_simulated_world_is_counted_as_slowly_counted(hours):
    """Scans that come twice, late, and with codes that nobody knows."""
    feed = world().feed
    reports = feed.reports(np.arange(600))
    scans = [(row, one) for row, told in reports.items() for one in told if one.source != "shop"]
    ours = [one for _, one in scans if one.code in ("origin_scan", "hub_arrival", "hub_departure")]
    some = ours[:: len(ours) // 60]
    as_of = [one.recorded_at + timedelta(hours=hours) for one in some]
    of_600 = np.flatnonzero((feed.row < 600) & (feed.scan >= 0))
    past = PastPeers.of(feed.row[of_600], feed.scans.iloc[feed.scan[of_600]])
    instants = np.array([at.replace(tzinfo=None) for at in as_of], dtype="datetime64[us]")
    found = past.counted([asked(one) for one in some], instants)
    slow = [peers_of(asked(one), moves_among(scans, at)) for one, at in zip(some, as_of, strict=True)]
    assert found.tolist() == [list(one) for one in slow]
    assert found[:, 1].max() > 0
