"""Reports in any order and number, as the scans that were known at an instant: each once, corrected, in order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from parcelcast.codes.carriers import carrier_of
from parcelcast.scan import CODES
from parcelcast.tracking.links import Link, depth_of, known_links
from parcelcast.tracking.scan import Scan

# Two scans of the same second are told in the order of a journey.
_RANK = {code: rank for rank, code in enumerate(CODES)}


def absorb(reports: Iterable[Scan], as_of: datetime | None = None, links: Sequence[Link] = ()) -> tuple[Scan, ...]:
    """Return the scans of a parcel that were recorded before ``as_of`` (all without it), in the order they happened.

    Of several reports of one event the one that we learned of first counts. What is told under several numbers of the
    parcel, or by its id, is one event too where the carrier is the same or is not told: it is known since the first
    report, under the number that is last by ``links``, and means what a code table made of it where any did. A
    correction takes the place of the scan that it replaces, whether that has come or not; of several corrections of
    one scan the one recorded last counts. The result does not depend on the order of the reports or on how often each
    comes.
    """
    known = [report for report in reports if as_of is None or report.recorded_at < as_of]
    first: dict[str, Scan] = {}
    for report in known:
        kept = first.get(report.scan_id)
        if kept is None or _told(report) < _told(kept):
            first[report.scan_id] = report
    return tuple(sorted(_corrected(first, _joined(first, known_links(links, as_of))), key=order))


def order(scan: Scan) -> tuple[datetime, int, str]:
    """Key by which scans are sorted: when they happened, then the usual order of a journey."""
    return scan.happened_at, _RANK[scan.code], scan.scan_id


def _told(report: Scan) -> tuple[datetime, str]:
    return report.recorded_at, repr(report)


def _joined(scans: dict[str, Scan], links: Sequence[Link]) -> dict[str, str]:
    """Leave one scan of each event, and return its id by those of the others."""
    kept_as: dict[str, str] = {}
    # What corrects the same event is seen to do so once its reports are joined: a round for each depth of corrections.
    while together := list(_same_events(list(scans.values()), kept_as)):
        for same in together:
            one = _one_of(same, links)
            others = {scans.pop(scan.scan_id).scan_id: one.scan_id for scan in same}
            kept_as = {scan_id: others.get(kept, kept) for scan_id, kept in kept_as.items()} | others
            scans[one.scan_id] = one
    return kept_as


def _same_events(scans: Sequence[Scan], kept_as: Mapping[str, str]) -> Iterator[list[Scan]]:
    """Yield scans that tell one event under several numbers; one without a carrier goes with the first that has one."""
    if len({scan.number for scan in scans}) < 2:
        return
    told: dict[Any, dict[str, list[Scan]]] = {}
    for scan in scans:
        told.setdefault((scan.event, _replaced(scan, kept_as)), {}).setdefault(
            carrier_of(scan.told_carrier or scan.carrier), []
        ).append(scan)
    for alike in told.values():
        nameless = alike.pop("", [])
        alike.setdefault(min(alike, default=""), []).extend(nameless)
        yield from (same for same in alike.values() if len(same) > 1)


def _one_of(same: Sequence[Scan], links: Sequence[Link]) -> Scan:
    """Return the scan of the last number, known since the first report and with what a code table first made of it."""
    best = min(same, key=lambda scan: (-depth_of(scan.number, links), not scan.carrier, _told(scan)))
    known_since = min(scan.recorded_at for scan in same)
    if not best.is_unread:
        return replace(best, recorded_at=known_since)
    read = min(same, key=lambda scan: (scan.is_unread, _told(scan)))
    return replace(
        best,
        recorded_at=known_since,
        code=read.code,
        reason=read.reason,
        party=read.party,
        map_version=read.map_version,
    )


def _corrected(scans: Mapping[str, Scan], kept_as: Mapping[str, str]) -> list[Scan]:
    """Take out what is replaced, and corrections that a later one of the same scan outdoes."""
    families: dict[str, list[Scan]] = {}
    for scan in scans.values():
        if scan.replaces is not None:
            families.setdefault(_root(scan, scans, kept_as), []).append(scan)
    last = {max(_unreplaced(family, kept_as), key=_told).scan_id for family in families.values()}
    uncorrected = (scan for scan in scans.values() if scan.replaces is None and scan.scan_id not in families)
    return [*uncorrected, *(scans[scan_id] for scan_id in last)]


def _unreplaced(family: list[Scan], kept_as: Mapping[str, str]) -> list[Scan]:
    replaced = {_replaced(scan, kept_as) for scan in family}
    return [scan for scan in family if scan.scan_id not in replaced]


def _root(correction: Scan, scans: Mapping[str, Scan], kept_as: Mapping[str, str]) -> str:
    """Id of the first scan of a chain of corrections; an id holds what it replaces, so there are no circles."""
    scan_id = _replaced(correction, kept_as)
    while (scan := scans.get(scan_id)) is not None and scan.replaces is not None:
        scan_id = _replaced(scan, kept_as)
    return scan_id


def _replaced(scan: Scan, kept_as: Mapping[str, str]) -> str:
    """Id under which the scan is kept that this one corrects, empty where it corrects none."""
    return kept_as.get(scan.replaces or "", scan.replaces or "")
