"""Open days as arrays: which days a parcel can be delivered on, counted, and where the holidays lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from parcelcast.calendar import holiday_dates

_EPOCH = date(1970, 1, 1)
EVERY_DAY = frozenset(range(7))
FAR = 30  # days; a holiday farther off than this is as good as none


class CalendarKey(NamedTuple):
    """A delivery calendar: weekdays (Monday is 0) and whose holidays it keeps; no country: none."""

    weekdays: frozenset[int]
    country: str | None
    region: str | None


@dataclass(frozen=True)
class _Table:
    """Arrays over the days of some years: is it open, how many open days up to and with it."""

    is_open: NDArray[np.bool_]
    count: NDArray[np.int64]


@dataclass(frozen=True)
class OpenDays:
    """Open days of several calendars, from `first` (days since 1970-01-01) on.

    `code` tells the calendar of each order, `is_open` and `count` have shape (calendars, days); `count` is the number
    of open days up to and with a day, so that differences count the open days between two dates.
    """

    first: int
    code: NDArray[np.intp]
    is_open: NDArray[np.bool_]
    count: NDArray[np.int64]

    @classmethod
    def of(cls, calendars: Sequence[CalendarKey], first: int, last: int) -> Self:
        """Return the open days of each order's calendar, for days from `first` to at least `last`."""
        years = (_year(first), _year(last))
        keys = list(dict.fromkeys(calendars))
        code_of = {key: code for code, key in enumerate(keys)}
        tables = [_table(key, *years) for key in keys]
        code = np.array([code_of[key] for key in calendars], dtype=np.intp)
        start = (date(years[0], 1, 1) - _EPOCH).days
        return cls(start, code, np.stack([t.is_open for t in tables]), np.stack([t.count for t in tables]))

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the same calendars for these orders."""
        return replace(self, code=self.code[rows])

    def open_on(self, rows: NDArray[np.intp], days: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for order `rows[i]` whether `days[i]` is open."""
        return self.is_open[self.code[rows], days - self.first]

    def count_to(self, rows: NDArray[np.intp], days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count open days up to and with `days[i]`; only differences mean anything."""
        return self.count[self.code[rows], days - self.first]

    def age(self, rows: NDArray[np.intp], start: NDArray[np.int64], days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Age in open days since `start`: 0 on the start, 1 on the first open day after it, and so on.

        A closed day has the age of the next open one; a day before the start a negative age in calendar days.
        """
        since = self.count_to(rows, days) - self.count_to(rows, start) + ~self.open_on(rows, days)
        return np.where(days > start, since, days - start)


def _year(day: int) -> int:
    return (_EPOCH + timedelta(days=day)).year


@lru_cache(maxsize=4096)
def _table(key: CalendarKey, first_year: int, last_year: int) -> _Table:
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    days = np.arange((first - _EPOCH).days, (last - _EPOCH).days + 1)
    is_open = np.isin(weekday(days), list(key.weekdays)) & ~holidays_in(key.country, key.region, first_year, last_year)
    return _Table(is_open, np.cumsum(is_open))


@lru_cache(maxsize=4096)
def holidays_in(country: str | None, region: str | None, first_year: int, last_year: int) -> NDArray[np.bool_]:
    """Mark the holidays of a region over whole years; shape (days,)."""
    first = (date(first_year, 1, 1) - _EPOCH).days
    marks = np.zeros((date(last_year, 12, 31) - _EPOCH).days - first + 1, dtype=np.bool_)
    for day in holiday_dates(country, region or None, range(first_year, last_year + 1)):
        marks[(day - _EPOCH).days - first] = True
    marks.flags.writeable = False
    return marks


@dataclass(frozen=True)
class Holidays:
    """Holidays at each order's destination, whether or not its carrier keeps them."""

    first: int
    code: NDArray[np.intp]
    marks: NDArray[np.bool_]
    until_next: NDArray[np.int64]
    since_last: NDArray[np.int64]

    @classmethod
    def at(cls, regions: Sequence[tuple[str, str]], first: int, last: int) -> Self:
        """Return the holidays at each (country, region), for days from `first` to at least `last`."""
        years = (_year(first - FAR), _year(last + FAR))
        keys = list(dict.fromkeys(regions))
        code_of = {key: code for code, key in enumerate(keys)}
        marks = np.stack([holidays_in(country, region, *years) for country, region in keys])
        until = np.stack([_until_next(country, region, *years) for country, region in keys])
        since = np.stack([_since_last(country, region, *years) for country, region in keys])
        code = np.array([code_of[key] for key in regions], dtype=np.intp)
        return cls((date(years[0], 1, 1) - _EPOCH).days, code, marks, until, since)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the same holidays for these orders."""
        return replace(self, code=self.code[rows])

    def on(self, rows: NDArray[np.intp], days: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for order `rows[i]` whether `days[i]` is a holiday."""
        return self.marks[self.code[rows], days - self.first]

    def days_until(self, rows: NDArray[np.intp], days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Days from `days[i]` to the next holiday (0 on one), at most `FAR`."""
        return self.until_next[self.code[rows], days - self.first]

    def days_since(self, rows: NDArray[np.intp], days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Days from the last holiday to `days[i]` (0 on one), at most `FAR`."""
        return self.since_last[self.code[rows], days - self.first]


@lru_cache(maxsize=4096)
def _until_next(country: str, region: str, first_year: int, last_year: int) -> NDArray[np.int64]:
    marks = holidays_in(country, region, first_year, last_year)
    until = np.empty(len(marks), dtype=np.int64)
    left = FAR
    for index in range(len(marks) - 1, -1, -1):
        left = 0 if marks[index] else min(left + 1, FAR)
        until[index] = left
    return until


@lru_cache(maxsize=4096)
def _since_last(country: str, region: str, first_year: int, last_year: int) -> NDArray[np.int64]:
    days = np.arange(len(holidays_in(country, region, first_year, last_year)))
    last = np.maximum.accumulate(np.where(holidays_in(country, region, first_year, last_year), days, -FAR))
    return np.minimum(days - last, FAR)


def weekday(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Weekday of day numbers since 1970-01-01 (a Thursday); Monday is 0."""
    return (days + 3) % 7
