"""From a parcel's facts to the shipment that forecasters understand."""

from datetime import UTC, date, datetime

from parcelcast.forecast import quoted_forecast
from serving.shipments.resolve import shipment_of
from serving.stores.parcels import ParcelFacts
from tests.serving.fakes import CARRIERS, FakeBundle

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BUNDLE = FakeBundle()


def facts(**told):
    return ParcelFacts("S-1", "O-1", NOW, **{"destination_country": "DE", "destination_postal_code": "80331", **told})


def test_what_is_told_is_handed_on():
    told = {"carrier": "kranich", "service": "express", "origin_id": "wh-leipzig", "promised_on": date(2026, 11, 26)}
    sizes = {"weight_g": 900.0, "length_mm": 300.0, "item_count": 2, "order_value": 129.9, "currency": "EUR"}

    shipment = shipment_of(facts(**told, **sizes), BUNDLE)

    assert shipment.origin == BUNDLE.origins["wh-leipzig"]
    assert shipment.destination.region == "BY"
    assert shipment.quoted_transit_days == 1
    assert {name: getattr(shipment, name) for name in sizes} == sizes
    assert shipment.promised_on == date(2026, 11, 26)


def test_a_quote_that_was_told_counts_before_the_carriers():
    told = facts(carrier="kranich", service="express", quoted_transit_days=4.0)

    assert shipment_of(told, BUNDLE).quoted_transit_days == 4


def test_an_unknown_origin_lies_where_the_shop_says():
    told = facts(origin_id="store-wien", origin_country="AT", origin_postal_code="1070")

    origin = shipment_of(told, BUNDLE).origin

    assert (origin.origin_id, origin.place.country, origin.calendar.time_zone) == ("store-wien", "AT", "Europe/Vienna")


def test_of_nothing_that_is_known_something_is_assumed_and_forecast():
    shipment = shipment_of(facts(destination_country="ZZ", destination_postal_code="", carrier="?"), BUNDLE)

    assert (shipment.origin.origin_id, shipment.origin.place.precision) == ("unknown", "unknown")
    assert shipment.destination.precision == "unknown"
    calendar = CARRIERS["kranich"].delivery_calendar(shipment.destination)
    assert quoted_forecast(shipment, calendar).distribution.quantile(0.5) is not None
