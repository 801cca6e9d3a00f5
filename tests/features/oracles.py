"""What is known of a parcel at the end of a day, told the slow obvious way; ages are counted in open days."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from math import log

from features.opendays import CalendarKey
from features.orders import day_of
from features.sketches import AGES
from parcelcast.calendar import holiday_dates

EVERY_DAY = CalendarKey(frozenset(range(7)), None, None)


def in_peak_season(day: date) -> bool:
    """Tell whether a day lies between Black Friday and Christmas Eve."""
    thursdays = [one for one in (date(day.year, 11, number) for number in range(1, 31)) if one.weekday() == 3]
    return thursdays[3] + timedelta(days=1) <= day <= date(day.year, 12, 24)


@dataclass(frozen=True)
class Parcel:
    """One spell, told by days; `end` is None while it is open, the records default to the events.

    From the day `cancelled` on nobody waits for it, unless its end was known before.
    """

    start: int
    end: int | None = None
    started_known: int | None = None
    ended_known: int | None = None
    calendar: CalendarKey = EVERY_DAY
    key: str = "a"
    cancelled: int | None = None

    @property
    def is_cancelled(self) -> bool:
        if self.cancelled is None or self.end is None:
            return self.cancelled is not None
        return self.cancelled <= max(self.end_known, self.start)

    @property
    def begin_known(self) -> int:
        return self.start if self.started_known is None else self.started_known

    @property
    def end_known(self) -> int:
        assert self.end is not None
        return max(self.end if self.ended_known is None else self.ended_known, self.end, self.begin_known)


@cache
def is_open(calendar: CalendarKey, number: int) -> bool:
    here = day_of(number)
    free = holiday_dates(calendar.country, calendar.region, [here.year])
    return here.weekday() in calendar.weekdays and here not in free


def age_on(parcel: Parcel, number: int) -> int:
    """Age in open days: a closed day has the age of the next open one; before the start it is 0."""
    age = sum(is_open(parcel.calendar, one) for one in range(parcel.start + 1, number + 1))
    return age + (number > parcel.start and not is_open(parcel.calendar, number))


def ages_reached(parcel: Parcel, tonight: int) -> range:
    """Return the ages that an open parcel has reached by the end of a day."""
    days = sum(is_open(parcel.calendar, one) for one in range(parcel.start + 1, tonight + 1))
    return range(min(days + 1, AGES))


def known_of(parcel: Parcel, tonight: int) -> tuple[Counter[int], Counter[int]]:
    """Return ages at risk and age at the end, as known of a parcel at the end of a day."""
    if parcel.is_cancelled:
        assert parcel.cancelled is not None
        tonight = min(tonight, parcel.cancelled - 1)
    if tonight < max(parcel.start, parcel.begin_known):
        return Counter(), Counter()
    reached = ages_reached(parcel, tonight)
    if parcel.end is None or parcel.is_cancelled or parcel.end_known > tonight:
        return Counter(reached), Counter()
    last = age_on(parcel, parcel.end)
    return Counter(age for age in reached if age <= last), Counter(age for age in reached if age == last)


def slow_pace(
    legs: Sequence[tuple[list[str], Parcel]], wanted: list[str], today: int, window: int, usual: int
) -> tuple[float, float]:
    """Return pace and load of the narrowest of the keys."""

    def counted(level: int, days: int) -> tuple[Counter[int], Counter[int]]:
        at_risk, ended = Counter[int](), Counter[int]()
        for keys, parcel in legs:
            if keys[level] == wanted[level]:
                now, before = known_of(parcel, today - 1), known_of(parcel, today - 1 - days)
                for total, new, old in zip((at_risk, ended), now, before, strict=True):
                    total.update(new)
                    total.subtract(old)
        return at_risk, ended

    if sum(counted(0, usual)[0].values()) <= 0:
        return float("nan"), float("nan")
    hazard, weight, ratio, load = [0.07] * AGES, 1.0, 1.0, 1.0
    for level in range(len(wanted)):
        often, ends = counted(level, usual)
        hazard = [(ends[a] + weight * hazard[a]) / (max(often[a], ends[a]) + weight) for a in range(AGES)]
        risk, end = counted(level, window)
        expected = sum(max(risk[a], end[a]) * hazard[a] for a in range(AGES))
        ratio = (sum(end.values()) + 20.0 * ratio) / (expected + 20.0)
        load = (max(sum(risk.values()), 0) + 2.0) / (max(sum(often.values()), 0) * window / usual + 2.0)
        weight = 8.0
    return log(ratio), log(load)
