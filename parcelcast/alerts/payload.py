"""What an alert says: all that an apology needs."""

from datetime import date
from typing import Any

from parcelcast.alerts.compensation import compensation_tier
from parcelcast.alerts.machine import Change
from parcelcast.alerts.policy import AlertPolicy
from parcelcast.alerts.situation import Situation
from parcelcast.alerts.vocabulary import FAMILIES
from parcelcast.ledger import main_party

_COMPENSATED = frozenset({*FAMILIES["delay"], *FAMILIES["stall"]})


def alert_data(situation: Situation, change: Change, policy: AlertPolicy) -> dict[str, Any]:
    """Return the data of an alert, JSON values; dates are local to the destination.

    ``slip_days`` are the days from the promise to the likely date, 0 when that is not later, None when one of the two
    is missing. ``cause.days`` are the days by party so far (`parcelcast.ledger`). ``probability`` is that of
    what the type says: of being later than the promise, than usual, or lost.
    """
    incident, progress = change.incident, situation.progress
    dates = situation.dates(policy.stated_level)
    slip = None
    if situation.promised_on is not None and dates.likely is not None:
        slip = max((dates.likely - situation.promised_on).days, 0)
    party = main_party(situation.causes)
    tier = None
    if change.type in _COMPENSATED:
        tier = compensation_tier(policy.compensation, slip or 0, situation.order_value, situation.currency, party)
    return {
        "type": change.type,
        "incident": incident.family,
        "incident_number": incident.number,
        "revision": incident.revision,
        "state": incident.state,
        "opened_at": incident.opened_at.isoformat(),
        "as_of": progress.as_of.isoformat(),
        "shipment_id": situation.shipment_id,
        "order_id": situation.order_id,
        "merchant_id": situation.merchant_id,
        "promise": {
            "then": {"date": _iso(situation.promised_on)},
            "now": {
                "likely": _iso(dates.likely),
                "earliest": _iso(dates.earliest),
                "latest": _iso(dates.latest),
                "by": _iso(dates.by),
                "by_probability": policy.stated_level,
            },
        },
        "slip_days": slip,
        "probability": None if incident.probability is None else round(incident.probability, 4),
        "cause": {"party": party, "days": dict(situation.causes)},
        "stage": progress.stage,
        "attempts": progress.attempts,
        "locale": situation.locale or policy.locale,
        "order_value": situation.order_value,
        "currency": situation.currency,
        "compensation_tier": tier,
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
