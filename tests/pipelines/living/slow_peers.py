"""The slow obvious count of peers: every scan of an hour against all scans of its parcel."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import cache

from parcelcast.peers import Hour, Moves, MovesOf
from parcelcast.tracking.scan import Scan


def moves_among(scans: Sequence[tuple[Hashable, Scan]], as_of: datetime) -> MovesOf:
    """Count what was recorded before an instant, of parcels with their scans; each event once."""
    known = {one.scan_id: (parcel, one) for parcel, one in scans if one.recorded_at < as_of}.values()

    @cache
    def moves_of(hour: Hour) -> dict[str, Moves]:
        found: dict[str, Moves] = {}
        for parcel, scan in known:
            is_then = hour.start <= scan.occurred_at < hour.stop
            if (scan.carrier, scan.code) == (hour.carrier, hour.code) and is_then:
                moved = any(other == parcel and one.occurred_at > scan.occurred_at for other, one in known)
                before = found.get(scan.facility_id or "", Moves(0, 0))
                found[scan.facility_id or ""] = Moves(before.scans + 1, before.moved + moved)
        return found

    return moves_of
