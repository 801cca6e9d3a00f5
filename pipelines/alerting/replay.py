"""The alert machine on a parcel's past: every decision that it would have taken, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parcelcast.alerts import AlertPolicy, Change, Incident, Situation, decide
from parcelcast.calendar import day_end
from pipelines.alerting.parcels import Watched
from pipelines.alerting.tracks import Track


@dataclass(frozen=True)
class Replayed:
    """What was told of a parcel, with the instant of each change, and the most alerts open at once in one family."""

    parcel: Watched
    changes: tuple[tuple[datetime, Change], ...]
    most_open: int


def replay(track: Track, policy: AlertPolicy) -> Replayed:
    """Decide at each look at the parcel, and when a decision asked to be woken in between."""
    incidents: Sequence[Incident] = ()
    changes: list[tuple[datetime, Change]] = []
    most_open = 0
    for number, situation in enumerate(track.situations):
        until = _held_until(track.situations, number)
        now: datetime | None = situation.progress.as_of
        while now is not None:
            decision = decide(situation, incidents, policy, now)
            incidents = decision.incidents
            changes += [(now, change) for change in decision.changes]
            most_open = max(most_open, _most_open(incidents))
            now = decision.wake_at if decision.wake_at is not None and decision.wake_at < until else None
    return Replayed(track.parcel, tuple(changes), most_open)


def _held_until(situations: Sequence[Situation], number: int) -> datetime:
    """Return the instant until which a situation holds: the next one's, or the end of the local day of the last."""
    if number + 1 < len(situations):
        return situations[number + 1].progress.as_of
    last = situations[number]
    return day_end(last.today(last.progress.as_of), last.calendar.time_zone)


def _most_open(incidents: Sequence[Incident]) -> int:
    families = [one.family for one in incidents if one.is_open]
    return max((families.count(family) for family in families), default=0)
