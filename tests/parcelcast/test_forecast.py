from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.calendar import WorkingCalendar
from parcelcast.forecast import HORIZON_DAYS, Evidence, Forecast, Forecaster, quoted_forecast
from parcelcast.place import Place
from parcelcast.shipment import Carrier, Origin, Shipment

LEIPZIG = Place("DE", "04109", "SN", "Europe/Berlin", 51.3, 12.4, "prefix")
MUNICH = Place("DE", "80331", "BY", "Europe/Berlin", 48.1, 11.6, "prefix")
VIENNA = Place("AT", "1010", "9", "Europe/Vienna", 48.2, 16.4, "prefix")
DAILY = WorkingCalendar("Europe/Berlin", weekdays=frozenset(range(7)))
MONDAY = date(2027, 3, 1)


def shipment(quoted_transit_days=None, destination=MUNICH, ordered_at=datetime(2027, 3, 1, 9, tzinfo=UTC)):
    origin = Origin("wh-leipzig", LEIPZIG, WorkingCalendar("Europe/Berlin"))
    return Shipment(ordered_at, origin, destination, quoted_transit_days=quoted_transit_days)


def test_a_quote_is_the_likely_day_and_usually_kept():
    for days in (1, 2, 3, 5, 10):
        distribution = quoted_forecast(shipment(days), DAILY).distribution

        assert distribution.quantile(0.5) == date(2027, 3, 1 + days)
        assert 0.5 < distribution.probability_by(date(2027, 3, 1 + days)) < 0.9
        assert distribution.probability_by(MONDAY) == 0.0


def test_only_a_quote_of_the_same_day_delivers_on_the_day_of_dispatch():
    assert quoted_forecast(shipment(0), DAILY).distribution.probability_by(MONDAY) == pytest.approx(0.485, abs=1e-3)
    assert quoted_forecast(shipment(1), DAILY).distribution.probability_by(MONDAY) == 0.0


def test_says_what_it_rests_on():
    assert quoted_forecast(shipment(2), DAILY).basis == "carrier_quote"
    assert quoted_forecast(shipment(), DAILY).basis == "policy"
    assert quoted_forecast(shipment(), DAILY).evidence == Evidence("none", 0.0)


@pytest.mark.parametrize("quote", [-1, 1e9, float("nan"), float("inf")])
def test_an_absurd_quote_counts_as_none(quote):
    assert quoted_forecast(shipment(quote), DAILY).basis == "policy"


def test_without_a_quote_it_is_wider_and_slower_abroad():
    quoted, at_home, abroad = (
        quoted_forecast(parcel, DAILY).distribution
        for parcel in (shipment(3), shipment(), shipment(destination=VIENNA))
    )

    def width(distribution):
        return (distribution.quantile(0.9) - distribution.quantile(0.1)).days

    assert width(quoted) < width(at_home) < width(abroad)
    assert at_home.quantile(0.5) < abroad.quantile(0.5)


@given(st.none() | st.floats(0, HORIZON_DAYS), st.integers(0, 600), st.integers(0, 23))
def test_no_mass_lies_before_dispatch_or_on_closed_days(quote, days, hour):
    ordered_at = datetime.fromordinal(date(2026, 6, 1).toordinal() + days).replace(hour=hour, tzinfo=UTC)
    parcel = shipment(quote, ordered_at=ordered_at)
    calendar = Carrier("kranich").delivery_calendar(MUNICH)

    distribution = quoted_forecast(parcel, calendar).distribution

    assert distribution.anchor == parcel.ordered_on
    assert distribution.horizon == HORIZON_DAYS
    for k, p in enumerate(distribution.pmf):
        day = date.fromordinal(distribution.anchor.toordinal() + k)
        assert p == 0.0 or (day >= parcel.leaves_on and calendar.is_working(day))


def test_a_carrier_that_never_delivers_leaves_everything_beyond_the_horizon():
    never = WorkingCalendar(weekdays=frozenset())

    assert quoted_forecast(shipment(2), never).distribution.beyond == 1.0


def test_anything_that_forecasts_shipments_is_a_forecaster():
    class Quotes:
        def forecast(self, shipments):
            return [quoted_forecast(each, DAILY) for each in shipments]

    forecaster: Forecaster = Quotes()
    two = forecaster.forecast([shipment(1), replace(shipment(1), quoted_transit_days=2)])

    assert [type(each) for each in two] == [Forecast, Forecast]
