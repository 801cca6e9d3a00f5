"""Until when the same question has the same answer."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from parcelcast.calendar import zone
from serving.promises.cart import Cart

_HOUR = timedelta(hours=1)


def valid_until(cart: Cart, now: datetime) -> datetime:
    """Return the next instant at which an order placed now could be answered otherwise.

    That is the next cut-off of any candidate origin, or the next full local hour of an origin or the destination:
    forecasts know the local hour and date of the order, and nothing finer.
    """
    cutoffs = [origin.calendar.next_cutoff(now) for origin in cart.origins.values()]
    zones = {origin.calendar.time_zone for origin in cart.origins.values()}
    zones |= {origin.place.time_zone for origin in cart.origins.values()} | {cart.destination.time_zone, "UTC"}
    return min([*cutoffs, *_next_hours(now, zones)])


def _next_hours(now: datetime, zones: Iterable[str]) -> Iterable[datetime]:
    for name in zones:
        local = now.astimezone(zone(name))
        into_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        # In absolute time: around a clock change, adding to the local time would not be an hour.
        yield now + (_HOUR - into_hour)
