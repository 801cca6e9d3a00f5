import json

import pandas as pd
import pytest

from features.network import network_of
from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError
from parcelcast.shipment import Service
from parcelcast.tables import CARRIERS, ORIGINS
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


def test_a_carrier_delivers_whenever_one_of_its_services_does(tables):
    (carrier,) = network_of(tables, PLACES).carriers.values()
    assert carrier.delivery_weekdays == frozenset(range(6))
    assert not carrier.observes_holidays
    assert carrier.service("standard") == Service("standard", 2)
    assert carrier.service("express") == Service("express", None, 9.5, "EUR")


def test_without_carriers_none_is_known(tables):
    del tables["carriers"]
    assert network_of(tables, PLACES).carriers == {}


def test_an_origin_that_nobody_described_is_named(tables):
    tables["shipments"] = frame_of([shipment(1, "2026-03-02 09:00", "wien")])
    with pytest.raises(DataError, match="wien"):
        network_of(tables, PLACES)
