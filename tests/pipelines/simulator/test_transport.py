import numpy as np
import pandas as pd
import pytest

from pipelines.simulator.carriers import CUSTOMS_COUNTRY


@pytest.fixture(scope="module")
def scanned(tables):
    """Codes that were scanned of each shipment, with the shipment beside."""
    codes = tables["scans"].groupby("shipment_id")["code"].agg(set).rename("codes")
    return (
        tables["shipments"]
        .set_index("shipment_id")
        .join(codes, how="inner")
        .join(tables["truth"].set_index("shipment_id")[["final_status", "dark_lane", "customs_days"]])
    )


def _share_with(rows: pd.DataFrame, code: str) -> float:
    return float(np.mean([code in codes for codes in rows["codes"]]))


def test_customs_scan_what_enters_switzerland_and_nothing_else(scanned):
    done = scanned[scanned["status"] == "delivered"]
    swiss = done["destination_country"] == CUSTOMS_COUNTRY
    assert _share_with(done[swiss], "import_customs") > 0.9
    assert _share_with(done[swiss], "customs_released") > 0.9
    assert _share_with(done[~swiss], "import_customs") == 0.0
    assert (scanned.loc[scanned["destination_country"] != CUSTOMS_COUNTRY, "customs_days"] == 0).all()


def test_dark_lanes_are_silent_between_handover_and_depot(scanned):
    done = scanned[scanned["status"] == "delivered"]
    silent = done[done["dark_lane"]]
    assert len(silent) > 20
    for code in ("origin_scan", "hub_arrival", "hub_departure"):
        assert _share_with(silent, code) == 0.0
    assert _share_with(silent, "destination_depot") > 0.8
    assert _share_with(done[~done["dark_lane"] & (done["carrier"] == "kranich")], "hub_arrival") > 0.95


def test_the_own_fleet_knows_no_hubs(scanned):
    own = scanned[(scanned["carrier"] == "eigenflotte") & (scanned["status"] == "delivered")]
    assert len(own) > 20
    assert _share_with(own, "hub_arrival") == 0.0
    assert _share_with(own, "destination_depot") > 0.8


def test_express_is_faster_than_standard(deliveries):
    kranich = deliveries[(deliveries["carrier"] == "kranich") & (deliveries["delivery_mode"] == "home")]
    transit = pd.to_datetime(kranich["delivered_on"]) - pd.to_datetime(kranich["planned_dispatch_on"])
    means = transit.dt.days.groupby(kranich["service"]).mean()
    assert means["express"] + 0.5 < means["standard"]


def test_pallets_for_injection_leave_on_few_weekdays(tables):
    scans = tables["scans"].merge(tables["shipments"][["shipment_id", "service", "destination_country"]])
    arrivals = scans[(scans["service"] == "injection") & (scans["code"] == "hub_arrival")]
    weekdays = arrivals[arrivals["destination_country"] == CUSTOMS_COUNTRY]["occurred_at"].dt.weekday
    assert len(weekdays) > 5
    # Pallets leave on Tuesday and Thursday evening and travel one night, or two when a lorry is late.
    assert weekdays.isin([2, 4]).mean() > 0.7
