import json
from datetime import UTC, datetime, time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError
from pipelines.ingest.dispatching import planned_dispatch_dates, plans_of, told_dispatch_dates

LEIPZIG = WorkingCalendar("Europe/Berlin", cutoffs={4: time(12)}, holiday_country="DE", holiday_region="SN")
MANAUS = WorkingCalendar("America/Manaus", weekdays=frozenset(range(6)))
PLANS = {"leipzig": (LEIPZIG, 0), "leipzig-made-to-order": (LEIPZIG, 3), "manaus": (MANAUS, 1)}


def planned(orders):
    instants = pd.Series([at for at, _ in orders]).astype("datetime64[us, UTC]")
    return planned_dispatch_dates(instants, pd.Series([origin for _, origin in orders], dtype="string[pyarrow]"), PLANS)


moments = st.datetimes(datetime(2024, 3, 20), datetime(2024, 4, 12), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(st.tuples(moments, st.sampled_from(sorted(PLANS))), min_size=1, max_size=20))
def test_all_at_once_is_the_same_as_one_by_one(orders):
    one_by_one = [PLANS[origin][0].dispatch_on(at, PLANS[origin][1]) for at, origin in orders]
    assert planned(orders).dt.date.tolist() == one_by_one


def test_an_order_at_the_cutoff_is_late():
    before, at = datetime(2024, 3, 22, 10, 59, 59, tzinfo=UTC), datetime(2024, 3, 22, 11, tzinfo=UTC)
    assert planned([(before, "leipzig"), (at, "leipzig")]).dt.day.tolist() == [22, 25]


def test_an_unknown_origin_or_a_missing_order_time_has_no_plan():
    assert planned([(datetime(2024, 3, 22, tzinfo=UTC), "nowhere"), (None, "leipzig")]).isna().all()


def test_plans_are_read_from_the_origins_table():
    origins = pd.DataFrame(
        {"origin_id": ["a", "b"], "calendar": [json.dumps(MANAUS.to_dict())] * 2, "handling_days": [0, 2]}
    )
    assert plans_of(origins) == {"a": (MANAUS, 0), "b": (MANAUS, 2)}


@pytest.mark.parametrize("text", ["{", '{"time_zone": "Mars/Olympus"}', '{"opening": "10:00"}', "[]"])
def test_a_broken_calendar_is_named(text):
    origins = pd.DataFrame({"origin_id": ["a"], "calendar": [text], "handling_days": [0]})
    with pytest.raises(DataError, match=r"origins, column calendar: no working calendar"):
        plans_of(origins)


def test_what_a_shop_told_counts_as_it_does_in_serving_and_stays_where_nothing_can_be_said():
    monday_in_leipzig = "2024-04-07T22:30Z"  # in Manaus it is Sunday
    orders = [
        ("leipzig", monday_in_leipzig, "2024-04-01", "2024-04-08"),
        ("manaus", monday_in_leipzig, "2024-04-01", "2024-04-07"),
        ("manaus", monday_in_leipzig, "2024-04-09", "2024-04-09"),
        ("leipzig", monday_in_leipzig, "2034-04-09", "2024-07-07"),
        ("leipzig", None, "2024-04-01", "2024-04-01"),
        ("leipzig", monday_in_leipzig, None, None),
        ("nowhere", monday_in_leipzig, "2024-04-01", "2024-04-01"),
    ]
    origin, ordered_at, told, counted = (pd.Series(list(column)) for column in zip(*orders, strict=True))
    ordered_at = pd.to_datetime(ordered_at, utc=True).astype("datetime64[us, UTC]")
    found = told_dispatch_dates(pd.to_datetime(told), ordered_at, origin, PLANS)
    assert found.equals(pd.to_datetime(counted).astype("datetime64[us]"))
