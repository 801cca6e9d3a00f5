import csv
import gzip
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from parcelcast.errors import DataError
from parcelcast.tables import ORIGINS, SCANS, SHIPMENTS
from pipelines.ingest import ingest, load_tables
from pipelines.ingest.evidence import Findings, load_evidence, write_evidence
from pipelines.ingest.storage import conformed, write_table
from pipelines.validate import validate

DAYS = 100
AHEAD = pd.Timestamp("2031-01-01T00:00Z")


def orders(**changes):
    """A hundred sound orders; `changes` set single values: column -> {row: value}."""
    ordered = pd.Series(pd.date_range("2024-01-01T09:00Z", periods=DAYS))
    frame = pd.DataFrame(
        {
            "shipment_id": [f"p{row}" for row in range(DAYS)],
            "order_id": [f"o{row}" for row in range(DAYS)],
            "merchant_id": "shop",
            "origin_id": "wh",
            "origin_country": "DE",
            "destination_country": "DE",
            "ordered_at": ordered,
            "dispatched_at": ordered + pd.Timedelta(hours=5),
            "dispatched_recorded_at": ordered + pd.Timedelta(hours=5),
            "delivered_at": ordered + pd.Timedelta(days=2),
            "delivered_recorded_at": ordered + pd.Timedelta(days=2),
            "weight_g": 900.0,
            "status": "delivered",
        }
    )
    for column, values in changes.items():
        for row, value in values.items():
            frame.loc[row, column] = value
    return frame


ORIGIN = pd.DataFrame({"origin_id": ["wh"], "country": ["DE"], "calendar": ["{}"], "handling_days": [0]})


def scans(count, **changes):
    occurred = pd.Timestamp("2024-01-01T12:00Z")
    frame = pd.DataFrame(
        {
            "scan_id": [f"s{row}" for row in range(count)],
            "shipment_id": "p0",
            "occurred_at": occurred,
            "code": "origin_scan",
        }
    ).assign(recorded_at=occurred + pd.Timedelta(hours=6))
    for column, values in changes.items():
        for row, value in values.items():
            frame.loc[row, column] = value
    return frame


def validated(folder, shipments, feed=None, origins=ORIGIN, **options):
    tables = {SHIPMENTS: shipments, ORIGINS: origins, SCANS: feed}
    for table, frame in tables.items():
        if frame is not None:
            write_table(frame, table, folder / "canonical")
    return validate(folder / "canonical", folder / "validated", **options)


def rows(summary, table, rule):
    return summary["tables"][table]["rules"][rule]["rows"]


def test_sound_tables_pass_as_they_are(tmp_path):
    summary = validated(tmp_path, orders(), scans(3, occurred_at={1: pd.Timestamp("2024-01-01T13:00Z")}))
    assert summary["success"]
    passed, came = load_tables(tmp_path / "validated"), load_tables(tmp_path / "canonical")
    for name in ("shipments", "origins", "scans"):
        pd.testing.assert_frame_equal(passed[name], came[name])
    assert not (tmp_path / "quarantine").exists()


def test_a_row_nobody_can_use_is_set_aside_with_its_reasons_and_counted(tmp_path):
    summary = validated(tmp_path, orders(delivered_at={7: pd.Timestamp("2024-01-01T00:00Z")}))
    counts = summary["tables"]["shipments"]
    assert (counts["rows"], counts["passed"], counts["quarantined"], counts["repaired"]) == (100, 99, 1, 0)
    assert "p7" not in load_tables(tmp_path / "validated")["shipments"]["shipment_id"].tolist()
    evidence = load_evidence(SHIPMENTS, tmp_path / "quarantine")
    assert evidence["shipment_id"].tolist() == ["p7"]
    assert [reason.split(":")[0] for reason in evidence["reasons"][0]] == [
        "delivered_before_order",
        "delivered_before_dispatch",
    ]


def test_no_row_is_lost_between_passed_and_quarantine(tmp_path):
    changes = {
        "status": {1: "gone"},
        "delivered_at": {2: None, 3: pd.Timestamp("2020-01-01T00:00Z")},
        "order_id": {4: None},
    }
    validated(tmp_path, orders(**changes))
    passed = load_tables(tmp_path / "validated")["shipments"]["shipment_id"].tolist()
    evidence = load_evidence(SHIPMENTS, tmp_path / "quarantine")
    aside = evidence.loc[evidence["outcome"] == "quarantined", "shipment_id"].tolist()
    assert sorted(passed + aside) == sorted(orders()["shipment_id"])
    assert aside == ["p2", "p3", "p4"]


def test_a_handover_before_the_order_is_taken_out_and_the_parcel_stays(tmp_path):
    early = pd.Timestamp("2024-01-06T08:50Z")
    summary = validated(tmp_path, orders(dispatched_at={5: early}))
    parcel = load_tables(tmp_path / "validated")["shipments"].iloc[5]
    assert pd.isna(parcel["dispatched_at"])
    assert pd.isna(parcel["dispatched_recorded_at"])
    assert parcel["delivered_at"] == pd.Timestamp("2024-01-08T09:00Z")
    evidence = load_evidence(SHIPMENTS, tmp_path / "quarantine")
    assert evidence["dispatched_at"].tolist() == [early]  # as it came
    assert evidence["outcome"].tolist() == ["repaired"]
    assert summary["tables"]["shipments"]["repaired"] == 1


def test_a_delivery_known_before_it_happened_is_known_when_it_happened(tmp_path):
    validated(tmp_path, orders(delivered_recorded_at={5: pd.Timestamp("2024-01-06T08:50Z")}))
    parcel = load_tables(tmp_path / "validated")["shipments"].iloc[5]
    assert parcel["delivered_recorded_at"] == parcel["delivered_at"]


def test_what_has_not_happened_yet_is_set_aside_until_it_has(tmp_path):
    shipments, feed = orders(ordered_at={7: AHEAD}, delivered_recorded_at={8: AHEAD}), scans(40, recorded_at={2: AHEAD})
    summary = validated(tmp_path, shipments, feed, now=datetime(2026, 11, 30, tzinfo=UTC))
    assert (rows(summary, "shipments", "later_than_now"), rows(summary, "scans", "later_than_now")) == (2, 1)
    passed = load_tables(tmp_path / "validated")["shipments"]["shipment_id"]
    assert passed.tolist() == [f"p{row}" for row in range(DAYS) if row not in {7, 8}]
    evidence = load_evidence(SHIPMENTS, tmp_path / "quarantine").set_index("shipment_id")
    assert "later than this run" in evidence.loc["p8", "reasons"][0]
    later = validated(tmp_path, shipments, feed, now=datetime(2032, 1, 1, tzinfo=UTC))
    assert rows(later, "shipments", "later_than_now") == rows(later, "scans", "later_than_now") == 0


def test_a_clock_that_is_slow_stops_the_stage_instead_of_emptying_the_tables(tmp_path):
    with pytest.raises(DataError, match=r"51 of 100 rows .*later than this run"):
        validated(tmp_path, orders(), now=datetime(2024, 2, 21, tzinfo=UTC))


def test_a_warning_counts_and_changes_nothing(tmp_path):
    summary = validated(tmp_path, orders(ready_at={5: pd.Timestamp("2024-01-06T20:00Z")}))
    assert rows(summary, "shipments", "dispatched_before_ready") == 1
    assert summary["tables"]["shipments"]["passed"] == DAYS
    assert load_evidence(SHIPMENTS, tmp_path / "quarantine") is None


def test_repeated_scans_and_scans_of_quarantined_parcels_are_set_aside(tmp_path):
    feed = scans(4, scan_id={1: "s0"}, shipment_id={2: "p9"})
    summary = validated(tmp_path, orders(delivered_at={9: None}), feed)
    assert rows(summary, "scans", "scan_repeated") == 1
    assert rows(summary, "scans", "shipment_unknown") == 1
    assert load_tables(tmp_path / "validated")["scans"]["scan_id"].tolist() == ["s0", "s3"]


def test_the_summary_is_written_as_a_metric(tmp_path):
    summary = validated(tmp_path, orders())
    assert json.loads((tmp_path / "validated" / "validation.json").read_text(encoding="utf-8")) == summary


def test_what_the_ingest_set_aside_is_in_the_same_quarantine(tmp_path):
    findings = Findings()
    findings.quarantine([0], "ordered_at is missing")
    rejected = findings.evidence(conformed(orders(shipment_id={0: "x"}), SHIPMENTS))
    write_evidence(rejected, SHIPMENTS, tmp_path / "canonical" / "rejected")
    summary = validated(tmp_path, orders(delivered_at={9: None}))
    assert summary["tables"]["shipments"]["noted_while_reading"] == 1
    assert load_evidence(SHIPMENTS, tmp_path / "quarantine")["shipment_id"].tolist() == ["x", "p9"]


def test_one_rule_that_too_many_rows_break_stops_and_leaves_its_account(tmp_path):
    bad = {row: None for row in range(6)}  # noqa: C420 - None is the value
    with pytest.raises(DataError) as caught:
        validated(tmp_path, orders(delivered_at=bad))
    message = str(caught.value)
    for words in (
        "shipments.parquet, column delivered_at, status: 6 of 100 rows (6.0%)",
        "rows 1, 2, 3",
        "To do:",
        "index.html",
    ):
        assert words in message
    out = tmp_path / "validated"
    assert json.loads((out / "validation.json").read_text(encoding="utf-8"))["success"] is False
    assert (out / "data_docs" / "index.html").is_file()
    assert not (out / "shipments.parquet").exists()


def test_the_critical_share_can_be_set(tmp_path):
    bad = {row: None for row in range(6)}  # noqa: C420 - None is the value
    assert validated(tmp_path, orders(delivered_at=bad), critical_share=0.06)["success"]


def test_many_repeated_scans_do_not_stop(tmp_path):
    assert validated(tmp_path, orders(), scans(4, scan_id={1: "s0", 2: "s0", 3: "s0"}))["success"]


def test_repeated_parcels_stop(tmp_path):
    with pytest.raises(
        DataError, match=r"column shipment_id: 2 of 100 rows .*another row has the same shipment_id.*rows 1, 2"
    ):
        validated(tmp_path, orders(shipment_id={1: "p0"}))


def test_an_origin_without_a_readable_calendar_stops(tmp_path):
    with pytest.raises(DataError, match=r"origins.parquet, column calendar"):
        validated(tmp_path, orders(), origins=ORIGIN.assign(calendar="closed"))


def test_the_account_of_an_earlier_run_does_not_stay(tmp_path):
    validated(tmp_path, orders(delivered_at={9: None}))
    validated(tmp_path, orders())
    assert not (tmp_path / "quarantine").exists()


class Links(HTMLParser):
    """Collects everything a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.fetched = []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object"} or "src" in named:
            self.fetched.append((tag, named))


def test_the_data_docs_tell_the_findings_and_fetch_nothing(tmp_path):
    nasty = "<script>alert(1)</script>"
    validated(tmp_path, orders(delivered_at={9: None}, shipment_id={9: nasty}))
    page = (tmp_path / "validated" / "data_docs" / "index.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert links.fetched == []
    assert not re.search(r"https?:|@import|url\(", page)
    assert "delivered, but nobody knows when" in page
    assert nasty not in page
    assert "99 passed" in page


def test_the_suites_own_results_are_kept_beside_the_page(tmp_path):
    validated(tmp_path, orders())
    result = json.loads((tmp_path / "validated" / "data_docs" / "shipments.json").read_text(encoding="utf-8"))
    assert result["success"] is True


# The known defects of the Olist sample, counted the slow way in the export itself.


def exported(olist, name):
    with gzip.open(olist / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counted_defects(olist):
    found = {
        "delivered_before_dispatch": 0,
        "dispatched_before_order": 0,
        "dispatched_before_ready": 0,
        "delivered_without_time": 0,
    }
    for order in exported(olist, "olist_orders_dataset"):
        ordered, approved = order["order_purchase_timestamp"], order["order_approved_at"]
        handed, delivered = order["order_delivered_carrier_date"], order["order_delivered_customer_date"]
        found["delivered_before_dispatch"] += bool(delivered and handed and delivered < handed)
        found["dispatched_before_order"] += bool(handed and handed < ordered)
        found["dispatched_before_ready"] += bool(handed and approved and handed < approved)
        found["delivered_without_time"] += order["order_status"] == "delivered" and not delivered
    return found


@pytest.fixture(scope="module")
def olist_validated(olist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("olist")
    ingest("olist", olist, folder / "canonical")
    return folder, validate(folder / "canonical", folder / "validated")


def test_the_gates_find_the_known_defects_of_the_olist_orders(olist, olist_validated):
    _, summary = olist_validated
    expected = counted_defects(olist)
    assert {rule: rows(summary, "shipments", rule) for rule in expected} == expected
    assert min(expected["delivered_before_dispatch"], expected["dispatched_before_ready"]) > 0


def test_the_gates_find_the_item_rows_without_a_weight(olist, olist_validated):
    _, summary = olist_validated
    weights = {
        product["product_id"]: product["product_weight_g"] for product in exported(olist, "olist_products_dataset")
    }
    lines = exported(olist, "olist_order_items_dataset")
    without = sum(not weights[line["product_id"]] or float(weights[line["product_id"]]) == 0 for line in lines)
    assert rows(summary, "items", "weight_zero_or_missing") == without > 0


def test_no_other_rule_is_broken_by_the_olist_orders(olist, olist_validated):
    _, summary = olist_validated
    broken = {rule for table in summary["tables"].values() for rule, found in table["rules"].items() if found["rows"]}
    assert broken <= {*counted_defects(olist), "weight_zero_or_missing"}


def test_every_delivered_order_of_the_backtest_window_passes_the_gates(olist, olist_validated):
    folder, _ = olist_validated
    zone = ZoneInfo("America/Sao_Paulo")
    since, until = datetime(2018, 5, 1, tzinfo=zone), datetime(2018, 7, 1, tzinfo=zone)
    delivered = {
        order["order_id"]
        for order in exported(olist, "olist_orders_dataset")
        if order["order_status"] == "delivered" and "2018-05-01" <= order["order_purchase_timestamp"] < "2018-07-01"
    }
    shipments = load_tables(folder / "validated")["shipments"]
    window = shipments[(shipments["ordered_at"] >= since) & (shipments["ordered_at"] < until)]
    usable = window[(window["status"] == "delivered") & window["delivered_at"].notna()]
    assert set(usable["shipment_id"]) == delivered
    assert len(delivered) == 2940
