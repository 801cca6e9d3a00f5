from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.calendar import WorkingCalendar, local_date
from parcelcast.errors import InputError
from parcelcast.place import Place
from parcelcast.shipment import Carrier, Origin, Service, Shipment

ZONES = ("Europe/Berlin", "Pacific/Auckland", "Pacific/Honolulu", "Pacific/Kiritimati", "America/Sao_Paulo")


def place(zone, country="DE", region=None):
    return Place(country, "", region, zone, None, None, "country")


def warehouse(zone, handling_days=0, **calendar):
    return Origin("wh", place(zone), WorkingCalendar(zone, **calendar), handling_days)


def test_the_date_of_the_order_is_the_date_at_the_destination():
    instant = datetime(2026, 12, 31, 10, 30, tzinfo=UTC)

    def ordered_on(zone):
        return Shipment(instant, warehouse("Europe/Berlin"), place(zone)).ordered_on

    assert ordered_on("Pacific/Kiritimati") == date(2027, 1, 1)
    assert ordered_on("Pacific/Honolulu") == date(2026, 12, 31)


def test_dispatch_is_planned_with_the_calendar_of_the_origin():
    sunday_in_honolulu = datetime(2027, 3, 7, 20, 0, tzinfo=ZoneInfo("Pacific/Honolulu"))
    shipment = Shipment(sunday_in_honolulu, warehouse("Europe/Berlin", handling_days=1), place("Pacific/Honolulu"))

    assert shipment.ordered_on == date(2027, 3, 7)
    assert shipment.order_by == datetime(2027, 3, 8, 13, 0, tzinfo=UTC)
    assert shipment.planned_dispatch_on == date(2027, 3, 9)
    assert shipment.leaves_on == date(2027, 3, 9)


def test_a_parcel_from_behind_the_date_line_leaves_on_the_day_before_at_the_destination():
    # Monday 9:00 in Auckland is Sunday 10:00 in Honolulu.
    monday = datetime(2027, 3, 8, 9, 0, tzinfo=ZoneInfo("Pacific/Auckland"))
    shipment = Shipment(monday, warehouse("Pacific/Auckland"), place("Pacific/Honolulu"))

    assert shipment.planned_dispatch_on == date(2027, 3, 8)
    assert shipment.ordered_on == shipment.leaves_on == date(2027, 3, 7)


@pytest.mark.parametrize(
    ("told", "zone", "planned_on", "order_by", "leaves_on"),
    [
        # Friday at 17:00, after the cut-off, and a plan for the same day: it leaves until midnight.
        ("2026-11-20", "Europe/Berlin", "2026-11-20", "2026-11-20T23:00", "2026-11-20"),
        # At the cut-off of that Friday it is Saturday in Auckland, and in Honolulu still Friday.
        ("2026-11-20", "Pacific/Auckland", "2026-11-20", "2026-11-20T23:00", "2026-11-21"),
        ("2026-11-20", "Pacific/Honolulu", "2026-11-20", "2026-11-20T23:00", "2026-11-20"),
        # Sunday has no cut-off.
        ("2026-11-22", "Pacific/Auckland", "2026-11-22", "2026-11-22T23:00", "2026-11-22"),
        ("2026-11-10", "Europe/Berlin", "2026-11-20", "2026-11-20T23:00", "2026-11-20"),
        ("2026-12-01", "Europe/Berlin", "2026-12-01", "2026-11-23T13:00", "2026-12-01"),
        ("2062-12-01", "Europe/Berlin", "2027-02-18", "2026-11-23T13:00", "2027-02-18"),
    ],
)
def test_a_plan_of_the_shop_takes_the_place_of_the_calendars(told, zone, planned_on, order_by, leaves_on):
    ordered_at = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    plan = date.fromisoformat(told)
    shipment = Shipment(ordered_at, warehouse("Europe/Berlin"), place(zone), told_dispatch_on=plan)

    assert shipment.planned_dispatch_on == date.fromisoformat(planned_on)
    assert shipment.order_by == datetime.fromisoformat(order_by).replace(tzinfo=UTC)
    assert shipment.leaves_on == date.fromisoformat(leaves_on)


def test_a_plan_for_a_sunday_never_leaves_before_the_order():
    # Sunday at 14:30 in Honolulu, which has no cut-off, is Monday in Auckland.
    ordered_at = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    sunday = date(2026, 11, 22)
    shipment = Shipment(ordered_at, warehouse("Pacific/Honolulu"), place("Pacific/Auckland"), told_dispatch_on=sunday)

    assert shipment.planned_dispatch_on == sunday
    assert shipment.leaves_on == shipment.ordered_on == date(2026, 11, 23)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(ZONES),
    st.sampled_from(ZONES),
    st.integers(0, 4),
    st.times(),
)
def test_nothing_leaves_before_it_is_ordered(ordered_at, origin_zone, destination_zone, handling_days, cutoff):
    origin = warehouse(origin_zone, handling_days, default_cutoff=cutoff, holiday_country="DE")
    shipment = Shipment(ordered_at, origin, place(destination_zone))

    assert shipment.ordered_on <= shipment.leaves_on
    assert ordered_at < shipment.order_by
    assert local_date(shipment.order_by, origin_zone) <= shipment.planned_dispatch_on + timedelta(days=1)
    assert shipment.planned_dispatch_on == origin.calendar.dispatch_on(ordered_at, handling_days)


def test_order_times_are_kept_in_utc():
    shipment = Shipment(datetime(2027, 3, 1, 10, tzinfo=ZoneInfo("Asia/Kathmandu")), warehouse("UTC"), place("UTC"))

    assert shipment.ordered_at.isoformat() == "2027-03-01T04:15:00+00:00"


@pytest.mark.parametrize("ordered_at", ["2027-03-01", "1066-10-14T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_refuses_an_order_time_without_offset_or_out_of_this_world(ordered_at):
    with pytest.raises(InputError, match="expected a time with an offset"):
        Shipment(datetime.fromisoformat(ordered_at), warehouse("UTC"), place("UTC"))


def test_lane_of_a_shipment():
    shipment = Shipment(datetime(2027, 3, 1, tzinfo=UTC), warehouse("UTC"), place("UTC", "AT"), "kranich", "standard")

    assert (shipment.lane.destination_country, shipment.lane.carrier) == ("AT", "kranich")
    assert shipment == Shipment(shipment.ordered_at, shipment.origin, shipment.destination, "kranich", "standard")
    assert len({shipment, Shipment(shipment.ordered_at, shipment.origin, shipment.destination)}) == 2


def test_a_carrier_delivers_on_its_weekdays_and_rests_on_holidays_of_the_destination():
    bavaria = place("Europe/Berlin", region="BY")
    carrier = Carrier("kranich", delivery_weekdays=frozenset(range(6)))
    restless = Carrier("eigenflotte", delivery_weekdays=frozenset(range(7)), observes_holidays=False)

    calendar = carrier.delivery_calendar(bavaria)
    assert calendar.time_zone == "Europe/Berlin"
    assert calendar.is_working(date(2027, 1, 9))  # Saturday
    assert not calendar.is_working(date(2027, 1, 10))  # Sunday
    assert not calendar.is_working(date(2027, 1, 6))  # Epiphany, in Bavaria
    assert carrier.delivery_calendar(place("Europe/Berlin", region="BE")).is_working(date(2027, 1, 6))
    assert restless.delivery_calendar(bavaria).is_working(date(2027, 1, 6))
    assert restless.delivery_calendar(bavaria).is_working(date(2027, 1, 10))


def test_a_carrier_knows_its_services():
    carrier = Carrier("kranich", (Service("standard", 2), Service("express", 1)))

    assert carrier.service("express") == Service("express", 1)
    assert carrier.service("teleport") is None
    assert carrier.service(None) is None


def test_calendars_of_an_origin_may_be_compared_and_used_as_keys():
    assert len({warehouse("UTC", cutoffs={5: time(11)}), warehouse("UTC", cutoffs={5: time(11)})}) == 1
