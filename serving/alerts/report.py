"""`GET /v1/reports/alerts`: how right and how early predicted delays were, by what then happened."""

from collections.abc import Iterable
from datetime import date, timedelta
from statistics import median

from fastapi import APIRouter
from pydantic import Field

from parcelcast.alerts import Incident
from serving.callers import AlertReader
from serving.problems import documented
from serving.promises.answers import Said
from serving.reports.asked import LEAD_HOURS, Asked, Lead
from serving.reports.shares import ratio
from serving.state import Serving
from serving.stores.outcomes import Outcome, Window, read_incidents

router = APIRouter(prefix="/v1/reports", tags=["alerts"])


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
    services: Serving, _caller: AlertReader, window: Asked, lead_hours: Lead = LEAD_HOURS
) -> AlertsReport:
    """Tell how right and how early alerts were, to be compared with what the policy wants."""
    with services.database.reading() as connection:
        return judged(read_incidents(connection, window, "delay"), window, lead_hours)


def judged(outcomes: Iterable[tuple[Outcome, list[Incident]]], window: Window, lead_hours: float) -> AlertsReport:
    """Count the outcomes of parcels that were promised for these days, with the delays that were told of them."""
    parcels = unheard = late = early = early_right = caught = predicted = 0
    leads: list[float] = []
    for one, told in outcomes:
        if not one.counts:
            unheard += 1
            continue
        delays = [delay for delay in told if delay.promised_on == one.promised_on]
        first = max((lead for delay in delays if (lead := delay.lead_hours or 0.0) > 0), default=None)
        is_early = first is not None and first >= lead_hours
        parcels, late = parcels + 1, late + one.is_late
        early, early_right = early + is_early, early_right + (is_early and one.is_late)
        caught += one.is_late and any(_stands(delay, lead_hours) for delay in delays)
        predicted += first is not None
        if first is not None and one.is_late:
            leads.append(first)
    return AlertsReport(
        since=window.since,
        until=window.until,
        merchant_id=window.merchant_id,
        lead_hours=lead_hours,
        parcels=parcels,
        unheard=unheard,
        late=late,
        early=early,
        early_right=early_right,
        caught=caught,
        precision=ratio(early_right, early),
        recall=ratio(caught, late),
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
