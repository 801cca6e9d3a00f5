"""The slow obvious count of peers: every scan of an hour against all scans of its parcel."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import cache

from parcelcast.peers import MOST_AN_HOUR, Hour, Moves, MovesOf
from parcelcast.tracking.scan import Scan


def moves_among(scans: Sequence[tuple[Hashable, Scan]], as_of: datetime, most: int = MOST_AN_HOUR) -> MovesOf:
    """Count what was recorded before an instant, of parcels with their scans; each event once.

    Of `scans` that were recorded at one instant those that stand first came first.
    """
    known: dict[str, tuple[Hashable, Scan]] = {}
    for parcel, scan in sorted(scans, key=lambda one: one[1].recorded_at):
        if scan.recorded_at < as_of:
            known.setdefault(scan.scan_id, (parcel, scan))

    @cache
    def moves_of(hour: Hour) -> dict[str, Moves]:
        then = [
            (parcel, scan)
            for parcel, scan in known.values()
            if (scan.carrier, scan.code) == (hour.carrier, hour.code) and hour.start <= scan.occurred_at < hour.stop
        ]
        found: dict[str, Moves] = {}
        for parcel, scan in then[:most]:
            later = [one for other, one in known.values() if other == parcel and one.occurred_at > scan.occurred_at]
            if scan.facility_id and _kind(scan) not in map(_kind, later):
                before = found.get(scan.facility_id, Moves(0, 0))
                found[scan.facility_id] = Moves(before.parcels + 1, before.moved + bool(later))
        return found

    return moves_of


def _kind(scan: Scan) -> tuple[str, str, str | None]:
    return scan.carrier, scan.code, scan.facility_id
