"""The other incidents: late dispatch, silence that means something, failed attempts, pickup deadlines, returns."""

from datetime import date, datetime, timedelta

from parcelcast.alerts.finding import Finding, View
from parcelcast.alerts.incident import Incident
from parcelcast.alerts.policy import AlertPolicy
from parcelcast.alerts.situation import Situation
from parcelcast.calendar import local_date, midnight
from parcelcast.eta import Silence

# A carrier that tells one of these will not bring the parcel unless somebody acts.
_UNDELIVERABLE = frozenset({"identification", "incorrect_address", "moved", "not_collected", "payment", "refused"})
_NOT_ON_THE_ROAD = frozenset({"pre_dispatch", "pickup_point"})


def look_for_late_dispatch(view: View) -> Finding:
    """An order that has not left the warehouse after its planned day, and will probably come later than usual."""
    situation = view.situation
    if situation.over is not None:
        return Finding(over=situation.over)
    if situation.progress.dispatched_at is not None:
        return Finding(over="dispatched")
    if situation.planned_dispatch_on is None:
        return Finding()
    days = timedelta(days=1 + view.policy.dispatch_grace_days)
    due = midnight(situation.planned_dispatch_on + days, situation.origin_time_zone)
    if view.now < due:
        return Finding(look_again=due)
    probability = situation.later_than_usual()
    is_probable = probability is not None and probability >= view.policy.dispatch_at and not situation.is_dark
    is_late = is_probable or _merchant_says_so(situation)
    return Finding("dispatch.late" if is_late else None, probability=probability)


def _merchant_says_so(situation: Situation) -> bool:
    trouble = situation.progress.trouble
    return trouble is not None and trouble.party == "merchant"


def look_for_stall(view: View) -> Finding:
    """A parcel on the road that has not moved for days, and probably comes later than usual or never."""
    situation = view.situation
    if situation.over is not None:
        return Finding(over=situation.over)
    if situation.progress.stage == "lost_suspected":
        return Finding("shipment.lost_suspected")  # the carrier says so: no probability of ours
    if _was_admitted(view.last):
        return Finding(over="moved" if view.has_moved else "corrected")
    silence = situation.eta.silence if situation.eta is not None else None
    move = situation.last_move
    if move is None or situation.is_dark or situation.progress.stage in _NOT_ON_THE_ROAD:
        return Finding(over="moved" if view.has_moved else None)
    calendar, days = situation.calendar, view.policy.stall_quiet_days
    # Whole days: that of the last scan is none, however early it was.
    quiet_on = calendar.add_working_days(local_date(move.happened_at, calendar.time_zone), days + 1)
    if view.today < quiet_on:
        return Finding(over="moved" if view.has_moved else None, look_again=midnight(quiet_on, calendar.time_zone))
    return Finding() if silence is None else _silent(silence, view.policy)


def _was_admitted(last: Incident | None) -> bool:
    """Whether the carrier itself has told of the loss that stands."""
    return last is not None and last.is_open and last.type == "shipment.lost_suspected" and last.probability is None


def _silent(silence: Silence, policy: AlertPolicy) -> Finding:
    if silence.lost >= policy.lost_at:
        return Finding("shipment.lost_suspected", probability=silence.lost)
    probability = silence.stuck + silence.lost
    return Finding("shipment.stalled" if probability >= policy.stall_at else None, probability=probability)


def look_for_attempts(view: View) -> Finding:
    """A delivery to the shopper that failed; told again with each further one, over if the carrier corrects it."""
    progress = view.situation.progress
    if view.situation.over is not None:
        return Finding(over=view.situation.over)
    if progress.stage == "pickup_point":
        return Finding(over="at_pickup_point")
    if not progress.attempts:
        return Finding(over="corrected")
    return Finding("delivery.attempt_failed" if progress.stage == "attempted" else None, step=progress.attempts)


def look_for_pickup(view: View) -> Finding:
    """A parcel whose days at the pickup point are nearly over; told again at each of the policy's reminders.

    A last day that is put off has reminders of its own.
    """
    over = view.situation.over
    if over is not None:
        return Finding(over="collected" if over == "delivered" else over)
    until = pickup_until(view)
    if until is None:
        return Finding(over="moved")
    if _is_put_off(view, until):
        return Finding(over="extended")
    days_left, reminders = (until - view.today).days, view.policy.pickup_reminder_days
    due = sum(days_left <= days for days in reminders)
    next_one = max((days for days in reminders if days < days_left), default=None)
    look_again = None if next_one is None else _midnight_of(view, until - timedelta(days=next_one))
    return Finding("pickup.expiring" if due and days_left >= 0 else None, step=due, by=until, look_again=look_again)


def look_for_return(view: View) -> Finding:
    """A parcel that goes back to the shop, or will unless somebody acts."""
    situation, progress = view.situation, view.situation.progress
    if situation.over == "returning":
        is_back = progress.stage == "returned" and _is_return_told(view)
        return Finding(over="returned") if is_back else Finding("return.started")
    if situation.over is not None:
        return Finding(over=situation.over)
    until = pickup_until(view)
    is_undeliverable = progress.trouble is not None and progress.trouble.reason in _UNDELIVERABLE
    is_tried = progress.attempts >= view.policy.return_attempts
    has_failed = is_tried and progress.stage == "attempted"
    is_expired = until is not None and until < view.today
    if is_undeliverable or has_failed or is_expired:
        return Finding("return.risk", by=until if is_expired else None)
    # After so many attempts the next one is part of the same trouble, until it succeeds.
    if view.has_moved and not (is_tried and progress.stage != "pickup_point"):
        return Finding(over="moved")
    if until is None:
        return Finding()
    over = "extended" if _is_put_off(view, until) else None
    return Finding(over=over, look_again=_midnight_of(view, until + timedelta(days=1)))


def _is_return_told(view: View) -> bool:
    """Whether the return was told of, or nobody wants to know."""
    last, is_wanted = view.last, "return.started" in view.policy.types
    is_last = last is not None and last.type == "return.started" and (last.is_open or last.outcome == "returned")
    return is_last or not is_wanted


def _is_put_off(view: View, until: date) -> bool:
    """Whether the last day at the pickup point is later than the one of which the standing incident tells."""
    last = view.last
    return last is not None and last.is_open and last.by is not None and last.by < until


def pickup_until(view: View) -> date | None:
    """Return the last local day at the pickup point; None for a parcel that is at none."""
    situation = view.situation
    since = situation.progress.pickup_since
    if since is None or situation.progress.stage != "pickup_point":
        return None
    if situation.pickup_until is not None:
        return situation.pickup_until
    return local_date(since, situation.calendar.time_zone) + timedelta(days=view.policy.pickup_days)


def _midnight_of(view: View, day: date) -> datetime:
    """Return the instant (UTC) at which a local day begins."""
    return midnight(day, view.situation.calendar.time_zone)
