from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from parcelcast.scan import CODES
from pipelines.simulator.clock import TIME_ZONE

# The order in which a parcel without trouble passes its milestones.
ORDER = ["label_created", "handed_over", "origin_scan", "destination_depot", "out_for_delivery", "delivered"]


@pytest.fixture(scope="module")
def scans(tables):
    frame = tables["scans"].copy()
    true_offset = frame["occurred_at"].dt.tz_convert(TIME_ZONE).map(lambda moment: moment.utcoffset().seconds // 60)
    frame["wrong_clock"] = frame["utc_offset_min"] != true_offset
    return frame


def test_nothing_is_recorded_at_the_end_of_the_history_or_later(tables, config):
    until = pd.Timestamp(config.until, tz=TIME_ZONE)
    shipments = tables["shipments"]
    assert tables["scans"]["recorded_at"].max() < until
    for column in ("ordered_at", "ready_at", "dispatched_recorded_at", "delivered_recorded_at"):
        assert shipments[column].max() < until
    assert tables["weather_daily"]["issued_at"].max() == until
    truth = tables["truth"].set_index("shipment_id")["delivered_at"]
    later = truth[truth >= until]
    assert len(later) > 20
    assert shipments.set_index("shipment_id").loc[later.index, "delivered_at"].isna().all()


def test_scans_are_learned_of_after_they_happen_and_numbered_in_that_order(scans):
    assert (scans["recorded_at"] >= scans["occurred_at"]).all()
    assert scans["recorded_at"].is_monotonic_increasing
    assert scans["scan_id"].is_unique
    assert scans["scan_id"].is_monotonic_increasing


def test_scans_happen_in_the_order_of_the_journey(scans):
    honest = scans[~scans["wrong_clock"] & scans["code"].isin(ORDER)]
    first = honest.pivot_table(index="shipment_id", columns="code", values="occurred_at", aggfunc="min")
    for earlier, later in pairwise(ORDER):
        both = first[[earlier, later]].dropna()
        assert len(both) > 1000
        assert (both[later] > both[earlier]).all()


def test_hubs_are_reached_before_they_are_left(scans):
    honest = scans[~scans["wrong_clock"]]
    at_hub = honest[honest["code"].isin(["hub_arrival", "hub_departure"])]
    first = at_hub.pivot_table(
        index=["shipment_id", "facility_id"], columns="code", values="occurred_at", aggfunc="min"
    ).dropna()
    assert len(first) > 2000
    assert (first["hub_departure"] > first["hub_arrival"]).all()


def test_feeds_have_the_faults_of_real_ones(scans):
    copies = scans.duplicated(["shipment_id", "occurred_at", "code", "facility_id"]).mean()
    assert 0.005 < copies < 0.03
    delay = (scans["recorded_at"] - scans["occurred_at"]).dt.total_seconds() / 3600
    assert delay.median() < 0.5
    assert 0.005 < (delay > 8).mean() < 0.05
    assert 0.0005 < scans["wrong_clock"].mean() < 0.01
    overtaken = scans.groupby("shipment_id")["occurred_at"].apply(lambda times: not times.is_monotonic_increasing)
    assert 0.01 < overtaken.mean() < 0.3
    assert (scans["code"] == "info_only").any()


def test_some_scans_are_missing(tables):
    codes = tables["scans"].groupby("shipment_id")["code"].agg(set)
    delivered = tables["shipments"].set_index("shipment_id")["status"] == "delivered"
    complete = codes[delivered[delivered].index]
    assert 0.01 < np.mean(["out_for_delivery" not in seen for seen in complete]) < 0.08


def test_scans_speak_the_canonical_vocabulary_and_know_their_places(tables):
    scans, facilities = tables["scans"], tables["facilities"]
    assert set(scans["code"]) <= set(CODES)
    assert set(scans["facility_id"].dropna()) <= set(facilities["facility_id"])
    known = scans.dropna(subset=["facility_id"]).merge(facilities, on="facility_id", suffixes=("", "_facility"))
    assert (known["place"] == known["place_facility"]).all()
    assert (known["country"] == known["country_facility"]).all()
    exceptions = scans[scans["code"].isin(["exception", "delivery_attempted", "return_started"])]
    assert exceptions["reason"].notna().all()
    assert exceptions["party"].notna().all()
    assert scans.loc[scans["code"] == "info_only", "reason"].isna().all()
