"""Peers of a silent parcel: those that had the same scan at the same facility about then, and how many moved on since.

A parcel that is silent alone is in trouble; one whose peers are silent too waits as they do, for a lorry that has not
come or a day that nobody works.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from parcelcast.progress import Progress
from parcelcast.tracking.handover import SOURCE

# So many whole hours before and after that of the parcel's own last scan.
HOURS = 12
# A parcel that was scanned just now is not silent.
SILENT_AFTER = timedelta(hours=12)
# Of all that a carrier scans in an hour under one code, the first so many tell enough.
MOST_AN_HOUR = 200
# In a carrier's network parcels move together; at the door each has a recipient of its own.
_TOGETHER = frozenset({
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
    """The parcels that a parcel is compared with: by the hour and the facility of its last scan."""

    at: Hour
    facility: str

    def hours(self) -> list[Hour]:
        """Return all hours that are counted."""
        return [self.at._replace(hour=self.at.hour + step) for step in range(-HOURS, HOURS + 1)]


class Moves(NamedTuple):
    """So many scans, and how many of them were followed by any other scan of the same parcel, by what is recorded."""

    scans: int
    moved: int


# The moves of an hour by facility.
MovesOf = Callable[[Hour], Mapping[str, Moves]]
_NONE = Moves(0, 0)


def cohort_of(progress: Progress) -> Cohort | None:
    """Return the cohort of a parcel, None for one that has none: its carrier told of no facility, or not long ago."""
    entries = reversed(progress.timeline)
    scan = next((entry.scan for entry in entries if entry.scan.source != SOURCE), None)
    if scan is None or not scan.facility_id or scan.code not in _TOGETHER:
        return None
    if progress.as_of - scan.occurred_at < SILENT_AFTER:
        return None
    return Cohort(Hour(scan.carrier, scan.code, (scan.occurred_at - _UNIX_EPOCH) // _HOUR), scan.facility_id)


def peers_of(cohort: Cohort, moves_of: MovesOf) -> Moves:
    """Count what became of a parcel's peers; its own last scan, which is among those of its hour, is left out."""
    found = [moves_of(hour).get(cohort.facility, _NONE) for hour in cohort.hours()]
    return Moves(max(sum(one.scans for one in found) - 1, 0), sum(one.moved for one in found))
