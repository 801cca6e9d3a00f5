"""Two rules that shops use without a model: the carrier's quoted date has passed; no scan for 48 hours."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from parcelcast.calendar import day_end
from pipelines.alerting.judging import Warned
from pipelines.alerting.tracks import Track

SILENCE = timedelta(hours=48)

Rule = Callable[[Track], datetime | None]


def quoted_date_passed(track: Track) -> datetime | None:
    """Return when the day of the carrier's quote ended without a delivery known; None without a quote."""
    parcel = track.parcel
    if parcel.quoted_on is None:
        return None
    at = day_end(parcel.quoted_on, parcel.calendar.time_zone)
    return at if _is_awaited(track, at) else None


def no_scan_for_48_hours(track: Track) -> datetime | None:
    """Return when the carrier's last scan was first 48 hours old; a parcel is silent only after its first scan."""
    for situation, following in zip(track.situations, [*track.situations[1:], None], strict=True):
        scan = situation.progress.last_scan
        if scan is None or situation.over is not None:
            continue
        at = max(scan.happened_at + SILENCE, situation.progress.as_of)
        if following is None or at < following.progress.as_of:
            return at
    return None


def warned_by_rule(tracks: Sequence[Track], rule: Rule) -> list[Warned]:
    """Return the alerts of a rule: one for each parcel at most, never taken back."""
    return [_warned(track, rule(track)) for track in tracks]


def _warned(track: Track, at: datetime | None) -> Warned:
    alert = Warned(track.parcel, (), 0, is_told=at is not None)
    if at is None or at >= alert.promise_ends_at:
        return alert
    return Warned(track.parcel, ((at, None),), 0, is_told=True)


def _is_awaited(track: Track, at: datetime) -> bool:
    """Whether the parcel was not known to be over at an instant."""
    known = [one for one in track.situations if one.progress.as_of <= at]
    return bool(known) and known[-1].over is None
