"""Delays: the promise will probably not hold, or has not held."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from parcelcast.alerts.finding import Finding, View
from parcelcast.alerts.incident import Incident
from parcelcast.alerts.policy import AlertPolicy, hours
from parcelcast.alerts.situation import Situation
from parcelcast.calendar import day_end, local_date

# Time enough to decide on all parcels of a day before the lead time or the quiet hours begin.
_LAST_CHANCE = timedelta(minutes=30)


def look_for_delay(view: View) -> Finding:
    """Predict a delay at a high risk, confirm it when the promise has passed, let it recover at a low risk.

    A parcel at a pickup point has come: what remains is the shopper's. One without a single scan is never late by
    silence alone: only a model that has learned what silence means may predict or confirm its delay. One that was told
    of when its promise had passed gets the same grace as others for its scans to come. Where another date is promised,
    an alert that was told of the one before is over.
    """
    situation = view.situation
    promised_on = situation.promised_on
    if promised_on is None:
        return Finding()
    over = _outcome(view, promised_on)
    if over is not None:
        return Finding(over=over)
    passed_at = day_end(promised_on, situation.calendar.time_zone)
    confirm_at = max(passed_at, situation.known_since or passed_at) + hours(view.policy.confirm_grace_hours)
    if view.now >= confirm_at:
        is_known = view.is_open or not situation.is_dark
        return _told(view, "delay.confirmed", 1.0) if is_known else Finding()
    if view.today > promised_on:
        return Finding(look_again=confirm_at)
    chance = last_chance(promised_on, situation.calendar.time_zone, view.policy)
    found = _predicted(view, promised_on, chance)
    return replace(found, look_again=chance if view.now < chance else confirm_at)


def last_chance(promised_on: date, time_zone: str, policy: AlertPolicy) -> datetime:
    """Return the last instant (UTC) to predict a delay with the policy's lead time.

    That is half an hour before the lead time begins, or the quiet hours in which it would. Until then each hour without
    news tells something, so that what is not sure can wait.
    """
    at = _lead_begins_at(promised_on, time_zone, policy)
    quiet = None if "delay.predicted" in policy.urgent else policy.quiet_hours
    return (at if quiet is None else quiet.begin_before(at, time_zone)) - _LAST_CHANCE


def _lead_begins_at(promised_on: date, time_zone: str, policy: AlertPolicy) -> datetime:
    return day_end(promised_on, time_zone) - hours(policy.lead_hours)


def _predicted(view: View, promised_on: date, chance: datetime) -> Finding:
    """Look at the risk of a parcel whose promise has not passed; `chance` is the last one to predict in time."""
    situation, policy = view.situation, view.policy
    risk = situation.delay_risk()
    if risk is None:
        return Finding()
    threshold = policy.threshold(situation.progress.stage)
    if view.is_open:
        return replace(_told(view, "delay.predicted", risk), recovers=risk <= threshold.recover_at)
    ends_at = _lead_begins_at(promised_on, situation.calendar.time_zone, policy)
    needed = threshold.needed(is_last_chance=chance <= view.now < ends_at)
    if risk >= needed and not situation.is_dark:
        return _told(view, "delay.predicted", risk)
    return Finding()


def _told(view: View, type_: str, probability: float) -> Finding:
    by = view.situation.dates(view.policy.stated_level).by
    return Finding(type_, probability=probability, by=by, has_new_date=_is_told_anew(view, by))


def _is_told_anew(view: View, by: date | None) -> bool:
    """Whether a date has to be told in place of the last one: that has passed, or this one is another by days."""
    last = view.last
    if last is None or by is None or by == last.by:
        return False
    is_past = last.by is not None and last.by < view.today
    has_moved = last.by is None or is_past or abs((by - last.by).days) >= view.policy.update_days
    return has_moved and (_is_heard_of(view.situation, last.updated_at) or _is_twice_as_late(view, last))


def _is_heard_of(situation: Situation, since: datetime) -> bool:
    """Whether the parcel has moved or run into trouble, as was learned since an instant."""
    return any(one is not None and one.recorded_at > since for one in (situation.last_move, situation.progress.trouble))


def _is_twice_as_late(view: View, last: Incident) -> bool:
    """Whether the promise passed so long ago that silence is worth another word: 1, 2, 4, 8, ... days; True before."""
    if last.promised_on is None:
        return True
    told_on = view.situation.today(last.updated_at)
    return (view.today - last.promised_on) >= 2 * (told_on - last.promised_on)


def _outcome(view: View, promised_on: date) -> str | None:
    """Return why there is no delay any more to be told, None while there may be one."""
    situation, last = view.situation, view.last
    if situation.over is None and situation.progress.stage == "pickup_point":
        return "at_pickup_point"
    if situation.over is None and last is not None and last.is_open and last.promised_on not in {None, promised_on}:
        return "promised_anew"
    if situation.over != "delivered" or situation.progress.ended_at is None:
        return situation.over
    came_on = local_date(situation.progress.ended_at, situation.calendar.time_zone)
    return "delivered_in_time" if came_on <= promised_on else "delivered_late"
