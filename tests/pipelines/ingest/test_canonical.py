import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError, InputError
from parcelcast.tables import SCANS, SHIPMENTS
from pipelines.accounts import ingest_account
from pipelines.ingest import ingest, load_tables
from pipelines.ingest.evidence import load_evidence
from pipelines.ingest.storage import ARROW_TYPES, arrow_schema

EXAMPLE = Path(__file__).parents[3] / "data" / "reference" / "mappings" / "example.yaml"

ORDERS = 40


def orders(**changes):
    """Forty orders of a shop in Leipzig, as text; `changes` replace columns (a list) or single rows (a dict)."""
    frame = pd.DataFrame(
        {
            "shipment_id": [f"p{row}" for row in range(ORDERS)],
            "order_id": [f"o{row}" for row in range(ORDERS)],
            "merchant_id": "shop",
            "origin_id": "wh-leipzig",
            "origin_country": "DE",
            "origin_postal_code": "04109",
            "destination_country": "DE",
            "destination_postal_code": "80331",
            "ordered_at": "2024-05-31T09:00:00+02:00",
            "delivered_at": "2024-06-03T12:00:00+02:00",
            "weight_g": "900",
            "status": "delivered",
        }
    )
    for name, values in changes.items():
        if isinstance(values, dict):
            for row, value in values.items():
                frame.loc[row, name] = value
        else:
            frame[name] = values
    return frame


def scans(codes, **columns):
    count = len(codes)
    basis = {
        "scan_id": [f"s{row}" for row in range(count)],
        "shipment_id": "p0",
        "occurred_at": "2024-06-01T08:00:00+02:00",
        "code": codes,
    }
    return pd.DataFrame({**basis, **columns})


def ingested(folder, mapping=None, **tables):
    """Write tables as CSV, ingest them and return (canonical tables, report, evidence by table)."""
    data, out = folder / "export", folder / "canonical"
    data.mkdir()
    for name, frame in tables.items():
        frame.to_csv(data / f"{name}.csv", index=False)
    path = None
    if mapping is not None:
        path = folder / "shop.yaml"
        path.write_text(json.dumps(mapping), encoding="utf-8")  # JSON is YAML
    report = ingest("canonical", data, out, path)
    canonical = load_tables(out)
    evidence = {
        name: load_evidence(table, out / "rejected") for name, table in (("shipments", SHIPMENTS), ("scans", SCANS))
    }
    return canonical, report, evidence


def refused(folder, *expected, mapping=None, **tables):
    with pytest.raises(DataError) as caught:
        ingested(folder, mapping, **tables)
    message = str(caught.value)
    assert "To do:" in message
    for words in expected:
        assert words in message, message


def test_canonical_columns_come_through_in_canonical_types(tmp_path):
    canonical, report, _ = ingested(tmp_path, shipments=orders())
    first = canonical["shipments"].iloc[0]
    assert first["ordered_at"] == pd.Timestamp("2024-05-31T07:00:00Z")
    assert first["destination_postal_code"] == "80331"
    assert first["weight_g"] == 900.0
    assert pd.isna(first["promised_on"])
    assert report.rows_written["shipments"] == ORDERS
    assert (report.first_order, report.last_order) == ("2024-05-31T07:00:00+00:00",) * 2


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_every_kind_of_file_gives_the_same_table(tmp_path, ending):
    expected, _, _ = ingested(tmp_path, shipments=orders())
    data = tmp_path / "other"
    data.mkdir()
    path = data / f"shipments.{ending}"
    if ending == "parquet":
        typed = orders().assign(weight_g=900.0, ordered_at=pd.to_datetime(orders()["ordered_at"]))
        typed.to_parquet(path)
    else:
        orders().to_csv(path, index=False)
    ingest("canonical", data, tmp_path / "out")
    pd.testing.assert_frame_equal(load_tables(tmp_path / "out")["shipments"], expected["shipments"])


def test_events_were_known_at_once_where_nobody_says_otherwise(tmp_path):
    canonical, _, _ = ingested(tmp_path, shipments=orders())
    shipments = canonical["shipments"]
    assert shipments["delivered_recorded_at"].equals(shipments["delivered_at"].rename("delivered_recorded_at"))
    assert shipments["dispatched_recorded_at"].isna().all()


def test_an_origin_without_calendar_gets_that_of_its_place_and_orders_their_dispatch_day(tmp_path):
    canonical, report, _ = ingested(tmp_path, shipments=orders(ordered_at={1: "2024-05-31T14:00:00+02:00"}))
    origin = canonical["origins"].iloc[0]
    calendar = WorkingCalendar.from_dict(json.loads(origin["calendar"]))
    assert (calendar.time_zone, calendar.holiday_country, calendar.holiday_region) == ("Europe/Berlin", "DE", "SN")
    assert report.assumed_origins == 1
    assert canonical["shipments"]["planned_dispatch_on"].dt.day.tolist()[:3] == [31, 3, 31]


def test_a_given_origin_keeps_its_calendar(tmp_path):
    calendar = json.dumps(WorkingCalendar("Europe/Berlin", weekdays=frozenset({5})).to_dict())
    origins = pd.DataFrame({"origin_id": ["wh-leipzig"], "country": "DE", "calendar": [calendar], "handling_days": 0})
    canonical, report, _ = ingested(tmp_path, shipments=orders(), origins=origins)
    assert report.assumed_origins == 0
    assert canonical["shipments"]["planned_dispatch_on"].dt.strftime("%a").unique().tolist() == ["Sat"]


def test_countries_and_postal_codes_are_normalised(tmp_path):
    changes = {
        "destination_country": {0: "de", 1: "UK", 2: "Narnia"},
        "destination_postal_code": {0: "D-04109", 1: "sw1a 1aa"},
    }
    canonical, _, _ = ingested(tmp_path, shipments=orders(**changes))
    shipments = canonical["shipments"]
    assert shipments["destination_country"].tolist()[:3] == ["DE", "GB", "ZZ"]
    assert shipments["destination_postal_code"].tolist()[:2] == ["04109", "SW1A1AA"]


def test_zeros_that_a_spreadsheet_dropped_are_restored_and_counted(tmp_path):
    codes = {0: "1067", 1: "01067.0", 2: "01067", 3: "106"}
    canonical, report, _ = ingested(tmp_path, shipments=orders(destination_postal_code=codes))
    assert canonical["shipments"]["destination_postal_code"].tolist()[:4] == ["01067", "01067", "01067", "106"]
    assert report.restored_postal_codes == {"shipments.destination_postal_code": 1}
    assert "leading zero back: shipments.destination_postal_code 1" in ingest_account(report)


def test_a_shop_that_keeps_only_the_first_digits_keeps_them(tmp_path):
    canonical, report, _ = ingested(tmp_path, shipments=orders(destination_postal_code="1067"))
    assert set(canonical["shipments"]["destination_postal_code"]) == {"1067"}
    assert report.restored_postal_codes == {}


def test_codes_match_however_their_umlauts_are_composed(tmp_path):
    land = {"column": "destination_country", "codes": {"\u00d6sterreich": "AT"}}
    mapping = {"tables": {"shipments": {"columns": {"destination_country": land}}}}
    canonical, _, _ = ingested(tmp_path, mapping, shipments=orders(destination_country="O\u0308sterreich"))
    assert set(canonical["shipments"]["destination_country"]) == {"AT"}


def test_columns_that_are_not_canonical_stay_outside_and_are_named(tmp_path):
    canonical, report, _ = ingested(tmp_path, shipments=orders(customer_name="Erika Mustermann"))
    assert "customer_name" not in canonical["shipments"]
    assert report.ignored_columns == {"shipments.csv": ["customer_name"]}


def test_an_unreadable_optional_value_is_taken_out_and_the_row_stays(tmp_path):
    canonical, report, evidence = ingested(tmp_path, shipments=orders(weight_g={3: "heavy"}))
    assert pd.isna(canonical["shipments"]["weight_g"][3])
    assert len(canonical["shipments"]) == ORDERS
    assert report.rows_repaired == {"shipments": 1}
    assert evidence["shipments"]["outcome"].tolist() == ["repaired"]
    assert evidence["shipments"]["reasons"].tolist() == [["weight_g: 'heavy' is not a number"]]


def test_a_row_with_an_unreadable_required_value_is_set_aside(tmp_path):
    canonical, report, evidence = ingested(tmp_path, shipments=orders(ordered_at={3: "yesterday"}))
    assert len(canonical["shipments"]) == ORDERS - 1
    assert report.rows_quarantined == {"shipments": 1}
    assert evidence["shipments"]["shipment_id"].tolist() == ["p3"]
    assert evidence["shipments"]["outcome"].tolist() == ["quarantined"]
    assert "'yesterday' is not a time" in evidence["shipments"]["reasons"][0][0]


def test_a_row_without_a_required_value_is_set_aside(tmp_path):
    _, _, evidence = ingested(tmp_path, shipments=orders(destination_country={3: None}))
    assert evidence["shipments"]["reasons"].tolist() == [["destination_country is missing"]]


def test_evidence_of_an_earlier_run_does_not_stay(tmp_path):
    ingested(tmp_path, shipments=orders(weight_g={3: "heavy"}))
    orders().to_csv(tmp_path / "export" / "shipments.csv", index=False)
    ingest("canonical", tmp_path / "export", tmp_path / "canonical")
    assert not (tmp_path / "canonical" / "rejected").exists()


def test_a_missing_file_stops(tmp_path):
    refused(
        tmp_path,
        "shipments: no such file; the folder holds scans.csv",
        "name yours in the mapping",
        scans=scans(["delivered"]),
    )


def test_a_missing_column_stops(tmp_path):
    refused(tmp_path, "shipments.csv, column ordered_at", shipments=orders().drop(columns="ordered_at"))


def test_too_many_unreadable_values_stop(tmp_path):
    refused(
        tmp_path, "shipments.csv, column weight_g: 40 of 40 values are not a number", "row 1: '0,9'", "`decimal`",
        shipments=orders(weight_g="0,9"),
    )  # fmt: skip


def test_countries_by_name_stop_unless_codes_translate_them(tmp_path):
    lands = dict.fromkeys(range(2, ORDERS), "Deutschland") | {0: "Österreich", 1: "zz"}
    refused(
        tmp_path, "shipments.csv, column destination_country: 39 of 40 values are not an ISO 3166-1 alpha-2 code",
        "38 times 'Deutschland', 1 times 'Österreich'", "add `codes`", shipments=orders(destination_country=lands),
    )  # fmt: skip


def test_countries_that_the_shop_itself_calls_unknown_do_not_stop(tmp_path):
    canonical, _, _ = ingested(tmp_path, shipments=orders(destination_country="ZZ"))
    assert set(canonical["shipments"]["destination_country"]) == {"ZZ"}


def test_words_of_a_status_that_nobody_translates_stop(tmp_path):
    refused(
        tmp_path, "column status: 40 of 40 values are not one of ordered, dispatched", "40 times 'zugestellt'",
        "add `codes`", shipments=orders(status="zugestellt"),
    )  # fmt: skip


def test_too_many_missing_required_values_stop(tmp_path):
    refused(
        tmp_path,
        "column order_id: 20 of 40 values are missing",
        shipments=orders(order_id=dict.fromkeys(range(20))),
    )


def test_kilograms_where_grams_are_expected_stop(tmp_path):
    refused(
        tmp_path, "shipments.csv, column weight_g: the median is 0.9 g, expected 20 to 100,000",
        "it would fit if the file is in kg", "row 1: '0.9'", "`unit`", shipments=orders(weight_g="0.9"),
    )  # fmt: skip


def test_grams_that_the_mapping_calls_kilograms_stop(tmp_path):
    mapping = {"tables": {"shipments": {"columns": {"weight_g": {"column": "weight_g", "unit": "kg"}}}}}
    refused(
        tmp_path, "the median is 900,000 g", "it would fit if the file is in g", mapping=mapping, shipments=orders()
    )


def test_a_shop_of_letters_can_say_that_its_weights_are_right(tmp_path):
    mapping = {"tables": {"shipments": {"columns": {"weight_g": {"column": "weight_g", "plausible": [1, 100]}}}}}
    canonical, _, _ = ingested(tmp_path, mapping, shipments=orders(weight_g="15"))
    assert canonical["shipments"]["weight_g"].tolist() == [15.0] * ORDERS


def test_mixed_time_zones_in_a_column_stop(tmp_path):
    refused(
        tmp_path, "shipments.csv, column ordered_at: mixed time zones", "row 3: '2024-05-31 09:00:00'",
        shipments=orders(ordered_at={2: "2024-05-31 09:00:00"}),
    )  # fmt: skip


def test_times_without_any_zone_stop(tmp_path):
    refused(tmp_path, "without a UTC offset", "`time_zone`", shipments=orders(ordered_at="2024-05-31 09:00:00"))


def test_repeated_ids_stop(tmp_path):
    refused(
        tmp_path, "shipments.csv, column shipment_id: 2 rows share their id", "(p0)", "(rows 1, 6)",
        shipments=orders(shipment_id={5: "p0"}),
    )  # fmt: skip


def test_a_truncated_gz_stops(tmp_path):
    data = tmp_path / "export"
    data.mkdir()
    (data / "shipments.csv.gz").write_bytes(gzip.compress(orders().to_csv(index=False).encode())[:-30])
    with pytest.raises(DataError, match="truncated"):
        ingest("canonical", data, tmp_path / "out")


def test_units_zones_codes_and_constants_of_a_mapping_apply(tmp_path):
    mapping = {
        "version": 7,
        "tables": {
            "shipments": {
                "time_zone": "Europe/Berlin",
                "columns": {
                    "weight_g": {"column": "Gewicht", "unit": "lb"},
                    "ordered_at": {"column": "Zeit", "format": "%d.%m.%Y %H:%M"},
                    "delivered_at": {"column": "weg", "time_zone": "Europe/London"},
                    "status": {"column": "Status", "codes": {"zu": "delivered"}},
                    "currency": {"constant": "EUR"},
                },
            }
        },
    }
    foreign = orders().drop(columns=["weight_g", "ordered_at", "delivered_at", "status"])
    foreign = foreign.assign(Gewicht="2", Zeit="31.05.2024 09:00", weg="2024-06-03 12:00:00", Status="zu")
    foreign.loc[1, "Status"] = "verloren"
    canonical, report, _ = ingested(tmp_path, mapping, shipments=foreign)
    first = canonical["shipments"].iloc[0]
    assert first["weight_g"] == pytest.approx(907.18474)
    assert first["ordered_at"] == pd.Timestamp("2024-05-31T07:00:00Z")
    assert first["delivered_at"] == pd.Timestamp("2024-06-03T11:00:00Z")
    assert (first["status"], first["currency"]) == ("delivered", "EUR")
    assert pd.isna(canonical["shipments"]["status"][1])
    assert report.mapped_codes == {"shipments.status": {"zu": ORDERS - 1}}
    assert report.unknown_codes == {"shipments.status": {"verloren": 1}}


def test_an_unknown_scan_code_becomes_info_only_keeps_its_word_and_is_counted(tmp_path):
    canonical, report, _ = ingested(tmp_path, shipments=orders(), scans=scans(["delivered", "beamed_up", "beamed_up"]))
    assert canonical["scans"]["code"].tolist() == ["delivered", "info_only", "info_only"]
    assert canonical["scans"]["raw_code"].tolist()[1:] == ["beamed_up", "beamed_up"]
    assert report.unknown_codes == {"scans.code": {"beamed_up": 2}}


def test_scans_carry_the_version_of_the_mapping_and_the_raw_code(tmp_path):
    codes = {"column": "code", "codes": {"ABGE": "delivered"}}
    mapping = {"version": "2024-06", "tables": {"scans": {"columns": {"code": codes}}}}
    canonical, _, _ = ingested(tmp_path, mapping, shipments=orders(), scans=scans(["ABGE"]))
    scan = canonical["scans"].iloc[0]
    assert (scan["code"], scan["raw_code"], scan["map_version"]) == ("delivered", "ABGE", "2024-06")


def test_scans_without_ids_get_stable_ones_so_that_a_copy_is_recognised(tmp_path):
    feed = scans(["delivered", "delivered", "info_only"]).drop(columns="scan_id")
    canonical, _, _ = ingested(tmp_path, shipments=orders(), scans=feed)
    ids = canonical["scans"]["scan_id"].tolist()
    assert ids[0] == ids[1] != ids[2]


def test_a_scan_is_known_at_once_where_nobody_says_otherwise(tmp_path):
    canonical, _, _ = ingested(tmp_path, shipments=orders(), scans=scans(["delivered"]))
    assert canonical["scans"]["recorded_at"][0] == canonical["scans"]["occurred_at"][0]


@pytest.mark.parametrize(
    ("told", "zone", "minutes"),
    [
        ("2024-06-01T08:00:00+02:00", None, 120),
        ("2024-06-01T08:00:00-03:30", None, -210),
        ("2024-06-01T08:00:00Z", None, 0),
        ("2024-01-01 08:00:00", "Europe/Berlin", 60),
    ],
)
def test_the_local_offset_of_a_scan_is_kept(tmp_path, told, zone, minutes):
    mapping = {"tables": {"scans": {"time_zone": zone} if zone else {}}}
    canonical, _, _ = ingested(tmp_path, mapping, shipments=orders(), scans=scans(["delivered"], occurred_at=told))
    assert canonical["scans"]["utc_offset_min"].tolist() == [minutes]


def test_weather_of_a_whole_country_has_an_empty_region(tmp_path):
    weather = pd.DataFrame(
        {"country": ["DE"], "region": [None], "day": ["2024-06-01"], "issued_at": ["2024-06-02T00:00:00Z"]}
    )
    canonical, _, _ = ingested(tmp_path, shipments=orders(), weather_daily=weather)
    assert canonical["weather_daily"]["region"].tolist() == [""]


def test_the_example_mapping_reads_a_german_export(tmp_path):
    row = {
        "Sendungsnummer": "S1", "Bestellnummer": "B1", "Versanddienst": "K", "Lager": "halle-1", "Land": "Österreich",
        "PLZ": "1010", "Bestellt am": "29.03.2024 09:30", "Übergeben am": "29.03.2024 17:00",
        "Zugestellt am": "02.04.2024 11:00", "Versprochen": "03.04.2024", "Gewicht": "1,25", "Länge": "30",
        "Warenwert": "1.049,90", "Status": "zugestellt", "Empfängername": "Erika",
    }  # fmt: skip
    event = {"Sendungsnummer": "S1", "Zeitpunkt": "2024-03-31 03:30:00", "Ereignis": "HUB7"}
    pd.DataFrame([row]).to_csv(tmp_path / "sendungen.csv", sep=";", index=False, encoding="windows-1252")
    pd.DataFrame([event]).to_csv(tmp_path / "ereignisse.csv", index=False)
    report = ingest("canonical", tmp_path, tmp_path / "out", EXAMPLE)
    canonical = load_tables(tmp_path / "out")
    shipment, scan = canonical["shipments"].iloc[0], canonical["scans"].iloc[0]
    assert shipment["destination_country"] == "AT"
    assert (shipment["weight_g"], shipment["length_mm"], shipment["order_value"]) == (1250.0, 300.0, 1049.9)
    assert shipment["delivered_at"] == pd.Timestamp("2024-04-02T09:00:00Z")  # summer time has begun
    assert (scan["code"], scan["raw_code"], scan["utc_offset_min"]) == ("info_only", "HUB7", 120)
    assert report.ignored_columns == {"sendungen.csv": ["Empfängername"]}


def test_an_unknown_source_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected one of canonical, olist"):
        ingest("magento", tmp_path, tmp_path / "out")


def test_a_mapping_for_a_source_that_needs_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="its own mapping"):
        ingest("olist", tmp_path, tmp_path / "out", EXAMPLE)


def test_the_report_is_written_beside_the_tables(tmp_path):
    ingested(tmp_path, shipments=orders())
    report = json.loads((tmp_path / "canonical" / "ingest_report.json").read_text(encoding="utf-8"))
    assert report["rows_read"] == {"shipments.csv": ORDERS}


def test_the_arrow_schema_names_the_columns_of_the_table_in_order():
    schema = arrow_schema(SHIPMENTS)
    assert tuple(schema.names) == SHIPMENTS.column_names
    assert schema.field("ordered_at").type == ARROW_TYPES["instant"]
    assert schema.field("promised_on").type == ARROW_TYPES["date"]


def test_a_folder_without_shipments_is_no_canonical_folder(tmp_path):
    with pytest.raises(DataError, match="run the stage before this one"):
        load_tables(tmp_path)
