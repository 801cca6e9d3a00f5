import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from parcelcast.calendar import WorkingCalendar
from pipelines.gates.deriving import derived
from pipelines.gates.door import judge
from pipelines.gates.rules import SUITES
from pipelines.ingest.storage import STORED, conformed

ORDERED = datetime(2024, 5, 31, 9, tzinfo=UTC)
NOW, FUTURE = datetime(2026, 11, 30, tzinfo=UTC), datetime(2031, 5, 31, tzinfo=UTC)


def after(**duration):
    return ORDERED + timedelta(**duration)


SOUND = {
    "shipments": {
        "shipment_id": "p1", "order_id": "o1", "merchant_id": "shop", "origin_id": "wh", "origin_country": "DE",
        "destination_country": "DE", "ordered_at": ORDERED, "ready_at": after(hours=2), "dispatched_at": after(hours=3),
        "dispatched_recorded_at": after(hours=4), "delivered_at": after(days=2), "delivered_recorded_at": after(days=3),
        "promised_on": datetime(2024, 6, 4), "weight_g": 900.0, "length_mm": 300.0, "width_mm": 200.0,  # noqa: DTZ001
        "height_mm": 100.0, "item_count": 1, "order_value": 0.0, "freight_cost": 0.0, "status": "delivered",
        "delivery_mode": "home",
    },
    "items": {"shipment_id": "p1", "line": 1, "origin_id": "wh", "weight_g": 900.0},
    "scans": {
        "scan_id": "s1", "shipment_id": "p1", "occurred_at": after(hours=5), "recorded_at": after(hours=6),
        "code": "delivered", "facility_id": "hub", "raw_code": "ABGE",
    },
    "facilities": {
        "facility_id": "hub", "kind": "hub", "country": "DE", "time_zone": "Europe/Berlin", "latitude": 51.3,
        "longitude": 12.4,
    },
    "carriers": {
        "carrier": "kranich", "service": "standard", "delivery_weekdays": "012345", "observes_holidays": True,
        "quoted_days": 2,
    },
    "origins": {
        "origin_id": "wh", "country": "DE", "calendar": json.dumps(WorkingCalendar().to_dict()), "handling_days": 0,
    },
    "weather_daily": {
        "country": "DE", "region": "SN", "day": datetime(2024, 6, 1), "issued_at": ORDERED, "snow_mm": 0.0,  # noqa: DTZ001
        "temperature_min_c": 5.0, "temperature_max_c": 20.0, "precipitation_mm": 0.0, "wind_gust_kmh": 20.0,
    },
}  # fmt: skip


def broken(table, *rows):
    """Judge rows of a table, each the sound one with changes; return the bad row numbers of every broken rule."""
    frame = conformed(pd.DataFrame([{**SOUND[table], **row} for row in rows], dtype=object), STORED[table])
    passed = {
        name: conformed(pd.DataFrame([SOUND[name]], dtype=object), STORED[name]) for name in ("origins", "shipments")
    }
    looked_at = pd.concat([frame, derived(table, frame, passed, NOW)], axis="columns")
    verdicts, _ = judge(table, looked_at, SUITES[table])
    return {verdict.rule.name: verdict.bad.tolist() for verdict in verdicts if len(verdict.bad)}


@pytest.mark.parametrize("table", sorted(SOUND))
def test_a_sound_row_breaks_no_rule(table):
    assert broken(table, {}) == {}


# (table, what is wrong with the row, the rules that it breaks)
UNSOUND = [
    ("shipments", {"ordered_at": None}, {"ordered_at_missing"}),
    ("shipments", {"origin_country": None}, {"origin_country_missing"}),
    ("shipments",
     {"ordered_at": datetime(1970, 1, 1, tzinfo=UTC), "promised_on": None, "delivered_at": None, "status": None},
     {"ordered_at_out_of_range"}),
    ("shipments", {"delivered_at": after(hours=-1)},
     {"delivered_before_order", "delivered_before_dispatch"}),
    ("shipments", {"delivered_at": after(hours=2, minutes=59)}, {"delivered_before_dispatch"}),
    ("shipments", {"delivered_at": after(days=731), "delivered_recorded_at": None}, {"delivered_years_later"}),
    ("shipments", {"delivered_at": None}, {"delivered_without_time"}),
    ("shipments", {"dispatched_at": after(seconds=-1)}, {"dispatched_before_order", "dispatched_before_ready"}),
    ("shipments", {"dispatched_at": after(hours=1)}, {"dispatched_before_ready"}),
    ("shipments", {"dispatched_recorded_at": after(hours=2)}, {"dispatch_known_too_early"}),
    ("shipments", {"delivered_recorded_at": after(days=1)}, {"delivery_known_too_early"}),
    ("shipments", {"delivered_recorded_at": FUTURE}, {"later_than_now"}),
    ("shipments", {"ended_at": FUTURE}, {"later_than_now"}),
    ("shipments", {"promised_on": datetime(2024, 5, 28)}, {"promised_out_of_range"}),  # noqa: DTZ001
    ("shipments", {"promised_on": datetime(2034, 5, 28)}, {"promised_out_of_range"}),  # noqa: DTZ001
    ("shipments", {"status": "vanished"}, {"status_unknown"}),
    ("shipments", {"delivery_mode": "drone"}, {"delivery_mode_unknown"}),
    ("shipments", {"weight_g": 0.0}, {"weight_g_out_of_range"}),
    ("shipments", {"weight_g": 6e6}, {"weight_g_out_of_range"}),
    ("shipments", {"height_mm": -1.0}, {"height_mm_out_of_range"}),
    ("shipments", {"item_count": 0}, {"item_count_out_of_range"}),
    ("shipments", {"order_value": -0.01}, {"order_value_negative"}),
    ("shipments", {"freight_cost": -0.01}, {"freight_cost_negative"}),
    ("shipments", {"destination_country": "ZZ"}, {"destination_unknown"}),
    ("shipments", {"destination_postal_code": "1067"}, {"postal_code_not_whole"}),
    ("shipments", {"origin_id": "elsewhere"}, {"origin_unlisted"}),
    ("items", {"weight_g": 0.0}, {"weight_zero_or_missing"}),
    ("items", {"weight_g": None}, {"weight_zero_or_missing"}),
    ("items", {"line": None}, {"line_missing"}),
    ("scans", {"code": None}, {"scan_incomplete"}),
    ("scans", {"code": "beamed_up"}, {"code_unknown"}),
    ("scans", {"shipment_id": "p2"}, {"shipment_unknown"}),
    ("scans", {"occurred_at": after(days=-31)}, {"scan_far_from_order"}),
    ("scans", {"recorded_at": after(hours=4)}, {"scan_known_too_early"}),
    ("scans", {"recorded_at": FUTURE}, {"later_than_now"}),
    ("facilities", {"kind": None}, {"kind_missing"}),
    ("facilities", {"time_zone": "Europe/Leipzig"}, {"time_zone_unknown"}),
    ("facilities", {"latitude": 91.0}, {"latitude_out_of_range"}),
    ("facilities", {"longitude": 181.0}, {"longitude_out_of_range"}),
    ("carriers", {"service": None}, {"service_missing"}),
    ("carriers", {"delivery_weekdays": "1-6"}, {"delivery_weekdays_unreadable"}),
    ("carriers", {"quoted_days": -1}, {"quoted_days_out_of_range"}),
    ("origins", {"country": None}, {"country_missing"}),
    ("origins", {"calendar": "{}]"}, {"calendar_unreadable"}),
    ("origins", {"calendar": '{"time_zone": "Mars"}'}, {"calendar_unreadable"}),
    ("origins", {"handling_days": -1}, {"handling_out_of_range"}),
    ("weather_daily", {"issued_at": None}, {"issued_at_missing"}),
    ("weather_daily", {"temperature_min_c": -91.0}, {"temperature_min_c_out_of_range"}),
    ("weather_daily", {"temperature_max_c": 61.0}, {"temperature_max_c_out_of_range"}),
    ("weather_daily", {"precipitation_mm": -1.0}, {"precipitation_mm_out_of_range"}),
    ("weather_daily", {"snow_mm": -1.0}, {"snow_mm_out_of_range"}),
    ("weather_daily", {"wind_gust_kmh": 451.0}, {"wind_gust_kmh_out_of_range"}),
]  # fmt: skip


@pytest.mark.parametrize("table", sorted(SOUND))
def test_each_unsound_row_breaks_its_own_rules(table):
    cases = [(changes, rules) for name, changes, rules in UNSOUND if name == table]
    key = STORED[table].key[0]
    distinct = [{key: f"{SOUND[table][key]}-{row}", **changes} for row, (changes, _) in enumerate(cases)]
    if table in {"items", "weather_daily", "carriers"}:
        distinct = [changes for changes, _ in cases]
    found = broken(table, *distinct)
    expected: dict[str, list[int]] = {}
    for row, (_, rules) in enumerate(cases):
        for rule in rules:
            expected.setdefault(rule, []).append(row)
    ignored = {"scan_told_again", "weather_repeated"}  # rows of one test are alike
    assert {rule: rows for rule, rows in found.items() if rule not in ignored} == expected


@pytest.mark.parametrize(
    ("table", "rule"),
    [("shipments", "shipment_id_repeated"), ("facilities", "facility_id_repeated"), ("origins", "origin_id_repeated")],
)
def test_all_rows_that_share_an_id_break_the_rule(table, rule):
    assert broken(table, {}, {})[rule] == [0, 1]


def test_of_repeated_scans_the_first_is_kept():
    assert broken("scans", {}, {})["scan_repeated"] == [1]


def test_an_event_told_again_under_another_id_is_noticed():
    assert broken("scans", {}, {"scan_id": "s2"}, {"scan_id": "s3", "raw_code": "X"}) == {"scan_told_again": [1]}


def test_of_repeated_weather_the_first_is_kept():
    assert broken("weather_daily", {}, {"region": "BY"}, {}) == {"weather_repeated": [2]}


def test_every_rule_can_fail():
    tried = {rule for _, _, rules in UNSOUND for rule in rules}
    tried |= {"shipment_id_repeated", "facility_id_repeated", "origin_id_repeated"}
    tried |= {"scan_repeated", "scan_told_again", "weather_repeated"}
    same_kind = {"length_mm_out_of_range", "width_mm_out_of_range"}
    rules = {rule.name for suite in SUITES.values() for rule in suite if not rule.name.endswith("_missing")}
    assert rules - tried == same_kind


def test_repairs_clear_columns_of_their_table_that_no_row_needs():
    for name, suite in SUITES.items():
        for rule in suite:
            assert bool(rule.clears) == (rule.action == "repair")
            needed = set(STORED[name].required_columns) - {"recorded_at"}  # refilled from the event
            assert set(rule.clears) <= set(STORED[name].column_names) - needed
