from zoneinfo import ZoneInfo

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.instants import clock_change_rows, local_dates, local_to_utc

SAO_PAULO = "America/Sao_Paulo"


def times(*texts):
    return pd.Series(pd.to_datetime(list(texts))).astype("datetime64[us]")


def test_the_repeated_hour_is_read_as_its_first_pass():
    assert local_to_utc(times("2018-02-17 23:30"), SAO_PAULO)[0].isoformat() == "2018-02-18T01:30:00+00:00"


def test_a_time_in_the_skipped_hour_moves_to_its_end():
    assert local_to_utc(times("2017-10-15 00:30"), SAO_PAULO)[0].isoformat() == "2017-10-15T03:00:00+00:00"


def test_times_that_a_clock_change_touches_are_counted():
    local = times("2018-02-17 23:30", "2017-10-15 00:30", "2018-02-17 22:30", None)
    assert clock_change_rows(local, SAO_PAULO) == 2


def test_what_is_missing_stays_missing():
    assert local_to_utc(times(None), SAO_PAULO).isna().all()


@given(st.datetimes(pd.Timestamp("2000-01-01").to_pydatetime(), pd.Timestamp("2030-01-01").to_pydatetime()))
def test_every_time_that_exists_comes_back_from_utc(moment):
    local = times(moment)
    back = local_to_utc(local, "Europe/Berlin").dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    imaginary = moment.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    exists = imaginary.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None) == moment
    assert (back[0] == local[0]) == exists


def test_local_dates_differ_by_place():
    instants = pd.Series(pd.to_datetime(["2024-01-01T23:30:00Z"] * 2))
    dates = local_dates(instants, pd.Series(["Europe/Berlin", SAO_PAULO]))
    assert dates.dt.day.tolist() == [2, 1]
