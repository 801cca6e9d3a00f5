import csv
import gzip
import json
import shutil
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError
from parcelcast.tables import SHIPMENTS
from pipelines.ingest import ingest, load_tables
from pipelines.ingest.evidence import load_evidence
from pipelines.ingest.storage import ITEMS as ITEMS_TABLE

ORDER_COLUMNS = (
    "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
    "order_delivered_customer_date,order_estimated_delivery_date\n"
)
ORDERS = (
    "o1,c1,delivered,2018-03-27 18:00:43,2018-03-29 03:28:47,2018-03-29 21:48:48,2018-04-06 02:32:49,"
    "2018-04-18 00:00:00\n"
    "o2,c2,canceled,2018-02-17 23:30:00,,,,2018-03-01 00:00:00\n"
)
ITEMS = """order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
o1,1,p1,s1,2018-04-04 03:28:47,10.00,3.00
o1,2,p1,s1,2018-04-04 03:28:47,10.00,3.00
o1,3,p2,s2,2018-04-06 03:28:47,99.00,5.00
"""
PAYMENTS = """order_id,payment_type,payment_value
o1,voucher,60.00
o1,boleto,40.00
o1,voucher,1.00
o1,boleto,70.00
"""
PRODUCTS = """product_id,product_category_name,product_weight_g,product_length_cm,product_height_cm,product_width_cm
p1,perfumaria,225,16,40,14
p2,pc_gamer,1000,30,18,20
p3,,0,,,
"""
SELLERS = "seller_id,seller_zip_code_prefix,seller_state\ns1,1023,SP\ns2,69005,AM\n"
CUSTOMERS = "customer_id,customer_zip_code_prefix\nc1,01310\nc2,20000\n"
CATEGORIES = "product_category_name,product_category_name_english\nperfumaria,perfumery\n"

FILES = {
    "olist_orders_dataset": ORDER_COLUMNS + ORDERS,
    "olist_order_items_dataset": ITEMS,
    "olist_order_payments_dataset": PAYMENTS,
    "olist_products_dataset": PRODUCTS,
    "olist_sellers_dataset": SELLERS,
    "olist_customers_dataset": CUSTOMERS,
    "product_category_name_translation": CATEGORIES,
}


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "olist"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def changed(export, name, old, new):
    path = export / f"{name}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return export


def shipment(export, order="o1"):
    ingest("olist", export, export / "out")
    return load_tables(export / "out")["shipments"].set_index("shipment_id").loc[order]


def test_an_order_is_one_parcel_with_the_sums_of_its_lines(export):
    parcel = shipment(export)
    assert (parcel["item_count"], parcel["order_value"], parcel["freight_cost"]) == (3, 119.0, 11.0)
    assert parcel["weight_g"] == 225 + 225 + 1000


def test_sides_are_sorted_in_each_line_before_the_largest_are_taken(export):
    parcel = shipment(export)
    assert (parcel["length_mm"], parcel["width_mm"], parcel["height_mm"]) == (400.0, 200.0, 180.0)


def test_the_seller_with_the_largest_freight_is_the_origin(export):
    parcel = shipment(export)
    assert (parcel["origin_id"], parcel["origin_postal_code"]) == ("s1", "01023")
    assert parcel["item_category"] == "perfumery"


def test_a_category_without_translation_keeps_its_name(export):
    assert (
        shipment(
            changed(
                export,
                "olist_order_items_dataset",
                "s2,2018-04-06 03:28:47,99.00,5.00",
                "s2,2018-04-06 03:28:47,99.00,9.00",
            )
        )["item_category"]
        == "pc_gamer"
    )


def test_times_are_local_to_sao_paulo(export):
    parcel = shipment(export)
    assert parcel["ordered_at"] == pd.Timestamp("2018-03-27T21:00:43Z")
    assert parcel["ready_at"] == pd.Timestamp("2018-03-29T06:28:47Z")
    assert parcel["delivered_at"] == parcel["delivered_recorded_at"] == pd.Timestamp("2018-04-06T05:32:49Z")


def test_a_purchase_in_the_repeated_hour_is_in_its_first_pass(export):
    assert shipment(export, "o2")["ordered_at"] == pd.Timestamp("2018-02-18T01:30:00Z")


def test_the_promise_is_a_date(export):
    assert shipment(export)["promised_on"].date() == date(2018, 4, 18)


def test_the_shops_promise_is_no_quote_of_a_carrier(export):
    # It would let the promise that we replace into our own forecast.
    assert pd.isna(shipment(export)["quoted_transit_days"])


def test_the_payment_that_paid_most_is_the_method(export):
    assert shipment(export)["payment_method"] == "boleto"


def test_olist_names_no_carrier(export):
    assert pd.isna(shipment(export)["carrier"])


def test_an_order_without_items_comes_from_an_unknown_seller_that_has_a_calendar(export):
    parcel = shipment(export, "o2")
    assert (parcel["status"], parcel["origin_id"]) == ("cancelled", "unknown")
    assert parcel["planned_dispatch_on"].date() == date(2018, 2, 19)
    assert "unknown" in load_tables(export / "out")["origins"]["origin_id"].tolist()


def test_leading_zeros_of_postal_codes_are_kept_and_restored(export):
    assert shipment(export)["destination_postal_code"] == "01310"
    assert shipment(export)["origin_postal_code"] == "01023"


def test_a_seller_in_manaus_works_by_its_own_clock_and_holidays(export):
    ingest("olist", export, export / "out")
    calendars = load_tables(export / "out")["origins"].set_index("origin_id")["calendar"]
    assert json.loads(calendars["s2"]) | {"weekdays": None} == WorkingCalendar(
        "America/Manaus", holiday_country="BR", holiday_region="AM"
    ).to_dict() | {"weekdays": None}


def test_an_unknown_weight_of_one_line_makes_that_of_the_parcel_unknown(export):
    for weight in ("0", ""):
        zero = changed(export, "olist_products_dataset", "p2,pc_gamer,1000,", f"p2,pc_gamer,{weight},")
        assert pd.isna(shipment(zero)["weight_g"])
        changed(zero, "olist_products_dataset", f"p2,pc_gamer,{weight},", "p2,pc_gamer,1000,")


def test_lines_keep_the_weight_as_it_was_exported(export):
    ingest("olist", changed(export, "olist_products_dataset", "gamer,1000", "gamer,0"), export / "out")
    assert load_tables(export / "out")["items"]["weight_g"].tolist() == [225.0, 225.0, 0.0]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (
            "olist_orders_dataset",
            "2018-03-27 18:00:43",
            "27/03/2018",
            r"order_purchase_timestamp \(ordered_at\): 1 of 2",
        ),
        (
            "olist_orders_dataset",
            "2018-03-27 18:00:43",
            "2018-03-27 18:00:43Z",
            r"order_purchase_timestamp .*mixed time",
        ),
        ("olist_orders_dataset", "o2,c2", "o1,c2", r"column order_id: 2 rows share their id"),
        ("olist_orders_dataset", ",order_status,", ",status,", r"column order_status \(is it 'status'"),
        ("olist_products_dataset", ",225,", ",light,", r"product_weight_g \(weight_g\): 1 of 3 .*'light'"),
        (
            "olist_products_dataset",
            "225",
            "0.225",
            r"product_weight_g \(weight_g\): the median is .*it would fit .* kg",
        ),
        ("olist_order_items_dataset", "seller_id", "seller", r"column seller_id \(is it 'seller'"),
        ("olist_order_items_dataset", "o1,2,p1", "o1,1,p1", r"column order_id, order_item_id: 2 rows share"),
        ("olist_order_payments_dataset", "60.00", "sixty", r"payment_value \(paid\): 1 of 4"),
    ],
)
def test_a_broken_export_is_refused(export, name, old, new, words):
    changed(export, name, old, new)
    if new == "0.225":
        changed(export, name, "1000", "0.9")
    with pytest.raises(DataError, match=words) as caught:
        shipment(export)
    assert f"{name}.csv" in str(caught.value)


def many(export, count=60):
    """Add orders of one line each, so that one bad value is no large share."""
    more = {
        "olist_orders_dataset": "x{0},c2,shipped,2018-03-27 18:00:43,,,,2018-04-18 00:00:00\n",
        "olist_order_items_dataset": "x{0},1,q{0},s1,2018-04-04 03:28:47,10.00,3.00\n",
        "olist_products_dataset": "q{0},perfumaria,500,30,20,10\n",
    }
    for name, line in more.items():
        with (export / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.writelines(line.format(number) for number in range(count))
    return export


def test_an_order_without_a_readable_purchase_time_is_set_aside(export):
    changed(many(export), "olist_orders_dataset", "x7,c2,shipped,2018-03-27 18:00:43", "x7,c2,shipped,soon")
    report = ingest("olist", export, export / "out")
    assert "x7" not in load_tables(export / "out")["shipments"]["shipment_id"].tolist()
    assert report.rows_quarantined == {"shipments": 1}
    assert load_evidence(SHIPMENTS, export / "out" / "rejected")["shipment_id"].tolist() == ["x7"]


def test_the_sellers_limit_is_counted_in_working_days_from_the_approval(export):
    assert shipment(export)["handling_limit_days"] == 6.0  # Thursday 29 March to Friday 6 April, the last of its lines
    export = changed(export, "olist_order_items_dataset", "2018-04-06 03:28:47", "2020-04-06 03:28:47")
    assert pd.isna(shipment(export)["handling_limit_days"])


def test_an_unreadable_weight_is_noted_at_the_lines_that_sell_the_product(export):
    changed(many(export), "olist_products_dataset", "q7,perfumaria,500", "q7,perfumaria,light")
    report = ingest("olist", export, export / "out")
    assert pd.isna(load_tables(export / "out")["shipments"].set_index("shipment_id").loc["x7", "weight_g"])
    assert report.rows_repaired == {"items": 1}
    evidence = load_evidence(ITEMS_TABLE, export / "out" / "rejected")
    assert (evidence["shipment_id"][0], evidence["reasons"][0]) == ("x7", ["weight_g: 'light' is not a number"])


def test_an_export_that_lacks_a_file_is_refused(export):
    (export / "olist_sellers_dataset.csv").unlink()
    with pytest.raises(DataError, match=r"olist_sellers_dataset.csv: no such file.*whole Olist export"):
        shipment(export)


def test_the_real_export_gives_one_parcel_per_order(olist, tmp_path):
    report = ingest("olist", olist, tmp_path)
    tables = load_tables(tmp_path)
    shipments, origins = tables["shipments"], tables["origins"]
    assert len(shipments) == report.rows_read["olist_orders_dataset.csv.gz"] == shipments["shipment_id"].nunique()
    assert set(shipments["origin_id"]) <= set(origins["origin_id"])
    assert shipments["destination_postal_code"].str.len().eq(5).all()
    assert shipments["planned_dispatch_on"].notna().all()
    row = shipments.sample(1, random_state=3).iloc[0]
    assert row["ordered_at"].to_pydatetime() == purchase_of(olist, row["shipment_id"])
    assert not report.unknown_codes


def purchase_of(olist, order_id):
    with gzip.open(olist / "olist_orders_dataset.csv.gz", "rt", encoding="utf-8") as file:
        text = next(row["order_purchase_timestamp"] for row in csv.DictReader(file) if row["order_id"] == order_id)
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/Sao_Paulo"))


def test_a_cut_off_file_of_the_real_export_is_refused(olist, tmp_path):
    for path in olist.glob("*.gz"):
        shutil.copyfile(path, tmp_path / path.name)
    orders = tmp_path / "olist_orders_dataset.csv.gz"
    orders.write_bytes(orders.read_bytes()[:500_000])
    with pytest.raises(DataError, match=r"olist_orders_dataset.csv.gz: the gzip file is truncated"):
        ingest("olist", tmp_path, tmp_path / "out")
