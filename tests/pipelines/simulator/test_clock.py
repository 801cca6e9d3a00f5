from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipelines.simulator.clock import TIME_ZONE, Clock

BERLIN = ZoneInfo(TIME_ZONE)


@pytest.mark.parametrize("first_day", [date(2025, 10, 24), date(2026, 3, 27), date(2026, 6, 1)])
def test_wall_clock_minutes_become_the_instants_the_zone_database_gives(first_day):
    clock = Clock.covering(first_day, 200)
    minutes = np.arange(0, 200 * 1440, 37)
    start = datetime.combine(first_day, time())
    for minute, instant, offset in zip(minutes, clock.to_utc(minutes), clock.offsets(minutes), strict=True):
        local = (start + timedelta(minutes=int(minute))).replace(tzinfo=BERLIN)
        if local.astimezone(ZoneInfo("UTC")).astimezone(BERLIN).replace(tzinfo=None) != local.replace(tzinfo=None):
            continue  # skipped by the change to summer time
        assert instant.item() == local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
        assert offset == local.utcoffset().total_seconds() / 60


def test_order_survives_both_clock_changes():
    clock = Clock.covering(date(2025, 10, 1), 200)
    instants = clock.to_utc(np.arange(0, 200 * 1440))
    assert (np.diff(instants) >= np.timedelta64(0, "m")).all()


def test_weekdays_and_dates_belong_together():
    clock = Clock.covering(date(2026, 2, 26), 5)
    assert clock.dates[-1].item() == date(2026, 3, 2)
    assert clock.weekdays.tolist() == [3, 4, 5, 6, 0]
    assert clock.day_of(date(2026, 3, 1)) == 3
