"""The one clock of the simulated network: local days and minutes of central European time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.simulator.arrays import AnyInts, Days, Ints

# Every place of the network keeps this time.
TIME_ZONE = "Europe/Berlin"
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Clock:
    """Turns minutes since the first local midnight (as a wall clock counts them) into UTC instants.

    A wall-clock time that the change to summer time skips becomes the instant of the change, and the first of two is
    meant when the change back repeats it; so events keep their order.

    >>> clock = Clock.covering(date(2026, 3, 28), 3)
    >>> clock.to_utc(np.array([0, 1440 + 150, 1440 + 180])).astype(str).tolist()
    ['2026-03-27T23:00', '2026-03-29T01:00', '2026-03-29T01:00']
    >>> clock.offsets(np.array([0, 2 * 1440])).tolist()
    [60, 120]
    """

    first_day: date
    days: int
    boundaries: Ints
    segment_offsets: Ints
    segment_ends_utc: Ints

    @classmethod
    def covering(cls, first_day: date, days: int) -> "Clock":
        """Clock for so many local days; it may be asked for later minutes, too, in the last offset."""
        start = datetime(first_day.year, first_day.month, first_day.day, tzinfo=ZoneInfo(TIME_ZONE))
        offsets = [_offset(start)]
        boundaries, ends = [], []
        for day in range(days):
            morning, evening = start + timedelta(days=day), start + timedelta(days=day + 1)
            if _offset(morning) == _offset(evening):
                continue
            change = next(hour for hour in _hours(morning) if _offset(hour) == _offset(evening))
            boundaries.append(
                (_minutes(change) - _minutes(start)) + max(_offset(morning), _offset(evening)) - offsets[0]
            )
            ends.append(_minutes(change) - _minutes(start) - offsets[0])
            offsets.append(_offset(evening))
        return cls(first_day, days, np.array(boundaries, np.int64), np.array(offsets), np.array([*ends, 2**62]))

    @property
    def dates(self) -> Days:
        """Local dates of the days."""
        return np.datetime64(self.first_day, "D") + np.arange(self.days)

    @property
    def weekdays(self) -> Ints:
        """Weekdays of the days; Monday is 0."""
        return (self.first_day.weekday() + np.arange(self.days)) % 7

    def day_of(self, day: date) -> int:
        """Number of a local date, counted from the first."""
        return (day - self.first_day).days

    def offsets(self, minutes: AnyInts) -> Ints:
        """Offset of local time from UTC, in minutes, at these local minutes."""
        return self.segment_offsets[np.searchsorted(self.boundaries, minutes, side="right")]

    def to_utc(self, minutes: AnyInts) -> Days:
        """Instants (datetime64[m], UTC) of these local minutes."""
        segment = np.searchsorted(self.boundaries, minutes, side="right")
        relative = np.minimum(minutes - self.segment_offsets[segment], self.segment_ends_utc[segment])
        instants: Days = np.datetime64(self.first_day, "m") + relative.astype("timedelta64[m]")
        return instants


def _minutes(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60


def _hours(morning: datetime) -> list[datetime]:
    first = morning.astimezone(UTC)
    return [(first + timedelta(hours=hour)).astimezone(morning.tzinfo) for hour in range(26)]
