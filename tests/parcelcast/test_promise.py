from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parcelcast.calendar import WorkingCalendar
from parcelcast.distribution import DeliveryDistribution
from parcelcast.errors import InputError
from parcelcast.forecast import Evidence, Forecast, quoted_forecast
from parcelcast.place import Place
from parcelcast.promise import PERCENTILES, PromisePolicy, Reason, make_promise
from parcelcast.shipment import Carrier, Origin, Shipment

ZONES = ("Europe/Berlin", "Pacific/Auckland", "Pacific/Honolulu", "Pacific/Kiritimati", "America/Sao_Paulo")
MONDAY = date(2027, 3, 1)
DAILY = WorkingCalendar(weekdays=frozenset(range(7)))
SIX_DAYS = Carrier("kranich")


def place(zone="Europe/Berlin", country="DE", region="SN"):
    return Place(country, "04109", region, zone, None, None, "prefix")


def parcel(ordered_at, destination=None, handling_days=0, **calendar):
    origin = Origin("wh-leipzig", place(), WorkingCalendar("Europe/Berlin", **calendar), handling_days)
    return Shipment(ordered_at, origin, destination or place())


def berlin(*args):
    return datetime(*args, tzinfo=ZoneInfo("Europe/Berlin"))


def forecast(anchor, pmf):
    return Forecast(DeliveryDistribution(anchor, np.asarray(pmf)), "model", Evidence("lane", 120.0))


@st.composite
def distributions(draw, anchor=MONDAY):
    weights = draw(st.lists(st.integers(0, 9), min_size=1, max_size=25))
    beyond = draw(st.integers(0, 5))
    assume(sum(weights) + beyond > 0)
    return DeliveryDistribution(anchor, np.array(weights) / (sum(weights) + beyond))


# the policy


def test_a_service_level_is_the_first_deliverable_date_that_reaches_it():
    saturday_likely = DeliveryDistribution(MONDAY, np.array([0, 0, 0.2, 0, 0.3, 0.35, 0, 0.1]))
    weekdays = WorkingCalendar()

    assert PromisePolicy(0.5).promised(saturday_likely, weekdays, MONDAY) == date(2027, 3, 5)
    assert PromisePolicy(0.8).promised(saturday_likely, DAILY, MONDAY) == date(2027, 3, 6)
    assert PromisePolicy(0.8).promised(saturday_likely, weekdays, MONDAY) == date(2027, 3, 8)
    assert PromisePolicy(0.99).promised(saturday_likely, weekdays, MONDAY) is None
    assert PromisePolicy(0.5).promised(saturday_likely, weekdays, date(2027, 3, 9)) == date(2027, 3, 9)


@given(
    distributions(),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(-3, 30),
    st.floats(0, 10),
    st.floats(0, 100),
)
def test_the_cost_optimal_date_is_the_minimum_over_all_candidates(distribution, weekdays, start, per_day, lateness):
    calendar = WorkingCalendar(weekdays=frozenset(weekdays))
    not_before = MONDAY + timedelta(days=start)
    candidates = [
        day
        for k in range(-3, 30)
        if (day := MONDAY + timedelta(days=k)) >= not_before
        and day <= distribution.last_day
        and calendar.is_working(day)
        and distribution.probability_by(day) > 1e-9
    ]

    def cost(day):
        return per_day * (day - candidates[0]).days + lateness * distribution.probability_after(day)

    chosen = PromisePolicy(None, per_day, lateness).promised(distribution, calendar, not_before)

    if not candidates:
        assert chosen is None
        return
    assert chosen in candidates
    assert cost(chosen) == pytest.approx(min(cost(day) for day in candidates))


def test_dearer_lateness_promises_later():
    distribution = DeliveryDistribution.from_hazard(MONDAY, [0.3] * 30)

    promised = [PromisePolicy(None, 1.0, cost).promised(distribution, DAILY, MONDAY) for cost in (0.1, 5, 50, 500)]

    assert promised == sorted(promised)
    assert len(set(promised)) == 4


def test_of_two_dates_that_cost_the_same_the_earlier_is_promised():
    distribution = DeliveryDistribution(MONDAY, np.array([0.5, 0.25, 0.25]))

    assert PromisePolicy(None, cost_per_day=1.0, cost_of_lateness=4.0).promised(distribution, DAILY, MONDAY) == MONDAY


def test_costs_never_promise_a_date_that_cannot_be_kept():
    not_before_friday = DeliveryDistribution(MONDAY, np.array([0, 0, 0, 0, 1.0]))
    never = DeliveryDistribution(MONDAY, np.array([0.0, 0.0]))
    hasty = PromisePolicy(None, cost_per_day=10.0, cost_of_lateness=1.0)

    assert hasty.promised(not_before_friday, DAILY, MONDAY) == date(2027, 3, 5)
    assert hasty.promised(never, DAILY, MONDAY) is None


@pytest.mark.parametrize(
    "values",
    [
        (0.9, 1.0, 10.0),
        (0.9, None, 10.0),
        (None, None, None),
        (None, 1.0, None),
        (None, -1.0, 10.0),
        (None, 1.0, float("nan")),
        (0.0, None, None),
        (1.0, None, None),
        (float("nan"), None, None),
    ],
)
def test_a_policy_is_a_service_level_or_both_costs(values):
    with pytest.raises(InputError, match="expected"):
        PromisePolicy(*values)


# the promise


def test_names_every_date_of_a_parcel_before_easter():
    # Ordered on Wednesday after the cut-off; Good Friday and Easter Monday are closed for warehouse and carrier.
    shipment = parcel(berlin(2027, 3, 24, 15, 0), holiday_country="DE", holiday_region="SN")
    days = [0, 0, 0, 0.4, 0, 0, 0.2, 0.2, 0.15, 0.05]

    promise = make_promise(
        shipment,
        forecast(date(2027, 3, 24), days),
        SIX_DAYS.delivery_calendar(place()),
        PromisePolicy(0.9),
        deliver_by=date(2027, 3, 30),
    )

    assert promise.ordered_on == date(2027, 3, 24)
    assert promise.order_by == berlin(2027, 3, 25, 14, 0)
    assert promise.dispatch_on == date(2027, 3, 25)
    assert promise.earliest == date(2027, 3, 27)  # Saturday
    assert promise.likely == date(2027, 3, 30)  # Tuesday
    assert promise.promised == date(2027, 4, 1)
    assert promise.confidence == pytest.approx(0.95)
    assert promise.on_time_probability == pytest.approx(0.6)
    assert promise.percentiles[75] == date(2027, 3, 31)
    assert promise.percentiles[99] == date(2027, 4, 2)
    assert tuple(promise.percentiles) == PERCENTILES
    assert promise.basis == "model"
    assert promise.evidence.parcels == 120.0
    assert promise.reasons == (
        Reason("warehouse", 1),
        Reason("transit", 2),  # Saturday and Tuesday are deliverable
        Reason("closed_days", 3),  # Good Friday, Sunday, Easter Monday
        Reason("safety", 2),
    )


def test_an_order_a_minute_after_the_cutoff_leaves_a_day_later():
    before, after = (
        make_promise(shipment, quoted_forecast(shipment, DAILY), DAILY, PromisePolicy())
        for shipment in (parcel(berlin(2027, 3, 2, 13, 59)), parcel(berlin(2027, 3, 2, 14, 0)))
    )

    assert after.dispatch_on - before.dispatch_on == timedelta(days=1)
    assert after.promised - before.promised == timedelta(days=1)


def test_no_date_is_named_before_the_parcel_leaves():
    shipment = parcel(berlin(2027, 3, 1, 9, 0), handling_days=3)

    promise = make_promise(shipment, forecast(MONDAY, [0.9, 0.1]), DAILY, PromisePolicy(0.9))

    assert promise.dispatch_on == date(2027, 3, 4)
    assert promise.earliest == promise.likely == promise.promised == date(2027, 3, 4)


def test_a_promise_beyond_the_horizon_is_none_and_has_no_reasons():
    shipment = parcel(berlin(2027, 3, 1, 9, 0))

    promise = make_promise(shipment, forecast(MONDAY, [0, 0.6, 0.1]), DAILY, PromisePolicy(0.9))

    assert promise.likely == date(2027, 3, 2)
    assert promise.promised is None
    assert promise.confidence is None
    assert promise.on_time_probability is None
    assert promise.reasons == ()


def test_a_bold_promise_is_told_with_negative_safety():
    shipment = parcel(berlin(2027, 3, 1, 9, 0))

    promise = make_promise(shipment, forecast(MONDAY, [0, 0.3, 0.1, 0.6]), DAILY, PromisePolicy(0.2))

    assert promise.likely == date(2027, 3, 4)
    assert promise.promised == date(2027, 3, 2)
    assert promise.reasons[-1] == Reason("safety", -2)


def test_a_bold_promise_without_a_likely_date_still_adds_up():
    shipment = parcel(berlin(2027, 3, 1, 9, 0))

    promise = make_promise(shipment, forecast(MONDAY, [0, 0.3]), DAILY, PromisePolicy(0.2))

    assert promise.likely is None
    assert [(reason.kind, reason.days) for reason in promise.reasons] == [
        ("warehouse", 0), ("transit", 1), ("closed_days", 0), ("safety", 0),
    ]  # fmt: skip


@st.composite
def situations(draw):
    """A shipment to anywhere in the world, its forecast and a carrier's calendar there."""
    instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    destination = place(draw(st.sampled_from(ZONES)), region="BY")
    shipment = parcel(draw(instants), destination, draw(st.integers(0, 4)), holiday_country="DE", cutoffs={4: time(11)})
    carrier = Carrier("kranich", delivery_weekdays=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))))
    return shipment, draw(distributions(shipment.ordered_on)), carrier.delivery_calendar(destination)


@given(situations(), st.sampled_from([PromisePolicy(0.3), PromisePolicy(0.9), PromisePolicy(None, 1.0, 10.0)]))
def test_reasons_add_up_and_dates_are_deliverable(situation, policy):
    shipment, distribution, calendar = situation

    promise = make_promise(shipment, Forecast(distribution, "model", Evidence("all", 1.0)), calendar, policy)

    named = [promise.earliest, promise.likely, *promise.percentiles.values()]
    assert all(day is None or (calendar.is_working(day) and day >= shipment.leaves_on) for day in named)
    known = [day for day in named if day is not None]
    assert known == sorted(known)
    if promise.promised is None:
        assert promise.reasons == ()
        return
    assert calendar.is_working(promise.promised)
    assert sum(reason.days for reason in promise.reasons) == (promise.promised - promise.ordered_on).days
    assert all(reason.days >= 0 for reason in promise.reasons if reason.kind != "safety")
    assert promise.confidence == distribution.probability_by(promise.promised)
    if policy.service_level is not None:
        assert promise.confidence >= policy.service_level - 1e-12
