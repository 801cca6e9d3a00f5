from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.errors import InputError
from serving.webhooks.schedule import LONGEST_PAUSE, Schedule, retry_after

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _instants(jitter, seconds_per_attempt=0.0):
    """Fail at every attempt, and return the seconds from the first attempt to each one."""
    at, found = NOON, []
    while at is not None:
        found.append((at - NOON).total_seconds())
        at = Schedule().after(NOON, at, at + timedelta(seconds=seconds_per_attempt), jitter)
    return found


def test_without_jitter_retries_come_when_the_standard_says():
    hours = [2, 5, 10, 14, 20, 24]

    assert _instants(lambda: 0.0) == [0, 5, 300, 1800, *(hour * 3600 for hour in hours)]


@given(st.floats(0, 1), st.floats(0, 15))
def test_retries_are_ten_and_end_within_a_day(share, seconds):
    instants = _instants(lambda: share, seconds)

    assert len(instants) == 10
    assert instants == sorted(instants)
    assert instants[-1] == DAY.total_seconds()


@given(st.lists(st.floats(0, 1), min_size=20, max_size=20))
def test_jitter_only_delays_by_a_tenth_of_the_wait(draws):
    plain, jittered = _instants(lambda: 0.0), _instants(iter(draws).__next__)

    for number in range(1, 10):
        wait = plain[number] - plain[number - 1]
        assert 0 <= jittered[number] - plain[number] <= 0.1 * wait + 0.001


def test_a_receiver_that_hung_gets_its_pause():
    assert Schedule().after(NOON, NOON, NOON + timedelta(seconds=15), lambda: 0.0) == NOON + timedelta(seconds=20)


def test_instants_that_passed_while_nobody_sent_are_left_out():
    tried = NOON + timedelta(hours=7)

    assert Schedule().after(NOON, tried, tried, lambda: 0.0) == NOON + timedelta(hours=10)


@pytest.mark.parametrize("offsets", [(), (0.0,), (-1.0,), (5.0, 5.0), (float("nan"),), (5.0, float("inf"))])
def test_schedules_that_do_not_rise_are_refused(offsets):
    with pytest.raises(InputError, match="rising"):
        Schedule(offsets)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("0", timedelta(0)),
        (" 7 ", timedelta(seconds=7)),
        ("999999999", LONGEST_PAUSE),
        ("9999999999999999999999", None),
        ("Mon, 01 Mar 2027 12:01:00 GMT", timedelta(minutes=1)),
        ("Mon, 01 Mar 2027 11:00:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
        ("Fri, 31 Dec 9999 23:59:59 -2300", LONGEST_PAUSE),
        ("Mon, 01 Mar 2027 12:01:00 -0000", timedelta(minutes=1)),
    ],
)
def test_retry_after_is_read(text, expected):
    assert retry_after(text, NOON) == expected


@given(st.text())
def test_any_text_is_read_without_harm(text):
    found = retry_after(text, NOON)

    assert found is None or timedelta(0) <= found <= LONGEST_PAUSE
