import json

import pandas as pd
import pytest

from features.network import carriers_of, hub_regions, network_of
from features.orders import delivery_calendar_key
from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError
from parcelcast.shipment import Service
from parcelcast.tables import CARRIERS, FACILITIES, ORIGINS
from pipelines.ingest.storage import conformed
from tests.features.worlds import PLACES, frame_of, shipment

CALENDAR = WorkingCalendar("Europe/Berlin", holiday_country="DE", holiday_region="SN")


@pytest.fixture
def tables():
    origins = [
        {
            "origin_id": name,
            "country": "DE",
            "postal_code": code,
            "calendar": json.dumps(CALENDAR.to_dict()),
            "handling_days": days,
        }
        for name, code, days in (("leipzig", "04109", 1), ("somewhere", None, 0))
    ]
    columns = ("carrier", "service", "delivery_weekdays", "observes_holidays", "quoted_days", "price", "currency")
    carriers = [
        dict(zip(columns, ("kranich", "standard", "01234", True, 2, None, None), strict=True)),
        dict(zip(columns, ("kranich", "express", "5", False, None, 9.5, "EUR"), strict=True)),
    ]
    return {
        "shipments": frame_of([shipment(1, "2026-03-02 09:00")]),
        "origins": conformed(pd.DataFrame(origins), ORIGINS),
        "carriers": conformed(pd.DataFrame(carriers), CARRIERS),
    }


def test_origins_have_their_place_calendar_and_handling(tables):
    origin = network_of(tables, PLACES).origins["leipzig"]
    assert (origin.place.region, origin.calendar, origin.handling_days) == ("SN", CALENDAR, 1)


def test_an_origin_without_a_postal_code_lies_in_its_country(tables):
    assert network_of(tables, PLACES).origins["somewhere"].place.precision == "country"


def test_hubs_lie_where_the_table_or_else_their_address_says():
    rows = [
        ("h1", "hub", "DE", "04109", None, "BY"), ("h2", "hub", "DE", "04109", None, None),
        ("h3", "hub", "DE", None, "München", None), ("h4", "hub", "DE", None, "Munich", None),
        ("h5", "hub", "DE", None, None, None), ("h6", "hub", "XX", "1", None, None),
        ("d1", "depot", "DE", "04109", None, None),
    ]  # fmt: skip
    columns = ("facility_id", "kind", "country", "postal_code", "place", "region")
    facilities = conformed(pd.DataFrame(rows, columns=columns).assign(time_zone="Europe/Berlin"), FACILITIES)
    assert hub_regions(facilities, PLACES) == {
        "h1": "DE-BY", "h2": "DE-SN", "h3": "DE-", "h4": "DE-BY", "h5": "DE-", "h6": "XX-",
    }  # fmt: skip


def test_a_carrier_delivers_whenever_one_of_its_services_does(tables):
    (carrier,) = network_of(tables, PLACES).carriers.values()
    assert carrier.delivery_weekdays == frozenset(range(6))
    assert not carrier.observes_holidays
    assert carrier.service("standard") == Service("standard", 2)
    assert carrier.service("express") == Service("express", None, 9.5, "EUR")


def test_without_carriers_none_is_known(tables):
    del tables["carriers"]
    assert network_of(tables, PLACES).carriers == {}


def test_a_history_knows_its_own_carriers_and_delivers_with_them_on_any_day():
    ways = [("gls", "flex", None), ("dpd", "b", False), ("dpd", "a", False), ("dpd", "b", False), ("ups", None, False)]
    ways += [("back", "standard", True), (None, "standard", False)]
    frame = pd.DataFrame(ways, columns=["carrier", "service", "is_return"])
    found = carriers_of(frame.astype({"is_return": "boolean"}))
    assert {name: [one.service_id for one in carrier.services] for name, carrier in found.items()} == {
        "dpd": ["b", "a"], "gls": ["flex"], "ups": [],
    }  # fmt: skip
    assert list(found) == ["dpd", "gls", "ups"]
    munich = PLACES.find("DE", "80331")
    assert {delivery_calendar_key(one, munich) for one in found.values()} == {delivery_calendar_key(None, munich)}


def test_an_origin_that_nobody_described_is_named(tables):
    tables["shipments"] = frame_of([shipment(1, "2026-03-02 09:00", "wien")])
    with pytest.raises(DataError, match="wien"):
        network_of(tables, PLACES)
