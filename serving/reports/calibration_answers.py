"""What is told of stated probabilities."""

from datetime import date
from typing import Any

from pydantic import Field

from parcelcast.alerts.situation import LATEST
from parcelcast.promise import EARLIEST
from serving.promises.answers import Said
from serving.reports.shares import ShareAnswer

TENTHS = 10
RANGE_LEVEL = round(LATEST - EARLIEST, 4)


class Tenth(Said):
    """Parcels whose stated risk lay in one tenth: from `risk_from` on and below `risk_to`; the last holds 1 too."""

    risk_from: float
    risk_to: float
    parcels: int
    mean_risk: float | None = Field(description="as stated, to be compared with `late_share`")
    late: int
    late_share: ShareAnswer | None = Field(description="`late` of `parcels`")


class RangesAnswer(Said):
    """Where deliveries fell beside the ranges that were stated, from `earliest` to `latest`, both included."""

    over: int = Field(description="ranges of `judged` parcels whose last day is over; the figures below are of these")
    not_over: int = Field(description="those whose last day is still to come, or that name no first or no last one")
    level: float = Field(description="the share that they are made to hold; as they are of whole days, it may be more")
    within: int
    within_share: ShareAnswer | None = Field(description="`within` of `over`, to be compared with `level`")
    before: int
    after: int = Field(description="delivered after the range, or not so far")


class CalibrationReport(Said):
    """Whether what was stated came true, of parcels whose promised day is over, as docs/reports.md defines it.

    The history of dates has a row only where dates changed. So what is judged is what was stated at the last change
    before the lead time: the risk may have moved since, as long as no date did.
    """

    since: date
    until: date
    merchant_id: str | None
    lead_hours: float
    parcels: int = Field(description="promised for these days, and of which something was heard")
    unheard: int = Field(description="of which nobody has heard but the shop, and cancelled ones; in no other figure")
    unstated: int = Field(description="of which no dates were stated so early")
    stated_otherwise: int = Field(description="whose dates were stated last while another day was promised, or none")
    decided: int = Field(description="known by then to be delivered or to go back: no risk was stated any more")
    not_by_model: int = Field(description="of which not a model spoke, but a quote or plain history")
    judged: int = Field(description="the rest of `parcels`; all figures below are of these")
    late: int = Field(description="delivered after the promised day, or not so far; waiting at a pickup point is not")
    late_share: ShareAnswer | None = Field(description="`late` of `judged`")
    mean_risk: float | None = Field(description="as stated, to be compared with `late_share`")
    tenths: list[Tenth] = Field(description="the same by stated risk, the lowest first, all ten")
    brier: float | None = Field(description="mean square of the stated risk minus what came: 1 if late, else 0")
    brier_constant: float | None = Field(description="the same, had `late_share` been stated of each; less is better")
    ranges: RangesAnswer


_TENTH = {"parcels": 0, "mean_risk": None, "late": 0, "late_share": None}
_FULL: dict[int, dict[str, Any]] = {
    0: {"parcels": 15, "mean_risk": 0.02, "late": 0, "late_share": {"share": 0.0, "low": 0.0, "high": 0.2039}},
    8: {"parcels": 5, "mean_risk": 0.84, "late": 4, "late_share": {"share": 0.8, "low": 0.3755, "high": 0.9638}},
}
EXAMPLE_CALIBRATION: dict[str, Any] = {
    "since": "2026-10-26",
    "until": "2026-11-23",
    "merchant_id": None,
    "lead_hours": 24.0,
    "parcels": 30,
    "unheard": 1,
    "unstated": 2,
    "stated_otherwise": 1,
    "decided": 6,
    "not_by_model": 1,
    "judged": 20,
    "late": 4,
    "late_share": {"share": 0.2, "low": 0.0807, "high": 0.416},
    "mean_risk": 0.225,
    "tenths": [
        {"risk_from": tenth / TENTHS, "risk_to": (tenth + 1) / TENTHS, **_FULL.get(tenth, _TENTH)}
        for tenth in range(TENTHS)
    ],
    "brier": 0.0407,
    "brier_constant": 0.16,
    "ranges": {
        "over": 19,
        "not_over": 1,
        "level": RANGE_LEVEL,
        "within": 17,
        "within_share": {"share": 0.8947, "low": 0.6861, "high": 0.9706},
        "before": 1,
        "after": 1,
    },
}
