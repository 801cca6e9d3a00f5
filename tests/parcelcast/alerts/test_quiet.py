from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.alerts import QuietHours
from parcelcast.calendar import zone

NIGHT = QuietHours(time(21), time(8))
SIESTA = QuietHours(time(13), time(15))


def madrid(*parts: int) -> datetime:
    return datetime(2026, *parts, tzinfo=zone("Europe/Madrid")).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        (NIGHT, (11, 20, 20, 59), None),
        (NIGHT, (11, 20, 21, 0), (11, 21, 8, 0)),
        (NIGHT, (11, 21, 0, 0), (11, 21, 8, 0)),
        (NIGHT, (11, 21, 7, 59), (11, 21, 8, 0)),
        (NIGHT, (11, 21, 8, 0), None),
        (SIESTA, (11, 20, 12, 59), None),
        (SIESTA, (11, 20, 13, 0), (11, 20, 15, 0)),
        (SIESTA, (11, 20, 15, 0), None),
        (NIGHT, (10, 24, 22, 0), (10, 25, 8, 0)),  # the clock is set back this night
    ],
)
def test_quiet_hours_end_on_the_clock_of_the_destination(hours, now, end):
    assert hours.end_after(madrid(*now), "Europe/Madrid") == (None if end is None else madrid(*end))


@given(
    st.integers(0, 365 * 24 * 60),
    st.times(),
    st.times(),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]),
)
def test_they_end_ahead_of_now_and_within_a_day_and_an_hour(minute, start, end, time_zone):
    if start == end:
        return
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    found = QuietHours(start, end).end_after(now, time_zone)
    assert found is None or now < found <= now + timedelta(hours=25)


def test_they_survive_being_stored():
    assert QuietHours.from_dict(NIGHT.to_dict()) == NIGHT
