"""Peers of a silent parcel: those of which the same was told last at about the same time, and how many moved on since.

A parcel that is silent alone is in trouble; one whose peers are silent too waits as they do, for a lorry that has not
come or a day that nobody works.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from parcelcast.progress import Progress
from parcelcast.tracking.handover import SOURCE

# So many whole hours before and after that of the parcel's own last scan: at the same facility, and of the carrier.
HERE_HOURS, CARRIER_HOURS = 12, 6
# A parcel that was scanned just now is not silent.
SILENT_AFTER = timedelta(hours=12)
# Of all that a carrier scans in an hour under one code, the first so many tell enough.
MOST_AN_HOUR = 500
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


class Hour(NamedTuple):
    """All scans of one code by one carrier in an hour; `hour` counts whole hours since 1970-01-01 (UTC)."""

    carrier: str
    code: str
    hour: int

    @property
    def start(self) -> datetime:
        """When it begins (UTC)."""
        return _UNIX_EPOCH + self.hour * _HOUR

    @property
    def stop(self) -> datetime:
        """When the next one begins (UTC)."""
        return self.start + _HOUR


class Cohort(NamedTuple):
    """The parcels that a parcel is compared with: by the hour of its last scan and its facility, "" where unknown."""

    at: Hour
    facility: str

    def hours(self) -> list[Hour]:
        """Return all hours that are counted."""
        carrier, code, hour = self.at
        return [Hour(carrier, code, hour + step) for step in range(-HERE_HOURS, HERE_HOURS + 1)]


class Moves(NamedTuple):
    """So many scans, and how many of them were followed by any other scan of the same parcel, by what is recorded."""

    scans: int
    moved: int


class Peers(NamedTuple):
    """What became of others, the parcel itself left out: at the same facility, and of the same carrier."""

    here: Moves
    carrier: Moves


# The moves of an hour by facility ("" where none was told).
MovesOf = Callable[[Hour], Mapping[str, Moves]]
NOBODY = Moves(0, 0)


def cohort_of(progress: Progress) -> Cohort | None:
    """Return the cohort of a parcel, None for one of which a carrier has told nothing, or not long enough ago."""
    entries = reversed(progress.timeline)
    scan = next((entry.scan for entry in entries if entry.scan.source != SOURCE), None)
    if scan is None or progress.as_of - scan.occurred_at < SILENT_AFTER:
        return None
    return Cohort(Hour(scan.carrier, scan.code, (scan.occurred_at - _UNIX_EPOCH) // _HOUR), scan.facility_id or "")


def peers_of(cohort: Cohort, moves_of: MovesOf) -> Peers:
    """Count the peers of a parcel, whose own last scan is among those of its hour."""
    here, carrier = [-1, 0], [-1, 0]
    for hour in cohort.hours():
        moves = moves_of(hour)
        if cohort.facility:
            _add(here, moves.get(cohort.facility, NOBODY))
        if abs(hour.hour - cohort.at.hour) <= CARRIER_HOURS:
            for one in moves.values():
                _add(carrier, one)
    return Peers(*(Moves(max(scans, 0), moved) for scans, moved in (here, carrier)))


def _add(total: list[int], moves: Moves) -> None:
    total[0] += moves.scans
    total[1] += moves.moved
