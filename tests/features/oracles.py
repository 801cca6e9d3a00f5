"""What is known of a parcel at the end of a day, told the slow obvious way; ages are counted in open days."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

from features.opendays import CalendarKey
from features.orders import day_of
from features.sketches import AGES
from parcelcast.calendar import holiday_dates

EVERY_DAY = CalendarKey(frozenset(range(7)), None, None)


@dataclass(frozen=True)
class Parcel:
    """One spell, told by days; `end` is None while it is open, the records default to the events."""

    start: int
    end: int | None = None
    started_known: int | None = None
    ended_known: int | None = None
    calendar: CalendarKey = EVERY_DAY
    key: str = "a"

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
    if tonight < max(parcel.start, parcel.begin_known):
        return Counter(), Counter()
    reached = ages_reached(parcel, tonight)
    if parcel.end is None or parcel.end_known > tonight:
        return Counter(reached), Counter()
    last = age_on(parcel, parcel.end)
    return Counter(age for age in reached if age <= last), Counter(age for age in reached if age == last)
