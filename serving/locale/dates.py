"""Dates and times as people write them."""

import re
from datetime import date, datetime
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_time, get_date_format

from parcelcast.calendar import zone

# The shops of this project write English dates the European way unless a region says otherwise.
_PLAIN_ENGLISH = "en-GB"
_FIRST_OF_MONTH = {"fr": "1er", "it": "1º", "pt-BR": "1º"}


@lru_cache(maxsize=8192)
def weekday_and_date(day: date, tag: str, *, with_year: bool = False) -> str:
    """Return weekday, day and month, and the year if wanted.

    >>> weekday_and_date(date(2026, 11, 26), "de-AT"), weekday_and_date(date(2026, 11, 26), "en-US")
    ('Donnerstag, 26. November', 'Thursday, November 26')
    """
    locale = _locale(tag)
    pattern = get_date_format("full", locale).pattern
    first = _FIRST_OF_MONTH.get(tag) or _FIRST_OF_MONTH.get(locale.language)
    if day.day == 1 and first is not None:
        pattern = re.sub(r"\bd\b", f"'{first}'", pattern)  # CLDR's patterns know no ordinal day
    return format_date(day, pattern if with_year else _without_year(pattern), locale)


@lru_cache(maxsize=8192)
def time_of_day(instant: datetime, time_zone: str, tag: str) -> str:
    """Return the local time of an instant, hours and minutes."""
    return format_time(instant.astimezone(zone(time_zone)).time(), "short", locale=_locale(tag))


def plural(count: int, tag: str) -> str:
    """Return the CLDR plural category of a count: "one" or "other" for the languages spoken here."""
    return "one" if str(_locale(tag).plural_form(count)) == "one" else "other"


@lru_cache(maxsize=64)
def _locale(tag: str) -> Locale:
    return Locale.parse(_PLAIN_ENGLISH if tag == "en" else tag, sep="-")


def _without_year(pattern: str) -> str:
    # CLDR's "full" patterns of these languages end in the year, with a comma or "de" before it.
    return re.sub(r"(,|\s+'de')?\s+y+$", "", pattern)
