"""Two numbers for one parcel: it gets a second one at a border, or where another carrier takes over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parcelcast.scan import DELIVERED_CODES
from parcelcast.tracking.scan import CLOCK_TOLERANCE, Number, Scan

HANDED_ON = "handed_on"

_AT_THE_DOOR = DELIVERED_CODES | {"out_for_delivery", "delivery_attempted", "at_pickup_point"}


@dataclass(frozen=True, slots=True)
class Link:
    """A parcel travels on under another number; ``recorded_at`` (aware) is when we learned of it."""

    predecessor: Number
    successor: Number
    recorded_at: datetime


def known_links(links: Iterable[Link], as_of: datetime | None) -> list[Link]:
    """Return the links that were recorded before ``as_of``, all without it."""
    return [link for link in links if as_of is None or link.recorded_at < as_of]


def depth_of(number: Number, links: Sequence[Link]) -> int:
    """Return how many numbers came before this one; a circle of links ends the count."""
    depth, reached, seen = 0, {number}, {number}
    while True:
        reached = {link.predecessor for link in links if link.successor in reached} - seen
        if not reached:
            return depth
        seen |= reached
        depth += 1


def numbers_of(number: Number, links: Iterable[Link], as_of: datetime | None = None) -> list[Number]:
    """Return all numbers of the parcel that has one of them, from the first to the last, as known before ``as_of``."""
    joined = known_links(links, as_of)
    known = {number}
    while True:
        reached = {end for link in joined for end in (link.predecessor, link.successor) if _touches(link, known)}
        if reached <= known:
            return sorted(known, key=lambda one: (depth_of(one, joined), one))
        known |= reached


def follow(scans: Sequence[Scan], links: Iterable[Link], as_of: datetime | None = None) -> tuple[Scan, ...]:
    """Read deliveries under a number that has a successor as what they are: the handing on to the next carrier.

    Some carriers tell the true delivery under their old number too: it counts once the successor has been at the door
    (on the vehicle, attempted, at a pickup point or delivered) by then.
    """
    joined = known_links(links, as_of)
    if not joined:
        return tuple(scans)
    depths = {number: depth_of(number, joined) for number in {scan.number for scan in scans}}
    superseded = {link.predecessor for link in joined}
    followed = []
    for scan in scans:
        if scan.code in DELIVERED_CODES and scan.number in superseded:
            deeper = (one for one in scans if depths[one.number] > depths[scan.number] and one.code in _AT_THE_DOOR)
            if not any(one.happened_at <= scan.happened_at + CLOCK_TOLERANCE for one in deeper):
                scan = replace(  # noqa: PLW2901 - the same event, read otherwise
                    scan,
                    code="hub_departure",
                    raw_code=scan.raw_code or f"={scan.code}",  # keeps the identity
                    doubts=(*scan.doubts, HANDED_ON),
                )
        followed.append(scan)
    return tuple(followed)


def _touches(link: Link, known: set[Number]) -> bool:
    return link.predecessor in known or link.successor in known
