import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.errors import InputError
from parcelcast.tracking.clocks import offset_min, read_time

BERLIN = "Europe/Berlin"
INSTANTS = st.datetimes(datetime(1990, 1, 2), datetime(2199, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("told", "time_zone", "utc", "offset", "doubts"),
    [
        ("2027-03-01T10:00:00+01:00", None, "2027-03-01T09:00:00", 60, ()),
        ("2027-03-01T10:00:00+0100", BERLIN, "2027-03-01T09:00:00", 60, ()),
        ("2027-03-01 10:00:00.5-03:30", None, "2027-03-01T13:30:00.5", -210, ()),
        ("2027-03-01T10:00:00Z", BERLIN, "2027-03-01T10:00:00", None, ()),
        ("2027-03-01T10:00:00+00:00", BERLIN, "2027-03-01T10:00:00", 0, ()),
        ("2027-03-01T10:00:00+02:00", BERLIN, "2027-03-01T08:00:00", 120, ("offset_unlike_facility",)),
        ("2027-03-01T10:00:00", BERLIN, "2027-03-01T09:00:00", 60, ("offset_missing",)),
        ("2027-03-01", BERLIN, "2027-02-28T23:00:00", 60, ("offset_missing",)),
        ("2027-03-01T10:00:00", None, "2027-03-01T10:00:00", None, ("offset_missing", "time_zone_unknown")),
        ("2027-03-01T10:00:00+25:00", BERLIN, "2027-03-01T09:00:00", 60, ("offset_impossible",)),
        ("2027-03-01T10:00:00+01:07", BERLIN, "2027-03-01T09:00:00", 60, ("offset_impossible",)),
        ("2027-03-01T10:00:00-99:99", None, "2027-03-01T10:00:00", None, ("offset_impossible", "time_zone_unknown")),
        ("2027-10-31T02:30:00", BERLIN, "2027-10-31T00:30:00", 120, ("offset_missing",)),  # repeated: the first
        ("2027-03-28T02:30:00", BERLIN, "2027-03-28T01:30:00", 120, ("offset_missing",)),  # skipped
    ],
)
def test_times_are_read_as_carriers_tell_them(told, time_zone, utc, offset, doubts):
    assert read_time(told, time_zone) == (datetime.fromisoformat(utc).replace(tzinfo=UTC), offset, doubts)


@pytest.mark.parametrize(
    "told", ["", "yesterday", "1970-01-01T00:00:00Z", "2027-02-30", "+01:00", "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_time_is_refused(told):
    with pytest.raises(InputError, match="expected ISO 8601"):
        read_time(told, BERLIN)


@given(INSTANTS, st.sampled_from([BERLIN, "Asia/Kathmandu", "America/St_Johns"]))
def test_a_time_with_its_offset_comes_back(instant, time_zone):
    local = instant.astimezone(ZoneInfo(time_zone))
    told = read_time(local.isoformat(), time_zone)
    assert told == (instant, offset_min(instant, time_zone), ())


@given(INSTANTS)
def test_a_local_time_is_the_facilitys_up_to_the_hour_of_a_clock_change(instant):
    local = instant.astimezone(ZoneInfo(BERLIN)).replace(tzinfo=None)
    assert abs(read_time(local.isoformat(), BERLIN).occurred_at - instant) <= timedelta(hours=1)


@given(st.text(), st.sampled_from([None, BERLIN]))
def test_whatever_comes_is_read_or_refused(told, time_zone):
    with contextlib.suppress(InputError):
        assert read_time(told, time_zone).occurred_at.tzinfo is UTC
