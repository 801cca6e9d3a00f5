import pytest

from parcelcast.tables import SCANS, SHIPMENTS, TABLES

UNIT_SUFFIXES = {"_g": "g", "_mm": "mm", "_c": "degrees Celsius", "_kmh": "km/h", "_min": "min"}
EVERY_COLUMN = [(table, column) for table in TABLES.values() for column in table.columns]


def test_there_are_the_six_canonical_tables():
    assert list(TABLES) == ["shipments", "scans", "facilities", "carriers", "origins", "weather_daily"]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_columns_are_named_once_and_keys_are_required(table):
    assert len(set(table.column_names)) == len(table.columns)
    assert set(table.key) <= set(table.required_columns)


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN, ids=lambda value: value.name)
def test_names_types_and_units_agree(table, column):
    assert column.description
    if column.name.endswith("_at"):
        assert (column.dtype, column.unit) == ("instant", "UTC")
    if column.name.endswith("_on"):
        assert column.dtype == "date"
    if column.dtype == "date":
        assert column.unit.startswith("local")
    for suffix, unit in UNIT_SUFFIXES.items():
        if column.name.endswith(suffix) and column.dtype in {"float", "int"}:
            assert column.unit == unit


def test_only_ids_order_time_origin_and_destination_are_required_of_a_shipment():
    assert SHIPMENTS.required_columns == (
        "shipment_id",
        "order_id",
        "merchant_id",
        "origin_id",
        "origin_country",
        "destination_country",
        "ordered_at",
    )


def test_a_column_is_found_by_its_name():
    assert SCANS["recorded_at"].required
    with pytest.raises(KeyError, match="scans has no column 'recorded'"):
        SCANS["recorded"]
