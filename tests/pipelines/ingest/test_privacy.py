import pytest

from parcelcast.tables import TABLES
from pipelines.ingest.privacy import is_personal


@pytest.mark.parametrize(
    "column",
    [
        "Name", "Empfänger Name", "customer_name", "shipToStreet", "Straße", "ship_street_1", "E-Mail", "customerEmail",
        "Telefon", "phone_number", "Vorname", "KundenNachname", "lieferadresse_strasse", "address", "IBAN", "birthdate",
    ],
)  # fmt: skip
def test_what_tells_who_somebody_is_is_personal(column):
    assert is_personal(column)


@pytest.mark.parametrize(
    "column",
    [
        "customer_id",
        "address_zip",
        "Liefer-PLZ",
        "Land",
        "carrier_name",
        "product name",
        "weight_kg",
        "Telemetrie",
        "Ort",
    ],
)
def test_what_tells_about_the_parcel_is_not(column):
    assert not is_personal(column)


def test_no_canonical_column_is_personal():
    names = [column.name for table in TABLES.values() for column in table.columns]
    assert [name for name in names if is_personal(name)] == []
