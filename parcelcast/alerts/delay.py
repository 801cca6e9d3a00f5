"""Delays: the promise will probably not hold, or has not held."""

from dataclasses import replace
from datetime import date, timedelta

from parcelcast.alerts.finding import Finding, View
from parcelcast.alerts.policy import hours
from parcelcast.alerts.situation import Situation
from parcelcast.calendar import local_date, midnight


def look_for_delay(view: View) -> Finding:
    """Predict a delay at a high risk, confirm it when the promise has passed, let it recover at a low risk.

    A parcel without a single scan is never late by silence alone: only a model that has learned what silence means
    may predict or confirm its delay.
    """
    situation = view.situation
    promised_on = situation.promised_on
    if promised_on is None:
        return Finding()
    if situation.over is not None:
        return Finding(over=_outcome(situation, promised_on))
    confirm_at = midnight(promised_on + timedelta(days=1), situation.calendar.time_zone)
    confirm_at += hours(view.policy.confirm_grace_hours)
    if view.now >= confirm_at:
        is_known = view.is_open or not situation.is_dark
        return _told(view, "delay.confirmed", 1.0) if is_known else Finding()
    if view.today > promised_on:
        return Finding(look_again=confirm_at)
    return replace(_predicted(view), look_again=confirm_at)


def _predicted(view: View) -> Finding:
    """Look at the risk of a parcel whose promise has not passed."""
    risk = view.situation.delay_risk()
    if risk is None:
        return Finding()
    threshold = view.policy.threshold(view.situation.progress.stage)
    if view.is_open:
        return replace(_told(view, "delay.predicted", risk), recovers=risk <= threshold.recover_at)
    if risk >= threshold.open_at and not view.situation.is_dark:
        return _told(view, "delay.predicted", risk)
    return Finding()


def _told(view: View, type_: str, probability: float) -> Finding:
    return Finding(type_, probability=probability, by=view.situation.dates(view.policy.stated_level).by)


def _outcome(situation: Situation, promised_on: date) -> str | None:
    if situation.over != "delivered" or situation.progress.ended_at is None:
        return situation.over
    came_on = local_date(situation.progress.ended_at, situation.calendar.time_zone)
    return "delivered_in_time" if came_on <= promised_on else "delivered_late"
