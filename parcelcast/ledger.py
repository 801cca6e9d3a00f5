"""The history of a parcel's dates: what each change of the likely date was caused by, in whole days that add up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Self

from parcelcast.calendar import WorkingCalendar, holiday_dates, local_date
from parcelcast.codes.vocabulary import REASONS
from parcelcast.eta import Eta
from parcelcast.progress import Progress
from parcelcast.promise import LIKELY, named_date
from parcelcast.scan import DELIVERED_CODES
from parcelcast.tracking.scan import Scan

PARTIES = ("warehouse", "carrier", "customs", "weather", "holiday", "recipient")

_PARTY_OF = {"merchant": "warehouse", "carrier": "carrier", "customs": "customs", "recipient": "recipient"}
# What is nobody's fault: the weather, a holiday; time lost to unrest is lost where the carrier has the parcel.
_NATURE = {"weather": "weather", "holiday": "holiday", "civil_event": "carrier"}
_PLACE_OF = {
    "export_customs": "customs",
    "import_customs": "customs",
    "delivery_attempted": "recipient",
    "at_pickup_point": "recipient",
}
_SAY_NOTHING = frozenset({"label_created", "info_only"})


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said of a parcel at ``as_of`` (UTC): the likely local date; ``attempts`` were known to have failed."""

    as_of: datetime
    likely: date
    attempts: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``from_dict`` reads them back."""
        return {"as_of": self.as_of.isoformat(), "likely": self.likely.isoformat(), "attempts": self.attempts}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        as_of = datetime.fromisoformat(data["as_of"]).astimezone(UTC)
        return cls(as_of, date.fromisoformat(data["likely"]), data["attempts"])


@dataclass(frozen=True, slots=True)
class DateChange:
    """A change of the likely date at an instant (UTC).

    ``days`` tells the days of each of PARTIES that has any; negative days were gained. They add up to ``after`` minus
    ``before``.
    """

    at: datetime
    before: date
    after: date
    days: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``from_dict`` reads them back."""
        return {
            "at": self.at.isoformat(),
            "before": self.before.isoformat(),
            "after": self.after.isoformat(),
            "days": dict(self.days),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        return cls(
            datetime.fromisoformat(data["at"]).astimezone(UTC),
            date.fromisoformat(data["before"]),
            date.fromisoformat(data["after"]),
            dict(data["days"]),
        )


def statement(progress: Progress, eta: Eta | None, calendar: WorkingCalendar) -> Statement | None:
    """Say the likely date of a parcel: its median, moved to a delivery day; of a delivered one, the day it came.

    ``calendar`` holds the carrier's delivery days at the destination. None where no date can be told: no forecast, a
    median beyond its horizon, a parcel that is cancelled or goes back.
    """
    if progress.stage == "delivered" and progress.ended_at is not None:
        came_on = local_date(progress.ended_at, calendar.time_zone)
        return Statement(progress.as_of, came_on, progress.attempts)
    if eta is None or progress.status == "cancelled" or progress.stage in {"returning", "returned"}:
        return None
    likely = named_date(eta.distribution, LIKELY, calendar, eta.distribution.anchor)
    return None if likely is None else Statement(progress.as_of, likely, progress.attempts)


def date_change(before: Statement, now: Statement, progress: Progress, calendar: WorkingCalendar) -> DateChange | None:
    """Explain the change from one statement to a later one; None when the date is the same.

    ``progress`` is what was known at ``now``. Public holidays between the two dates on which the carrier would deliver
    otherwise are the holidays' days. The others belong to the exception in force, else to whoever a new failed attempt
    is due to, else to the places where the parcel stood between the statements, in proportion to the time: warehouse,
    customs, recipient (a pickup point, after an attempt) or, on the road, carrier; time under an exception that is over
    belongs to that.
    """
    total = (now.likely - before.likely).days
    if total == 0:
        return None
    holidays = _holidays_between(before.likely, now.likely, calendar)
    sign = 1 if total > 0 else -1
    days = Counter({"holiday": sign * holidays})
    for party, count in _whole_days(abs(total) - holidays, _shares(before, now, progress)).items():
        days[party] += sign * count
    told = {party: days[party] for party in PARTIES if days[party]}
    return DateChange(now.as_of, before.likely, now.likely, told)


def warehouse_days_anew(days: int, since: datetime, said: Statement, progress: Progress) -> dict[str, int]:
    """Divide days that the warehouse was blamed for until ``said`` anew, by where the parcel stood ``since`` then.

    For the first word of the carrier that tells of the time before ``said``, by which the parcel seemed not to have
    left. Returns by how much the days of each of PARTIES change, which adds up to 0.
    """
    split = _whole_days(days, _standing(since, said.as_of, progress))
    moved = {party: split.get(party, 0) - (days if party == "warehouse" else 0) for party in PARTIES}
    return {party: count for party, count in moved.items() if count}


def total_days(changes: Iterable[DateChange]) -> dict[str, int]:
    """Add up the days of each party; parties whose days come to nothing are left out."""
    days: Counter[str] = Counter()
    for change in changes:
        for party, count in change.days.items():
            days[party] += count
    return {party: days[party] for party in PARTIES if days[party]}


def main_party(days: Mapping[str, int]) -> str | None:
    """Return the party that most days were lost to; of several, the first of PARTIES; None where none were lost.

    >>> main_party({"carrier": 2, "weather": 3, "warehouse": -1}), main_party({"carrier": -1})
    ('weather', None)
    """
    worst = max(PARTIES, key=lambda party: days.get(party, 0))
    return worst if days.get(worst, 0) > 0 else None


def holder(progress: Progress) -> str:
    """Return the party that has the parcel, by its stage: the warehouse before the dispatch, then the carrier."""
    return "warehouse" if progress.stage == "pre_dispatch" else "carrier"


def _holidays_between(one: date, other: date, calendar: WorkingCalendar) -> int:
    """Count public holidays on weekdays of delivery after the earlier day up to the later one."""
    start, end = sorted((one, other))
    known = holiday_dates(calendar.holiday_country, calendar.holiday_region, range(start.year, end.year + 1))
    return sum(start < day <= end and day.weekday() in calendar.weekdays for day in known)


def _shares(before: Statement, now: Statement, progress: Progress) -> dict[str, float]:
    """Return how much each party has to do with a change; not necessarily adding up to 1."""
    if progress.trouble is not None and (party := _party_told(progress.trouble)) is not None:
        return {party: 1.0}
    if now.attempts > before.attempts:
        attempt = next(entry.scan for entry in reversed(progress.timeline) if entry.scan.code == "delivery_attempted")
        return {_party_told(attempt) or "recipient": 1.0}
    return _standing(before.as_of, now.as_of, progress)


def _party_told(scan: Scan) -> str | None:
    """Return whom a scan blames, by its reason or the party that it names; None when it blames nobody we know."""
    if scan.reason in _NATURE:
        return _NATURE[scan.reason]
    return _PARTY_OF.get(scan.party or REASONS.get(scan.reason or "", ""))


def _standing(start: datetime, end: datetime, progress: Progress) -> dict[str, float]:
    """Return the seconds that the parcel stood with each party between two instants, as known at the end."""
    moves = [(datetime.min.replace(tzinfo=UTC), "warehouse")]
    for entry in progress.timeline:
        party = _stands_with(entry.scan, moves[-1][1])
        if party is not None:
            moves.append((entry.scan.happened_at, party))
    stood: dict[str, float] = {}
    for (since, party), (until, _) in pairwise([*moves, (datetime.max.replace(tzinfo=UTC), "")]):
        seconds = (min(until, end) - max(since, start)) / timedelta(seconds=1)
        if seconds > 0:
            stood[party] = stood.get(party, 0.0) + seconds
    return stood or {moves[-1][1]: 1.0}


def _stands_with(scan: Scan, party_before: str) -> str | None:
    """Return the party whose time begins with a scan; None when it changes nothing."""
    if scan.code == "exception":
        return _party_told(scan)
    if scan.code in _SAY_NOTHING:
        return None
    return party_before if scan.code in DELIVERED_CODES else _PLACE_OF.get(scan.code, "carrier")


def _whole_days(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Divide whole days in proportion to shares, by the largest remainder; ties go to the first of PARTIES.

    >>> _whole_days(3, {"carrier": 2.0, "warehouse": 1.0}), _whole_days(1, {"customs": 1.0, "carrier": 1.0})
    ({'warehouse': 1, 'carrier': 2}, {'carrier': 1, 'customs': 0})
    """
    parties = [party for party in PARTIES if party in shares]
    whole = sum(shares.values())
    exact = {party: total * shares[party] / whole for party in parties}
    days = {party: int(exact[party]) for party in parties}
    nearest = sorted(parties, key=lambda party: days[party] - exact[party])
    for party in nearest[: total - sum(days.values())]:
        days[party] += 1
    return days
