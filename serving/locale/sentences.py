"""What a shopper reads: one sentence per promise, and the words for its reasons."""

from dataclasses import dataclass
from datetime import date, datetime

from parcelcast.calendar import local_date
from serving.locale import phrases
from serving.locale.dates import plural, time_of_day, weekday_and_date
from serving.locale.negotiation import Language


@dataclass(frozen=True, slots=True)
class Told:
    """The dates that a sentence names; `order_by` is shown in the time zone of the destination."""

    ordered_on: date
    promised: date | None
    order_by: datetime
    time_zone: str
    parcels: int = 1
    first_by: date | None = None


def sentence(told: Told, language: Language) -> str:
    """Say by when everything comes, and until when to order for that.

    >>> from datetime import UTC
    >>> told = Told(date(2026, 11, 23), date(2026, 11, 26), datetime(2026, 11, 23, 13, tzinfo=UTC), "Europe/Berlin")
    >>> sentence(told, Language("en"))
    'Delivered by Thursday, 26 November if ordered by Monday, 23 November, 14:00'
    """
    if told.promised is None:
        return phrases.NO_DATE[language.name]
    several = told.parcels > 1 and told.first_by is not None
    template = (phrases.SEVERAL if several else phrases.DELIVERED)[language.name]
    return template.format(**_dates(told, language))


def countdown_sentence(told: Told, language: Language) -> str | None:
    """Say the same with a `{countdown}` for the page to fill with the time left until `order_by`."""
    if told.promised is None:
        return None
    date_text = _date(told.promised, told.ordered_on, language)
    return phrases.COUNTDOWN[language.name].format(countdown="{countdown}", date=date_text)


def days_for(kind: str, count: int, language: Language) -> str:
    """Say how many days a reason takes.

    >>> days_for("transit", 2, Language("de")), days_for("warehouse", 1, Language("nl-BE"))
    ('2 Tage unterwegs', '1 dag in het magazijn')
    """
    days = phrases.DAYS[language.name][plural(count, language.tag)].format(count=count)
    label = phrases.REASONS[language.name][kind]
    separator = " " if kind in {"warehouse", "transit"} else phrases.COLON.get(language.name, ": ")
    return f"{days}{separator}{label}"


def _dates(told: Told, language: Language) -> dict[str, str | int]:
    assert told.promised is not None
    return {
        "date": _date(told.promised, told.ordered_on, language),
        "first": _date(told.first_by or told.promised, told.ordered_on, language),
        "cutoff_date": _date(local_date(told.order_by, told.time_zone), told.ordered_on, language),
        "cutoff_time": time_of_day(told.order_by, told.time_zone, language.tag),
        "parcels": told.parcels,
    }


def _date(day: date, ordered_on: date, language: Language) -> str:
    return weekday_and_date(day, language.tag, with_year=day.year != ordered_on.year)
