"""What an alert says: all that an apology needs."""

from collections.abc import Mapping
from datetime import date
from math import inf
from typing import Any

from parcelcast.alerts.compensation import compensation_tier
from parcelcast.alerts.finding import View
from parcelcast.alerts.machine import Change
from parcelcast.alerts.policy import AlertPolicy
from parcelcast.alerts.situation import Situation, StatedDates
from parcelcast.alerts.troubles import pickup_until
from parcelcast.alerts.vocabulary import FAMILIES
from parcelcast.ledger import holder, main_party

_COMPENSATED = frozenset({*FAMILIES["delay"], *FAMILIES["stall"]})
_CAUSED = _COMPENSATED | {*FAMILIES["dispatch"]}
_REASON_STAGES = frozenset({"attempted", "returning", "returned"})
_NO_DATES = StatedDates(None, None, None, None)


def alert_data(situation: Situation, change: Change, policy: AlertPolicy) -> dict[str, Any]:
    """Return the data of an alert, JSON values; dates are local to the destination.

    ``slip_days`` are the days from the promise to the likely date, 0 when that is not later, None when one of the two
    is missing. ``cause.days`` are the days by party so far (`parcelcast.ledger`). ``cause.party`` of a delay, a stall
    and a late dispatch in which none were lost so far, and of a delay or a stall without a likely date, is the one that
    has the parcel. ``probability`` is that of what the type says: of being later than the promise, than usual, or lost.
    ``pickup`` is None but for a parcel at a pickup point, of which no date after its last day there is told; of one
    that the carrier says is lost none is told at all.
    """
    incident, progress = change.incident, situation.progress
    pickup = _pickup(situation, policy)
    dates = _dates(situation, policy, pickup)
    slip = None
    if situation.promised_on is not None and dates.likely is not None:
        slip = max((dates.likely - situation.promised_on).days, 0)
    party = main_party(situation.causes)
    if change.type in _CAUSED:
        uncounted = change.type in _COMPENSATED and dates.likely is None
        party = holder(progress) if party is None or uncounted else party
    tier = None
    if change.type in _COMPENSATED:
        tier = compensation_tier(
            policy.compensation, _least_slip(situation, slip), situation.order_value, situation.currency, party
        )
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
        "reason": _reason(situation, pickup),
        "pickup": None if pickup is None else {**pickup, "until": _iso(pickup["until"])},
        "locale": situation.locale or policy.locale,
        "order_value": situation.order_value,
        "currency": situation.currency,
        "compensation_tier": tier,
    }


def _pickup(situation: Situation, policy: AlertPolicy) -> dict[str, Any] | None:
    """Return until when (local date) and where a parcel waits; None for one that is at no pickup point."""
    view = View(situation, None, policy, situation.progress.as_of)
    until = pickup_until(view)
    if until is None:
        return None
    scans = (entry.scan for entry in reversed(situation.progress.timeline))
    waits = next(scan for scan in scans if scan.code == "at_pickup_point")
    return {
        "until": until,
        "days_left": (until - view.today).days,
        "place": waits.place,
        "facility_id": waits.facility_id,
    }


def _dates(situation: Situation, policy: AlertPolicy, pickup: Mapping[str, Any] | None) -> StatedDates:
    """Return the dates to tell: none that the carrier's own word or the last day at the pickup point rules out."""
    if situation.progress.stage == "lost_suspected":
        return _NO_DATES
    dates = situation.dates(policy.stated_level)
    if pickup is None:
        return dates
    named = (dates.earliest, dates.likely, dates.latest, dates.by)
    return StatedDates(*(day if day is not None and day <= pickup["until"] else None for day in named))


def _least_slip(situation: Situation, slip: int | None) -> float:
    """Return how many days later than promised a parcel comes at least; without end if more likely lost than not."""
    silence = None if situation.eta is None else situation.eta.silence
    if situation.progress.stage == "lost_suspected" or (silence is not None and silence.lost >= 0.5):
        return inf
    if situation.promised_on is None:
        return 0
    return max(slip or 0, (situation.today(situation.progress.as_of) - situation.promised_on).days)


def _reason(situation: Situation, pickup: Mapping[str, Any] | None) -> str | None:
    """Return what keeps it from the shopper: the exception in force, else why the last attempt failed or it returns."""
    progress = situation.progress
    told = progress.trouble or (situation.last_move if progress.stage in _REASON_STAGES else None)
    if told is not None and told.reason is not None:
        return told.reason
    return "not_collected" if pickup is not None and pickup["days_left"] < 0 else None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
