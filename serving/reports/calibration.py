"""Whether stated probabilities came true: the risk of delays, and the ranges of dates."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from parcelcast.calendar import day_end
from parcelcast.place import PlaceIndex
from serving.reports.calibration_answers import RANGE_LEVEL, TENTHS, CalibrationReport, RangesAnswer, Tenth
from serving.reports.shares import ratio, share_of
from serving.stores.outcomes import Outcome, StatedDates, Window, is_late

_KINDS = ("unheard", "unstated", "stated_otherwise", "decided", "not_by_model", "judged")


@dataclass(slots=True)
class _Risks:
    """Stated risks of a tenth, and what came."""

    parcels: int = 0
    late: int = 0
    risk: float = 0.0
    squares: float = 0.0

    def add(self, risk: float, *, came_late: bool) -> None:
        """Count a parcel."""
        self.parcels += 1
        self.late += came_late
        self.risk += risk
        self.squares += (risk - came_late) ** 2

    def answer(self, number: int) -> Tenth:
        """Return what is told of the tenth with this number."""
        return Tenth(
            risk_from=number / TENTHS,
            risk_to=(number + 1) / TENTHS,
            parcels=self.parcels,
            mean_risk=ratio(self.risk, self.parcels),
            late=self.late,
            late_share=share_of(self.late, self.parcels),
        )


@dataclass
class _Tally:
    """Parcels by what can be told of them, risks by tenths, and ranges by where the delivery fell."""

    kinds: Counter[str] = field(default_factory=Counter)
    tenths: list[_Risks] = field(default_factory=lambda: [_Risks() for _ in range(TENTHS)])
    ranges: Counter[str] = field(default_factory=Counter)

    def see(self, one: Outcome, told: StatedDates | None, today: date) -> None:
        """Count a parcel of which something was heard, by what was told of it last."""
        if told is None:
            self.kinds["unstated"] += 1
        elif told.promised_on != one.promised_on:
            self.kinds["stated_otherwise"] += 1
        elif told.delay_risk is None:
            self.kinds["decided"] += 1
        elif not _is_by_model(told):
            self.kinds["not_by_model"] += 1
        else:
            self.kinds["judged"] += 1
            self.tenths[_tenth(told.delay_risk)].add(told.delay_risk, came_late=_is_delivered_late(one))
            self.ranges[_place_of(one.delivered_on, told.earliest_on, told.latest_on, today)] += 1

    def figures(self) -> dict[str, Any]:
        """Return what is told of all of them."""
        judged = self.kinds["judged"]
        late = sum(one.late for one in self.tenths)
        constant = late / judged * (1 - late / judged) if judged else 0.0
        return {
            **{name: self.kinds[name] for name in _KINDS},
            "parcels": self.kinds.total() - self.kinds["unheard"],
            "late": late,
            "late_share": share_of(late, judged),
            "mean_risk": ratio(sum(one.risk for one in self.tenths), judged),
            "tenths": [one.answer(number) for number, one in enumerate(self.tenths)],
            "brier": ratio(sum(one.squares for one in self.tenths), judged),
            "brier_constant": round(constant, 4) if judged else None,
            "ranges": self._ranges(),
        }

    def _ranges(self) -> RangesAnswer:
        not_over, within, before, after = (self.ranges[name] for name in ("not_over", "within", "before", "after"))
        over = within + before + after
        return RangesAnswer(
            over=over,
            not_over=not_over,
            level=RANGE_LEVEL,
            within=within,
            within_share=share_of(within, over),
            before=before,
            after=after,
        )


def calibrated(
    stated: Iterable[tuple[Outcome, StatedDates | None]], window: Window, lead_hours: float, today: date
) -> CalibrationReport:
    """Hold what was stated last, so many hours before the end of the promised day, against what came.

    Ranges are over when their last day is before ``today`` (UTC).
    """
    tally = _Tally()
    for one, told in stated:
        if one.counts:
            tally.see(one, told, today)
        else:
            tally.kinds["unheard"] += 1
    return CalibrationReport(
        since=window.since,
        until=window.until,
        merchant_id=window.merchant_id,
        lead_hours=lead_hours,
        **tally.figures(),
    )


def before_the_end(places: PlaceIndex, lead_hours: float) -> Callable[[Outcome], datetime]:
    """Return what tells the instant so many hours before the end of a parcel's promised day, on the clock there."""
    ends = cache(day_end)
    return lambda one: ends(one.promised_on, places.find(*one.address).time_zone) - timedelta(hours=lead_hours)


def _is_delivered_late(one: Outcome) -> bool:
    """Whether what the stated risk is of came true: a delivery into the shopper's hands after the promised day."""
    return is_late(None if one.delivered_on is None else (one.delivered_on - one.promised_on).days)


def _place_of(delivered_on: date | None, earliest_on: date | None, latest_on: date | None, today: date) -> str:
    """Return where the delivery fell, of ranges that are over: which they are does not hang on what came."""
    if earliest_on is None or latest_on is None or latest_on >= today:
        return "not_over"
    if delivered_on is None or delivered_on > latest_on:
        return "after"
    return "before" if delivered_on < earliest_on else "within"


def _is_by_model(told: StatedDates) -> bool:
    return bool(orjson.loads(told.eta)["basis"] == "model")


def _tenth(risk: float) -> int:
    """Return the number of the tenth in which a risk lies.

    >>> [_tenth(tenth / 10) for tenth in range(11)], _tenth(0.299), _tenth(-1e-12)
    ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9], 2, 0)
    """
    return min(max(int(risk * TENTHS), 0), TENTHS - 1)
