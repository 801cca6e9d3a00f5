"""Tracks for tests: parcels promised for Thursday 4 March 2027 in Munich, looked at some hours after Monday."""

from datetime import date

from pipelines.alerting.parcels import Watched
from pipelines.alerting.tracks import Track
from tests.parcelcast.alerts.situations import CALENDAR, PROMISED, situation
from tests.parcelcast.tracking.reports import hours

ON_TIME, LATE = date(2027, 3, 4), date(2027, 3, 6)
END = 96 - 1  # hours from the Monday to the end of the promised day


def watched(delivered_on: date | None = ON_TIME, *, quoted_on: date | None = None, name: str = "p1") -> Watched:
    """A parcel that came on a day, or never."""
    return Watched(
        0, name, "o1", CALENDAR, "Europe/Berlin", None, PROMISED, quoted_on, delivered_on, delivered_on, 80.0, "EUR"
    )


def track(looks, delivered_on: date | None = ON_TIME, **more) -> Track:
    """A parcel with a risk, or other facts of `situation`, at each of some hours."""
    told = [facts if isinstance(facts, dict) else {"risk": facts} for _, facts in looks]
    situations = (situation(hours(hour), **facts) for (hour, _), facts in zip(looks, told, strict=True))
    return Track(watched(delivered_on, **more), tuple(situations))
