"""Peers of a history, all at once: what the slow obvious count says of each parcel."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parcelcast import peers as definition
from parcelcast.peers import Cohort, Hour, peers_of
from parcelcast.tables import SCANS
from parcelcast.tracking.scan import Scan
from pipelines.ingest.storage import STORED, conformed
from pipelines.living import peers as counting
from pipelines.living.peers import PastPeers
from tests.pipelines.living.slow_peers import moves_among
from tests.pipelines.living.world import world

START = datetime(2027, 3, 1, tzinfo=UTC)
_texts = (
    st.sampled_from(["dpd", "gls"]),
    st.sampled_from(["hub_arrival", "origin_scan"]),
    st.sampled_from(["", "a", "b"]),
)
_minutes = st.integers(0, 40 * 60)
# Parcel, carrier, code, facility, minute of the scan, and minutes until it was recorded.
_scans = st.lists(st.tuples(st.integers(0, 4), *_texts, _minutes, st.integers(0, 20 * 60)), min_size=1, max_size=25)


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


def past_of(scans: Sequence[tuple[int, Scan]]) -> PastPeers:
    rows = [
        {"scan_id": f"s{number}", "shipment_id": one.tracking_number}
        | {name: getattr(one, name) for name in ("carrier", "code", "facility_id", "occurred_at", "recorded_at")}
        for number, (_, one) in enumerate(scans)
    ]
    frame = conformed(pd.DataFrame(rows, columns=list(SCANS.column_names)), STORED["scans"])
    return PastPeers.of(np.array([parcel for parcel, _ in scans], dtype=np.intp), frame)


def asked(scan: Scan) -> Cohort:
    hour = int(scan.occurred_at.timestamp()) // 3600
    return Cohort(Hour(scan.carrier, scan.code, hour), scan.facility_id or "")


@settings(max_examples=150, deadline=None)
@given(_scans, st.integers(0, 60 * 60))
@example([(0, "dpd", "hub_arrival", "a", 0, 0), (0, "dpd", "hub_arrival", "a", 0, 600)], 30)
def test_they_are_those_of_the_slow_count(told, minute):
    scans, as_of = scans_of(told), START + timedelta(minutes=minute)
    known = [(parcel, one) for parcel, one in scans if one.recorded_at < as_of]
    cohorts = [asked(one) for _, one in known]
    instants = np.full(len(known), np.datetime64(as_of.replace(tzinfo=None), "us"))
    found = past_of(scans).counted(cohorts, instants)
    slow = [peers_of(one, moves_among(scans, as_of)) for one in cohorts]
    assert found.tolist() == [list(one) for one in slow]


def test_of_many_scans_in_an_hour_the_first_count(monkeypatch):
    for module in (definition, counting):
        monkeypatch.setattr(module, "MOST_AN_HOUR", 3)
    told = [(parcel, "dpd", "hub_arrival", "a", parcel, 0) for parcel in range(6)]
    scans = scans_of([*told, *((parcel, "dpd", "origin_scan", "", 90, 0) for parcel in range(2, 6))])
    found = past_of(scans).counted([asked(scans[1][1])], np.array([np.datetime64("2027-03-02")]))
    assert found.tolist() == [[2.0, 1.0]]


def test_who_has_no_cohort_has_no_peers():
    scans = scans_of([(0, "dpd", "hub_arrival", "a", 0, 0)])
    found = past_of(scans).counted([None, asked(scans[0][1])], np.full(2, np.datetime64("2027-03-02")))
    assert found.shape == (2, 2)
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [0.0, 0.0]
    assert past_of(scans).counted([], np.empty(0, dtype="datetime64[us]")).shape == (0, 2)


def test_a_history_without_scans_has_no_peers():
    frame = conformed(pd.DataFrame([], columns=list(SCANS.column_names)), STORED["scans"])
    assert (
        PastPeers.of(np.empty(0, dtype=np.intp), frame).counted([None], np.array([np.datetime64("2027-03-02")])).shape
    )


@pytest.mark.parametrize("hours", [1, 24])
def test_a_simulated_world_is_counted_as_slowly_counted(hours):
    """Scans that come twice, late, and with codes that nobody knows."""
    feed = world().feed
    reports = feed.reports(np.arange(600))
    scans = [(row, one) for row, told in reports.items() for one in told if one.source != "shop"]
    some = scans[:: len(scans) // 60]
    as_of = [one.recorded_at + timedelta(hours=hours) for _, one in some]
    of_600 = np.flatnonzero((feed.row < 600) & (feed.scan >= 0))
    past = PastPeers.of(feed.row[of_600], feed.scans.iloc[feed.scan[of_600]])
    instants = np.array([at.replace(tzinfo=None) for at in as_of], dtype="datetime64[us]")
    found = past.counted([asked(one) for _, one in some], instants)
    slow = [peers_of(asked(one), moves_among(scans, at)) for (_, one), at in zip(some, as_of, strict=True)]
    assert found.tolist() == [list(one) for one in slow]
    assert found[:, 1].max() > 0
