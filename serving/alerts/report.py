"""`GET /v1/reports/alerts`: how right and how early predicted delays were, by what then happened."""

from collections.abc import Iterable
from datetime import date, timedelta
from statistics import median
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from parcelcast.alerts import Incident
from serving.callers import AlertReader
from serving.problems import documented
from serving.promises.answers import Said
from serving.promises.requests import Name
from serving.state import Serving
from serving.stores.outcomes import Outcome, read_outcomes

MOST_DAYS = 180
_DAYS = 28
_FIRST = date(2000, 1, 1)  # nothing was promised before, and dates end somewhere
# Of these nothing can be told: nobody has heard of them, or nobody waits.
_UNHEARD = "pre_dispatch"

router = APIRouter(prefix="/v1/reports", tags=["alerts"])

Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="how many promised days before `until`")]
Until = Annotated[
    date | None, Query(description="the promised day after the last one; by default today (UTC), and never later")
]
Lead = Annotated[float, Query(ge=0, le=24 * 14, description="hours before the end of the promised day")]
Merchant = Annotated[Name | None, Query(description="only parcels of this merchant")]


class AlertsReport(Said):
    """Figures of predicted delays on parcels whose promised day is over, as docs/alerts.md defines them."""

    since: date
    until: date
    merchant_id: str | None
    lead_hours: float
    parcels: int = Field(description="with a promise of these days, and of which something was heard")
    unheard: int = Field(description="of which nobody has heard but the shop, and cancelled ones; in no other figure")
    late: int = Field(description="that came after the promised day, to the door or a pickup point, or not yet")
    early: int = Field(description="of which a delay was predicted so early")
    early_right: int = Field(description="`early` ones that were late")
    caught: int = Field(description="late ones with an alert that stood so long before the end of the promised day")
    precision: float | None = Field(description="`early_right` of `early`")
    recall: float | None = Field(description="`caught` of `late`")
    predicted: int = Field(description="of which a delay was predicted at any time before the end of the promised day")
    right: int = Field(description="`predicted` ones that were late")
    median_lead_hours: float | None = Field(
        description="of right ones, from the first prediction to the end of the day"
    )


@router.get("/alerts", responses=documented(401, 403, 422, 503))
def report_alerts(
    services: Serving,
    _caller: AlertReader,
    days: Days = _DAYS,
    until: Until = None,
    lead_hours: Lead = 24.0,
    merchant_id: Merchant = None,
) -> AlertsReport:
    """Tell how right and how early alerts were, to be compared with what the policy wants."""
    today = services.clock().date()
    until = today if until is None else max(min(until, today), _FIRST)
    since = until - timedelta(days=days)
    with services.database.reading() as connection:
        return judged(read_outcomes(connection, since, until, merchant_id), since, until, merchant_id, lead_hours)


def judged(
    outcomes: Iterable[Outcome], since: date, until: date, merchant_id: str | None, lead_hours: float
) -> AlertsReport:
    """Count the outcomes of parcels that were promised for these days."""
    parcels = unheard = late = early = early_right = caught = predicted = 0
    leads: list[float] = []
    for one in outcomes:
        if one.status == "cancelled" or one.stage == _UNHEARD:
            unheard += 1
            continue
        is_late = one.arrived_on is None or one.arrived_on > one.promised_on
        delays = [delay for delay in one.delays if delay.promised_on == one.promised_on]
        first = max((lead for delay in delays if (lead := delay.lead_hours or 0.0) > 0), default=None)
        is_early = first is not None and first >= lead_hours
        parcels, late = parcels + 1, late + is_late
        early, early_right = early + is_early, early_right + (is_early and is_late)
        caught += is_late and any(_stands(delay, lead_hours) for delay in delays)
        predicted += first is not None
        if first is not None and is_late:
            leads.append(first)
    return AlertsReport(
        since=since,
        until=until,
        merchant_id=merchant_id,
        lead_hours=lead_hours,
        parcels=parcels,
        unheard=unheard,
        late=late,
        early=early,
        early_right=early_right,
        caught=caught,
        precision=_share(early_right, early),
        recall=_share(caught, late),
        predicted=predicted,
        right=len(leads),
        median_lead_hours=median(leads) if leads else None,
    )


def _stands(delay: Incident, lead_hours: float) -> bool:
    """Tell whether an alert stood so long before the end of the promised day, not taken back by then."""
    if delay.lead_hours is None or delay.lead_hours < lead_hours:
        return False
    if delay.ended_at is None:
        return True
    ended = delay.lead_hours - (delay.ended_at - delay.opened_at) / timedelta(hours=1)
    return ended < lead_hours


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
