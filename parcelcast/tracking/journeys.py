"""Tracking numbers that are used again for another parcel: the journeys of one number, one after the other."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from parcelcast.scan import DELIVERED_CODES
from parcelcast.tracking.scan import Scan

# A scan that begins a journey begins a new one this long after the end of the last, or after so long a silence.
# Sooner it is a late copy or a parcel on its way back; carriers give numbers out again after months.
AFTER_END = timedelta(days=30)
AFTER_SILENCE = timedelta(days=90)

_BEGINNINGS = frozenset({"label_created", "handed_over", "origin_scan"})
_ENDS = DELIVERED_CODES | {"returned"}


def journeys(scans: Sequence[Scan]) -> list[tuple[Scan, ...]]:
    """Split absorbed scans into journeys.

    A new one begins with a label, a handing over or a first scan, 30 days after a delivery or return or after 90 days
    without any scan; a label that waits for its parcel is not silence.
    """
    found: list[list[Scan]] = []
    ended_at: datetime | None = None
    for scan in scans:
        at = scan.happened_at
        if found and scan.code in _BEGINNINGS:
            after_end = ended_at is not None and at - ended_at >= AFTER_END
            moved = any(earlier.code != "label_created" for earlier in found[-1])
            if after_end or (moved and at - found[-1][-1].happened_at >= AFTER_SILENCE):
                found.append([])
                ended_at = None
        if not found:
            found.append([])
        found[-1].append(scan)
        if scan.code in _ENDS:
            ended_at = at
    return [tuple(journey) for journey in found]


def journey_since(scans: Sequence[Scan], since: datetime | None) -> tuple[Scan, ...]:
    """Return the first journey that was not over at an instant, such as the order; the last one without an instant.

    A journey is over with its last delivery or return, whatever is told of it later; without one with its last scan.
    """
    found = journeys(scans)
    if since is None:
        return found[-1] if found else ()
    return next((journey for journey in found if _over_at(journey) >= since), ())


def _over_at(journey: Sequence[Scan]) -> datetime:
    return next((scan for scan in reversed(journey) if scan.code in _ENDS), journey[-1]).happened_at
