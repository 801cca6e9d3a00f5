"""Situations for tests: a parcel promised for Thursday 4 March 2027 in Munich, with any risk at any hour."""

from datetime import date, datetime, timedelta

import numpy as np

from parcelcast.alerts import AlertPolicy, Decision, Incident, Situation, decide
from parcelcast.calendar import WorkingCalendar, local_date
from parcelcast.distribution import DeliveryDistribution
from parcelcast.eta import Eta, Silence
from parcelcast.progress import parcel_progress
from parcelcast.tracking.scan import Scan
from tests.parcelcast.tracking.reports import hours, scan

PROMISED = date(2027, 3, 4)
CALENDAR = WorkingCalendar("Europe/Berlin", weekdays=range(6), holiday_country="DE", holiday_region="BY")
AWAKE = AlertPolicy(quiet_hours=None)
ON_THE_ROAD = (scan("handed_over", 6), scan("hub_arrival", 10))
SURE = Silence(1.0, 0.0, 0.0)


def eta_of(at: datetime, risk: float, slip: int = 2, silence: Silence = SURE, basis: str = "model") -> Eta:
    """P(later than the promise) is the risk; what is late comes so many days after the promise."""
    today = local_date(at, "Europe/Berlin")
    pmf = np.zeros(40)
    in_time, late = (PROMISED - today).days, (PROMISED - today).days + slip
    if in_time >= 0:
        pmf[in_time] += 1.0 - risk
    pmf[max(late, 0)] += risk if in_time >= 0 else 1.0
    return Eta(at, "line_haul", DeliveryDistribution(today, pmf), basis, silence)


def situation(at: datetime, risk: float | None = 0.1, scans: tuple[Scan, ...] = ON_THE_ROAD, **more) -> Situation:
    """A situation at an instant; no risk: no forecast."""
    shape = {name: more.pop(name) for name in ("slip", "silence", "basis") if name in more}
    progress = parcel_progress(scans, at + timedelta(seconds=1), is_return=more.get("is_return", False))
    facts = {"promised_on": PROMISED, "order_value": 80.0, "currency": "EUR", **more}
    eta = None if risk is None else eta_of(at, risk, **shape)
    return Situation("p1", "o1", progress, eta, CALENDAR, **facts)


def live(story, policy: AlertPolicy = AWAKE, incidents: tuple[Incident, ...] = ()) -> list[Decision]:
    """Decide at each of (hour, facts of `situation`), each decision on what the one before it left."""
    decisions = []
    for hour, facts in story:
        found = decide(situation(hours(hour), **facts), incidents, policy, hours(hour))
        decisions.append(found)
        incidents = found.incidents
    return decisions


def told(decisions) -> list[tuple[str, str | None]]:
    """Return what was told: kind and type of every change."""
    return [(change.kind, change.type) for one in decisions for change in one.changes]
