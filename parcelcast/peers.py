"""Peers of a silent parcel: those that had the same scan at the same facility about then, and how many moved on since.

A parcel that is silent alone is in trouble; one whose peers are silent too waits as they do, for a lorry that has not
come or a day that nobody works.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from parcelcast.progress import Progress
from parcelcast.tracking.handover import SOURCE

# From so many whole hours before that of the parcel's own last scan to so many after it.
HOURS = 12
# A parcel that was scanned just now is not silent.
SILENT_AFTER = timedelta(hours=12)
# Of all that a carrier scans in an hour under one code, the first so many that were recorded tell enough.
MOST_AN_HOUR = 200
# In a carrier's network parcels move together; at the door each has a recipient of its own.
TOGETHER = frozenset({
    "handed_over", "origin_scan", "hub_arrival", "hub_departure", "export_customs", "import_customs",
    "customs_released", "destination_depot",
})  # fmt: skip
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
    """The parcels that a parcel is compared with: by the hour and the facility of its last scan.

    `known_at` (UTC) is when that scan was recorded: what was counted before does not hold it.
    """

    at: Hour
    facility: str
    known_at: datetime

    def hours(self) -> list[Hour]:
        """Return all hours that are counted."""
        return [self.at._replace(hour=self.at.hour + step) for step in range(-HOURS, HOURS + 1)]


class Moves(NamedTuple):
    """So many parcels by their last scan of a kind, and of how many any later scan tells, by what is recorded.

    A parcel that comes to the same facility under the same code again counts with the later scan only.
    """

    parcels: int
    moved: int


# The moves of an hour by facility.
MovesOf = Callable[[Hour], Mapping[str, Moves]]
_NONE = Moves(0, 0)


def cohort_of(progress: Progress) -> Cohort | None:
    """Return the cohort of a parcel, None for one that is compared with nobody.

    Its carrier or facility is not known, it was scanned in the last half day, or its last scan is not one of a
    carrier's way. The shop's own word of the handover is none.
    """
    entries = reversed(progress.timeline)
    scan = next((entry.scan for entry in entries if entry.scan.source != SOURCE), None)
    if scan is None or not scan.carrier or not scan.facility_id or scan.code not in TOGETHER:
        return None
    if progress.as_of - scan.occurred_at < SILENT_AFTER:
        return None
    return Cohort(Hour(scan.carrier, scan.code, (scan.occurred_at - _UNIX_EPOCH) // _HOUR), scan.facility_id,
                  scan.recorded_at)  # fmt: skip


def peers_of(cohort: Cohort, moves_of: MovesOf) -> Moves:
    """Count what became of a parcel's peers, itself left out.

    It is among those of its hour, and has not moved on, unless more were recorded in that hour than are counted.
    """
    found = [moves_of(hour).get(cohort.facility, _NONE) for hour in cohort.hours()]
    moved = sum(one.moved for one in found)
    return Moves(max(sum(one.parcels for one in found) - 1, moved), moved)
