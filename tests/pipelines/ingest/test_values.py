import pandas as pd
import pytest

from parcelcast.errors import DataError
from pipelines.ingest.values import Where, parse_booleans, parse_dates, parse_instants, parse_numbers

AT = Where("orders.csv", "ordered_at")


def texts(*values):
    return pd.Series(values, dtype="string[pyarrow]")


def told(parsed):
    return [None if pd.isna(value) else value.isoformat() for value in parsed.result]


def test_numbers_are_read_and_others_are_told():
    parsed = parse_numbers(texts("1.5", " 2 ", "abc", None))
    assert parsed.result.tolist()[:2] == [1.5, 2.0]
    assert parsed.bad.tolist() == [False, False, True, False]


def test_a_decimal_comma_groups_thousands_with_points():
    told = texts("1.234,5", "1.234", "12.345.678", "-1.234,50", "1234,5")
    assert parse_numbers(told, ",").result.tolist() == [1234.5, 1234.0, 12345678.0, -1234.5, 1234.5]


@pytest.mark.parametrize(
    "text", ["1.2", "1.25", "1.2345", "1.2,5", "1.", "1234.567", ".123", "1,234.567", "1.234.5", "0.500"]
)
def test_a_point_that_groups_no_three_digits_makes_a_number_unreadable(text):
    assert parse_numbers(texts(text), ",").bad.tolist() == [True]


def test_numbers_of_a_typed_file_stay():
    assert parse_numbers(pd.Series([1, 2])).result.tolist() == [1.0, 2.0]


def test_booleans_are_read_in_several_words():
    parsed = parse_booleans(texts("TRUE", "no", "1", "maybe", None))
    assert parsed.result.tolist()[:3] == [True, False, True]
    assert parsed.bad.tolist() == [False, False, False, True, False]


def test_dates_are_iso_or_by_pattern():
    assert told(parse_dates(texts("2024-05-31", "2024-05-31T23:59:00"))) == ["2024-05-31T00:00:00"] * 2
    assert told(parse_dates(texts("31.05.2024"), "%d.%m.%Y")) == ["2024-05-31T00:00:00"]
    assert parse_dates(texts("31.05.2024")).bad.tolist() == [True]


def test_an_offset_in_the_text_is_the_truth():
    parsed = parse_instants(texts("2024-05-31T14:00:00+02:00", "2024-05-31T14:00:00Z"), AT, "Asia/Tokyo")
    assert told(parsed) == ["2024-05-31T12:00:00+00:00", "2024-05-31T14:00:00+00:00"]


def test_local_times_are_read_in_the_stated_zone_in_summer_and_winter():
    parsed = parse_instants(texts("2024-07-01 12:00:00", "2024-01-01 12:00:00"), AT, "Europe/Berlin")
    assert told(parsed) == ["2024-07-01T10:00:00+00:00", "2024-01-01T11:00:00+00:00"]


def test_a_pattern_reads_foreign_times():
    parsed = parse_instants(texts("31.05.2024 14:05", "soon"), AT, "Europe/Berlin", "%d.%m.%Y %H:%M")
    assert told(parsed) == ["2024-05-31T12:05:00+00:00", None]
    assert parsed.bad.tolist() == [False, True]


def test_a_pattern_may_hold_the_offset():
    parsed = parse_instants(texts("31.05.2024 14:05 +0200"), AT, None, "%d.%m.%Y %H:%M %z")
    assert told(parsed) == ["2024-05-31T12:05:00+00:00"]


def test_typed_local_times_are_read_in_the_stated_zone():
    parsed = parse_instants(pd.Series(pd.to_datetime(["2024-07-01 12:00"])), AT, "Europe/Berlin")
    assert told(parsed) == ["2024-07-01T10:00:00+00:00"]


def test_microseconds_stay():
    assert told(parse_instants(texts("2024-05-31T14:00:00.123456Z"), AT, None)) == ["2024-05-31T14:00:00.123456+00:00"]


def test_times_with_and_without_offset_in_one_column_are_refused():
    with pytest.raises(DataError, match=r"orders.csv, column ordered_at: mixed time zones: 1 times carry .*row 2"):
        parse_instants(texts("2024-05-31T14:00:00Z", "2024-05-31 14:00:00"), AT, "Europe/Berlin")


def test_several_zone_names_in_one_column_are_refused():
    with pytest.raises(DataError, match=r"mixed time zones: CET, UTC \(row 1: .*; row 2: .*To do:"):
        parse_instants(texts("2024-05-31 14:00 CET", "2024-05-31 14:00 UTC"), AT, None)


def test_one_zone_name_is_refused_because_it_is_not_unique():
    with pytest.raises(DataError, match="abbreviation"):
        parse_instants(texts("2024-05-31 14:00 CST"), AT, None)


@pytest.mark.parametrize("column", [texts("2024-05-31 14:00:00"), pd.Series(pd.to_datetime(["2024-05-31"]))])
def test_times_without_any_zone_are_refused(column):
    with pytest.raises(DataError, match=r"without a UTC offset .*`time_zone`"):
        parse_instants(column, AT, None)
