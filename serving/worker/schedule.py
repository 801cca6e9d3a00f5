"""When to look at a parcel again, if there is no news until then."""

from datetime import datetime, timedelta
from zlib import crc32

from parcelcast.calendar import day_end, local_date
from serving.worker.look import Faced, Looked, is_awaited

# A country's parcels become due in the first hour of the day, not in its first second.
SPREAD = timedelta(hours=1)
# A parcel of which nothing was heard for so long is given up: it leaves the queue until there is news.
GIVEN_UP_AFTER = timedelta(days=120)
_SOON = timedelta(minutes=1)


def next_look(looked: Looked, wake_at: datetime | None) -> datetime | None:
    """Return when to look again (UTC): after the next midnight at the destination, or at `wake_at` if that is sooner.

    Parcels that nobody waits for are looked at again at `wake_at` alone. None: only news brings the parcel back.
    """
    now = looked.progress.as_of
    wishes = [] if wake_at is None else [max(wake_at, now + _SOON)]
    if is_awaited(looked.progress) and not is_given_up(looked.faced):
        wishes.append(_after_midnight(looked, now))
    return min(wishes, default=None)


def is_given_up(faced: Faced) -> bool:
    """Tell whether GIVEN_UP_AFTER has passed since a parcel was last heard of, and since the last date told of it."""
    facts, time_zone = faced.parcel.facts, faced.calendar.time_zone
    heard_at = max([facts.ordered_at, *(scan.recorded_at for scan in faced.parcel.scans)])
    days = (local_date(heard_at, time_zone), facts.promised_on, faced.shipment.planned_dispatch_on, facts.pickup_until)
    today = local_date(faced.progress.as_of, time_zone)
    return today - max(day for day in days if day is not None) >= GIVEN_UP_AFTER


def _after_midnight(looked: Looked, now: datetime) -> datetime:
    time_zone = looked.faced.calendar.time_zone
    share = crc32(looked.shipment_id.encode(errors="replace")) / 2**32
    return day_end(local_date(now, time_zone), time_zone) + share * SPREAD
