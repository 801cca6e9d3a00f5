"""How far a parcel has come, by what was known of it at an instant: status, stage, legs, attempts, timeline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType

from parcelcast.calendar import zone
from parcelcast.scan import DELIVERED_CODES
from parcelcast.tracking.absorbing import absorb
from parcelcast.tracking.handover import SOURCE as SHOP
from parcelcast.tracking.journeys import journey_since
from parcelcast.tracking.links import Link, follow
from parcelcast.tracking.scan import Number, Scan

STAGES = (
    "pre_dispatch",
    "first_mile",
    "line_haul",
    "customs",
    "destination_depot",
    "out_for_delivery",
    "attempted",
    "pickup_point",
    "delivered",
    "returning",
    "returned",
    "lost_suspected",
)

_STAGE_OF = {
    "hub_arrival": "line_haul",
    "hub_departure": "line_haul",
    "export_customs": "customs",
    "import_customs": "customs",
    "customs_released": "line_haul",
    "destination_depot": "destination_depot",
    "out_for_delivery": "out_for_delivery",
    "delivery_attempted": "attempted",
    "at_pickup_point": "pickup_point",
}
# They come late and again and again, so they never take a parcel back to where it was.
_FIRST_MILE = frozenset({"handed_over", "origin_scan"})
_STATUS_OF = {"pre_dispatch": "ordered", "delivered": "delivered", "returned": "returned"}
_BY_LEG = attrgetter("carrier", "tracking_number", "leg")
_NO_ZONES: Mapping[str, str] = MappingProxyType({})
# Two feeds that tell of the same ring of the bell.
_SAME_ATTEMPT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the way under one number: when its first and last scan happened (UTC)."""

    number: Number
    began_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A scan for people: ``local_at`` is the clock on the wall where it happened."""

    scan: Scan
    local_at: datetime
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a parcel at ``as_of``; all instants are UTC.

    ``status`` is one of `parcelcast.tables.STATUSES`, ``stage`` one of STAGES. ``dispatched_at`` is the first sign that
    the carrier has it. ``attempts`` count failed deliveries to the shopper. ``trouble`` is the last exception that no
    movement has followed. ``return_stage`` tells of a parcel that goes back after it was delivered: "returning" or
    "returned"; the delivery stays one. ``arrived_at`` is when it first came, to the door or to a pickup point.
    """

    as_of: datetime
    status: str
    stage: str
    dispatched_at: datetime | None
    ended_at: datetime | None
    pickup_since: datetime | None
    arrived_at: datetime | None
    attempts: int
    last_scan: Scan | None
    trouble: Scan | None
    return_stage: str | None
    legs: tuple[Leg, ...]
    timeline: tuple[TimelineEntry, ...]

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is to come any more: delivered, returned or cancelled."""
        return self.stage in {"delivered", "returned"} or self.status == "cancelled"


def parcel_progress(
    reports: Iterable[Scan],
    as_of: datetime,
    *,
    links: Sequence[Link] = (),
    since: datetime | None = None,
    is_return: bool = False,
    time_zones: Mapping[str, str] = _NO_ZONES,
) -> Progress:
    """Tell the progress of one parcel by the reports under all its numbers that were recorded before ``as_of``.

    ``since`` (aware), such as the time of the order, picks the journey of a number that is used again; without it the
    last one counts. A parcel with ``is_return`` goes to the shop from the start. Scans without an offset are shown on
    the clock (IANA) that ``time_zones`` has for their country, "" for those without one and `handover.SOURCE` for the
    shop's own word; else in UTC.

    A delivery is final: nothing that happens after it changes the status, only a correction takes it back. After a
    return has begun a delivery is one to the shop.
    """
    scans = journey_since(follow(absorb(reports, as_of, links), links, as_of), since)
    walk = _Walk(back=is_return)
    for scan in scans:
        walk.see(scan)
    return Progress(
        as_of=as_of.astimezone(UTC),
        status=walk.status,
        stage=walk.stage,
        dispatched_at=walk.dispatched_at,
        ended_at=walk.ended_at,
        pickup_since=walk.pickup_since,
        arrived_at=walk.arrived_at,
        attempts=walk.attempts,
        last_scan=scans[-1] if scans else None,
        trouble=walk.trouble,
        return_stage=walk.return_stage,
        legs=_legs(scans),
        timeline=tuple(TimelineEntry(scan, _local(scan, time_zones), scan.all_doubts) for scan in scans),
    )


class _Walk:
    """The state of a parcel while its scans are seen one after the other."""

    def __init__(self, *, back: bool) -> None:
        self.back = back
        self.place = "pre_dispatch"
        self.lost = self.cancelled = False
        self.dispatched_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.pickup_since: datetime | None = None
        self.arrived_at: datetime | None = None
        self.attempted_at: datetime | None = None
        self.attempts = 0
        self.trouble: Scan | None = None
        self.return_stage: str | None = None

    @property
    def stage(self) -> str:
        return "lost_suspected" if self.lost else self.place

    @property
    def status(self) -> str:
        return "cancelled" if self.cancelled else _STATUS_OF.get(self.place, "dispatched")

    def see(self, scan: Scan) -> None:
        if self.ended_at is not None:
            self._see_after_the_end(scan.code)
        elif scan.code == "exception":
            self.trouble = scan
            self.lost = self.lost or scan.reason == "lost"
            self.cancelled = self.cancelled or (scan.reason == "cancelled" and self.place == "pre_dispatch")
        elif scan.code not in {"info_only", "label_created"}:
            self._move(scan)

    def _move(self, scan: Scan) -> None:
        at, code = scan.happened_at, scan.code
        self.lost = self.cancelled = False
        self.trouble = None
        self.dispatched_at = self.dispatched_at or at
        if code == "delivery_attempted" and not self.back and self._is_another_attempt(at):
            self.attempts += 1
            self.attempted_at = at
        self.back = self.back or code == "return_started"
        self.place = self._place_after(code)
        if self.place in {"delivered", "returned"}:
            self.ended_at = at
        self.pickup_since = (self.pickup_since or at) if self.place == "pickup_point" else None
        if self.place in {"pickup_point", "delivered"}:
            self.arrived_at = self.arrived_at or at

    def _is_another_attempt(self, at: datetime) -> bool:
        return self.attempted_at is None or at - self.attempted_at > _SAME_ATTEMPT

    def _place_after(self, code: str) -> str:
        if code == "returned" or (self.back and code in DELIVERED_CODES):
            return "returned"
        if self.back:
            return "returning"
        if code in DELIVERED_CODES:
            return "delivered"
        if code in _FIRST_MILE:
            return "first_mile" if self.place == "pre_dispatch" else self.place
        return _STAGE_OF[code]

    def _see_after_the_end(self, code: str) -> None:
        if self.place == "delivered" and self.return_stage != "returned":
            told = {"return_started": "returning", "returned": "returned"}.get(code)
            self.return_stage = told or self.return_stage


def _legs(scans: Sequence[Scan]) -> tuple[Leg, ...]:
    runs = (tuple(run) for _, run in groupby(scans, key=_BY_LEG))
    return tuple(Leg(run[0].number, run[0].happened_at, run[-1].happened_at) for run in runs)


def _local(scan: Scan, time_zones: Mapping[str, str]) -> datetime:
    if scan.utc_offset_min is not None:
        return scan.happened_at.astimezone(timezone(timedelta(minutes=scan.utc_offset_min)))
    time_zone = time_zones.get(SHOP if scan.source == SHOP else scan.country or "")
    return scan.happened_at if time_zone is None else scan.happened_at.astimezone(zone(time_zone))
