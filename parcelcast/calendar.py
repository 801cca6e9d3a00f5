"""Working days, cut-offs and holidays of a warehouse, or delivery days of a carrier at a destination."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Self
from zoneinfo import ZoneInfo

import holidays

from parcelcast.errors import InputError

# A calendar that does not work within a year and a few days never will.
SEARCH_DAYS = 370
_MOST_WORKING_DAYS = 3660
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkingCalendar:
    """Which local days are worked, and until when an order still leaves on the same day.

    ``weekdays`` count Monday as 0. ``cutoffs`` are local times per weekday, ``default_cutoff`` serves the others.
    Holidays are those of the `holidays` library for a country ("DE") and region ("BY"). ``special_days`` win over
    everything: None closes the day, a time opens it with that cut-off. A local time that a clock change skips or
    repeats is read as RFC 5545 does (section 3.3.5): with the offset before the gap, and as the first of two.

    The same class tells the delivery days of a carrier at a destination; its cut-offs are then unused.

    >>> leipzig = WorkingCalendar("Europe/Berlin", cutoffs={4: time(12)}, holiday_country="DE", holiday_region="SN")
    >>> leipzig.dispatch_on(datetime(2027, 3, 25, 12, 59, tzinfo=UTC))  # Thursday 13:59 in Leipzig
    datetime.date(2027, 3, 25)
    >>> leipzig.dispatch_on(datetime(2027, 3, 25, 13, 0, tzinfo=UTC))  # at the cut-off, before Easter
    datetime.date(2027, 3, 30)
    """

    time_zone: str = "UTC"
    weekdays: frozenset[int] = frozenset(range(5))
    cutoffs: Mapping[int, time] = field(default_factory=dict, hash=False)
    default_cutoff: time = time(14)
    holiday_country: str | None = None
    holiday_region: str | None = None
    special_days: Mapping[date, time | None] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        zone(self.time_zone)
        for day in (*self.weekdays, *self.cutoffs):
            if day not in range(7):
                raise InputError(f"weekday {day!r}; expected a number from 0 (Monday) to 6 (Sunday)")
        for cutoff in (self.default_cutoff, *self.cutoffs.values(), *self.special_days.values()):
            if cutoff is not None and cutoff.tzinfo is not None:
                raise InputError(f"cut-off {cutoff!r}; expected a local time of day without an offset")
        object.__setattr__(self, "weekdays", frozenset(self.weekdays))
        object.__setattr__(self, "cutoffs", dict(self.cutoffs))
        object.__setattr__(self, "special_days", dict(self.special_days))

    def is_working(self, day: date) -> bool:
        """Whether that local day is worked."""
        if day in self.special_days:
            return self.special_days[day] is not None
        return day.weekday() in self.weekdays and day not in _holidays(
            self.holiday_country, self.holiday_region, day.year
        )

    def cutoff_at(self, day: date) -> datetime | None:
        """Instant (UTC) of that local day's cut-off; None when the day is not worked."""
        if not self.is_working(day):
            return None
        cutoff = self.special_days.get(day) or self.cutoffs.get(day.weekday(), self.default_cutoff)
        return datetime.combine(day, cutoff, tzinfo=zone(self.time_zone)).astimezone(UTC)

    def next_opening(self, instant: datetime) -> tuple[date, datetime]:
        """Find the first working day whose cut-off lies after an aware instant, and that cut-off (UTC)."""
        day = local_date(instant, self.time_zone)
        for _ in range(SEARCH_DAYS):
            cutoff = self.cutoff_at(day)
            if cutoff is not None and cutoff > instant:
                return day, cutoff
            day = _next_day(day)
        raise self._never_works(day)

    def next_cutoff(self, instant: datetime) -> datetime:
        """First cut-off (UTC) after an aware instant; an order at the cut-off is late."""
        return self.next_opening(instant)[1]

    def dispatch_on(self, ordered_at: datetime, handling_days: int = 0) -> date:
        """Local date on which an order of that instant leaves: its cut-off day, then so many further working days."""
        return self.add_working_days(self.next_opening(ordered_at)[0], handling_days)

    def next_working_day(self, day: date) -> date:
        """Return that local day if it is worked, else the next one; InputError when none is within 370 days."""
        return day if self.is_working(day) else self.add_working_days(day, 1)

    def add_working_days(self, day: date, n: int) -> date:
        """Return the n-th working day after that day, itself for n = 0: the inverse of ``working_days_between``."""
        if not 0 <= n <= _MOST_WORKING_DAYS:
            raise InputError(f"{n} working days to add; expected 0 to {_MOST_WORKING_DAYS}")
        idle = 0
        while n > 0:
            day = _next_day(day)
            idle += 1
            if self.is_working(day):
                n, idle = n - 1, 0
            elif idle >= SEARCH_DAYS:
                raise self._never_works(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Working days in (start, end]; negative when the end comes first."""
        if end < start:
            return -self.working_days_between(end, start)
        return sum(self.is_working(start + timedelta(days=k)) for k in range(1, (end - start).days + 1))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Calendar from its JSON form; times "HH:MM", dates "YYYY-MM-DD", weekdays 0..6 (as keys, strings)."""
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown:
            raise InputError(f"calendar has {unknown}; expected only {sorted(cls.__dataclass_fields__)}")
        for name in ("holiday_country", "holiday_region"):
            if not isinstance(data.get(name), str | None):
                raise InputError(f'{name} is {data[name]!r}; expected a code such as "DE" or "BY", or null')
        try:
            values = {name: _READERS.get(name, _as_it_is)(value) for name, value in data.items()}
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f'calendar {dict(data)}: {error}; expected times "HH:MM", dates "YYYY-MM-DD"') from error
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the calendar as JSON values, in a stable order; ``from_dict`` reads it back."""
        return {
            "time_zone": self.time_zone,
            "weekdays": sorted(self.weekdays),
            "cutoffs": {str(day): _iso(self.cutoffs[day]) for day in sorted(self.cutoffs)},
            "default_cutoff": _iso(self.default_cutoff),
            "holiday_country": self.holiday_country,
            "holiday_region": self.holiday_region,
            "special_days": {
                day.isoformat(): _iso(at) if (at := self.special_days[day]) is not None else None
                for day in sorted(self.special_days)
            },
        }

    def _never_works(self, day: date) -> InputError:
        return InputError(
            f"the calendar works on no day in the {SEARCH_DAYS} days before {day} (weekdays {sorted(self.weekdays)}); "
            "expected at least one working weekday or a special day that is open"
        )


def local_date(instant: datetime, time_zone: str) -> date:
    """Return the date that a clock in that time zone shows at an aware instant.

    >>> local_date(datetime(2027, 1, 1, 10, 30, tzinfo=UTC), "Pacific/Kiritimati")
    datetime.date(2027, 1, 2)
    """
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise InputError(
            f"instant {instant.isoformat()} has no offset; expected an aware time such as 2027-03-01T10:00:00Z"
        )
    try:
        return instant.astimezone(zone(time_zone)).date()
    except OverflowError as error:
        raise InputError(f"instant {instant.isoformat()} is at the end of time; expected years 2 to 9998") from error


@lru_cache(maxsize=8192)
def midnight(day: date, time_zone: str) -> datetime:
    """Return the instant (UTC) at which a local day begins in that time zone.

    >>> midnight(date(2027, 3, 1), "Europe/Berlin")
    datetime.datetime(2027, 2, 28, 23, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime.combine(day, time(), tzinfo=zone(time_zone)).astimezone(UTC)


def day_end(day: date, time_zone: str) -> datetime:
    """Return the instant (UTC) at which a local day is over in that time zone: the next one begins.

    >>> day_end(date(2027, 3, 1), "Europe/Berlin")
    datetime.datetime(2027, 3, 1, 23, 0, tzinfo=datetime.timezone.utc)
    """
    return midnight(day + timedelta(days=1), time_zone)


def zone(time_zone: str) -> ZoneInfo:
    """Find a time zone of the IANA database by its name, or raise InputError."""
    try:
        return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError, TypeError, AttributeError) as error:
        raise InputError(f"time zone {time_zone!r} is unknown; expected an IANA name such as Europe/Berlin") from error


def holiday_dates(country: str | None, region: str | None, years: Iterable[int]) -> frozenset[date]:
    """Public holidays (on their own date, no observed substitutes) of a country and region in these years.

    An unknown country has none that we know; an unknown region has the country's own.

    >>> date(2027, 1, 6) in holiday_dates("DE", "BY", [2027]), date(2027, 1, 6) in holiday_dates("DE", "BE", [2027])
    (True, False)
    """
    return frozenset().union(*(_holidays(country, region, year) for year in years))


@lru_cache(maxsize=8192)
def _holidays(country: str | None, region: str | None, year: int) -> frozenset[date]:
    # The library looks codes up among its own attributes, where longer words would find other things.
    if country is None or len(country) != 2:
        return frozenset()
    try:
        found = holidays.country_holidays(country.upper(), subdiv=region, years=year, expand=False, observed=False)
    except NotImplementedError:
        return _holidays(country, None, year) if region is not None else frozenset()
    return frozenset(found)


def _next_day(day: date) -> date:
    try:
        return day + _DAY
    except OverflowError as error:
        raise InputError(f"no day follows {day}; expected dates before the year 9999") from error


def _iso(at: time) -> str:
    return at.isoformat("minutes") if at.second == 0 and at.microsecond == 0 else at.isoformat()


def _as_it_is(value: Any) -> Any:
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "weekdays": lambda days: frozenset(int(day) for day in days),
    "cutoffs": lambda cutoffs: {int(day): time.fromisoformat(at) for day, at in cutoffs.items()},
    "default_cutoff": time.fromisoformat,
    "special_days": lambda days: {
        date.fromisoformat(day): None if at is None else time.fromisoformat(at) for day, at in days.items()
    },
}
