"""Reports in any order and number, as the scans that were known at an instant: each once, corrected, in order."""

from collections.abc import Iterable
from datetime import datetime

from parcelcast.scan import CODES
from parcelcast.tracking.scan import Scan

# Two scans of the same second are told in the order of a journey.
_RANK = {code: rank for rank, code in enumerate(CODES)}


def absorb(reports: Iterable[Scan], as_of: datetime | None = None) -> tuple[Scan, ...]:
    """Return the scans that were recorded before ``as_of`` (all without it), in the order in which they happened.

    Of several reports of one event the one that we learned of first counts. A correction takes the place of the scan
    that it replaces, whether that has come or not; of several corrections of one scan the one recorded last counts.
    The result does not depend on the order of the reports or on how often each comes.
    """
    known = [report for report in reports if as_of is None or report.recorded_at < as_of]
    first: dict[str, Scan] = {}
    for report in known:
        kept = first.get(report.scan_id)
        if kept is None or _told(report) < _told(kept):
            first[report.scan_id] = report
    return tuple(sorted(_corrected(first), key=order))


def order(scan: Scan) -> tuple[datetime, int, str]:
    """Key by which scans are sorted: when they happened, then the usual order of a journey."""
    return scan.happened_at, _RANK[scan.code], scan.scan_id


def _told(report: Scan) -> tuple[datetime, str]:
    return report.recorded_at, repr(report)


def _corrected(scans: dict[str, Scan]) -> list[Scan]:
    """Take out what is replaced, and corrections that a later one of the same scan outdoes."""
    families: dict[str, list[Scan]] = {}
    for scan in scans.values():
        if scan.replaces is not None:
            families.setdefault(_root(scan.replaces, scans), []).append(scan)
    last = {max(_unreplaced(family), key=_told).scan_id for family in families.values()}
    uncorrected = (scan for scan in scans.values() if scan.replaces is None and scan.scan_id not in families)
    return [*uncorrected, *(scans[scan_id] for scan_id in last)]


def _unreplaced(family: list[Scan]) -> list[Scan]:
    replaced = {scan.replaces for scan in family}
    return [scan for scan in family if scan.scan_id not in replaced]


def _root(scan_id: str, scans: dict[str, Scan]) -> str:
    """Id of the first scan of a chain of corrections; an id holds what it replaces, so there are no circles."""
    while (scan := scans.get(scan_id)) is not None and scan.replaces is not None:
        scan_id = scan.replaces
    return scan_id
