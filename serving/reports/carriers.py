"""How carriers get on: parcels in time, days on the way, failed attempts, losses and parcels that went back."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, Self

from pydantic import Field

from parcelcast.alerts import Incident
from serving.promises.answers import Said
from serving.reports.groups import MOST_GROUPS, Groups
from serving.reports.shares import ShareAnswer, ratio, share_of
from serving.stores.outcomes import Outcome, Window

_LOSS_TOLD = "shipment.lost_suspected"
_LOSS_ADMITTED = "lost_suspected"
_BACK = frozenset({"returning", "returned"})


class Course(NamedTuple):
    """What counts of a parcel's way; None where it is not known."""

    is_late: bool
    transit_days: int | None
    has_failed: bool | None
    is_lost: bool
    is_back: bool

    @classmethod
    def of(cls, one: Outcome, stalls: Sequence[Incident]) -> Self:
        """Return that of a parcel with its stalls."""
        return cls(
            is_late=one.is_late,
            transit_days=one.transit_days,
            has_failed=None if one.attempts is None else one.attempts > 0,
            is_lost=one.stage == _LOSS_ADMITTED or any(stall.type == _LOSS_TOLD for stall in stalls),
            is_back=one.stage in _BACK,
        )


class CarrierFigures(Said):
    """How some parcels got on."""

    parcels: int = Field(description="promised for these days, and of which something was heard")
    in_time: int = Field(description="came by the promised day, to the door or a pickup point")
    in_time_share: ShareAnswer | None = Field(description="`in_time` of `parcels`")
    transit_known: int = Field(description="came, and the carrier was known to have them before")
    transit_days_50: int | None = Field(description="days from dispatch to arrival within which half of these came")
    transit_days_90: int | None = Field(description="and nine of ten of these")
    attempts_known: int = Field(description="of which failed deliveries are counted")
    attempt_failed: int = Field(description="of these, those with a failed delivery")
    attempt_failed_share: float | None = Field(description="`attempt_failed` of `attempts_known`")
    lost: int = Field(description="of which an alert suspected a loss at any time, or the carrier admits one now")
    lost_share: float | None = Field(description="`lost` of `parcels`")
    back: int = Field(description="that go back, or went back, before they were delivered")
    back_share: float | None = Field(description="`back` of `parcels`")


class CarrierAnswer(CarrierFigures):
    """Parcels of one carrier, as the shop told it; null where it did not."""

    carrier: str | None


_FIGURES: dict[str, Any] = {
    "parcels": 40,
    "in_time": 36,
    "in_time_share": {"share": 0.9, "low": 0.7695, "high": 0.9604},
    "transit_known": 38,
    "transit_days_50": 2,
    "transit_days_90": 4,
    "attempts_known": 40,
    "attempt_failed": 3,
    "attempt_failed_share": 0.075,
    "lost": 1,
    "lost_share": 0.025,
    "back": 0,
    "back_share": 0.0,
}
EXAMPLE_CARRIERS: dict[str, Any] = {
    "since": "2026-10-26",
    "until": "2026-11-23",
    "merchant_id": None,
    "unheard": 1,
    **_FIGURES,
    "carriers": [{**_FIGURES, "carrier": "kranich"}],
    "others": None,
}


class CarriersReport(CarrierFigures):
    """How carriers got on with parcels whose promised day is over, as docs/reports.md defines it."""

    since: date
    until: date
    merchant_id: str | None
    unheard: int = Field(description="of which nobody has heard but the shop, and cancelled ones; in no other figure")
    carriers: list[CarrierAnswer] = Field(description=f"the {MOST_GROUPS} with the most parcels, these first")
    others: CarrierFigures | None = Field(description="all further ones together; null: there are none")


def carried(parcels: Iterable[tuple[Outcome, Sequence[Incident]]], window: Window) -> CarriersReport:
    """Count the courses of parcels that were promised for these days, each with its stalls."""
    unheard = 0
    courses: Counter[Course] = Counter()
    groups = Groups[Course]()
    for one, stalls in parcels:
        if not one.counts:
            unheard += 1
            continue
        course = Course.of(one, stalls)
        courses[course] += 1
        groups.add((one.carrier,), course)
    return CarriersReport(
        since=window.since,
        until=window.until,
        merchant_id=window.merchant_id,
        unheard=unheard,
        **_figures(courses),
        carriers=[CarrierAnswer(carrier=carrier, **_figures(counts)) for (carrier,), counts in groups.largest],
        others=CarrierFigures(**_figures(groups.others)) if groups.others else None,
    )


def _figures(courses: Counter[Course]) -> dict[str, Any]:
    parcels = courses.total()
    in_time = _count(courses, lambda one: not one.is_late)
    failed = _count(courses, lambda one: one.has_failed is True)
    attempts_known = _count(courses, lambda one: one.has_failed is not None)
    lost = _count(courses, lambda one: one.is_lost)
    back = _count(courses, lambda one: one.is_back)
    transit: Counter[int] = Counter()
    for course, count in courses.items():
        if course.transit_days is not None:
            transit[course.transit_days] += count
    return {
        "parcels": parcels,
        "in_time": in_time,
        "in_time_share": share_of(in_time, parcels),
        "transit_known": transit.total(),
        "transit_days_50": _within(transit, 5),
        "transit_days_90": _within(transit, 9),
        "attempts_known": attempts_known,
        "attempt_failed": failed,
        "attempt_failed_share": ratio(failed, attempts_known),
        "lost": lost,
        "lost_share": ratio(lost, parcels),
        "back": back,
        "back_share": ratio(back, parcels),
    }


def _count(courses: Counter[Course], is_meant: Callable[[Course], bool]) -> int:
    return sum(count for course, count in courses.items() if is_meant(course))


def _within(transit: Counter[int], tenths: int) -> int | None:
    """Return the days within which so many tenths of the parcels came, or more; None without any.

    >>> days = Counter({2: 8, 3: 1, 9: 1})
    >>> _within(days, 5), _within(days, 9), _within(Counter(), 5)
    (2, 3, None)
    """
    so_far = 0
    for days in sorted(transit):
        so_far += transit[days]
        if 10 * so_far >= tenths * transit.total():
            return days
    return None
