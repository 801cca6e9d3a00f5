"""What was known of parcels at every instant at which somebody would have looked at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from features.landmarks import AssembledLandmarks
from features.orders import Floats, day_of, epoch_day
from models.living.model import LivingModel
from parcelcast.alerts import AlertPolicy, Situation
from parcelcast.alerts.delay import last_chance
from parcelcast.calendar import local_date, midnight
from parcelcast.distribution import DeliveryDistribution
from parcelcast.eta import Eta, silence_of
from parcelcast.progress import Progress, parcel_progress
from parcelcast.tracking.scan import Scan
from pipelines.alerting.parcels import Watched
from pipelines.living.feed import Feed
from pipelines.living.handover import recent_living_balance
from pipelines.living.landmarks import landmarks_of
from pipelines.living.sampling import Chosen
from pipelines.preparation import Prepared

_USUAL = 0.9
_TICK = timedelta(microseconds=1)  # news counts as known right after the instant of its record
_START_OF_DAY = timedelta(minutes=30)  # by then the files of the day before have come
# So long after the promise a parcel is looked at: by then its delay is confirmed.
_DAYS_AFTER = 2
_AT_ONCE = 20_000

# ETAs of parcels (row of the history, instant, progress), in order.
EtaSource = Callable[[Chosen, Sequence[Progress]], list[Eta | None]]


@dataclass(frozen=True)
class Track:
    """A parcel's situations in the order of time; each holds until the next."""

    parcel: Watched
    situations: tuple[Situation, ...]


def tracks_of(parcels: Sequence[Watched], feed: Feed, etas: EtaSource, policies: Sequence[AlertPolicy]) -> list[Track]:
    """Look at each parcel right after all news of it, at the start of each local day and at each policy's last chance.

    Until it is over: its delivery or end was recorded, or two days have passed since the promise.
    """
    tracks: list[Track] = []
    pending: list[tuple[Watched, list[datetime], list[Progress]]] = []
    for parcel, instants, reports in _looks(parcels, feed, policies):
        pending.append((parcel, instants, [parcel_progress(reports, at) for at in instants]))
        if sum(len(one[1]) for one in pending) >= _AT_ONCE:
            tracks += _tracks(pending, etas)
            pending = []
    return tracks + _tracks(pending, etas)


def rolling_etas(model: LivingModel, prepared: Prepared, feed: Feed, start: date, days: int) -> EtaSource:
    """Return the living model's ETAs in a window, with the history and the online correction of their own instants."""
    histories = prepared.sketches.rolling()
    first = epoch_day(start)
    balance = recent_living_balance(model, prepared, feed, first, first + days)

    def etas(chosen: Chosen, progresses: Sequence[Progress]) -> list[Eta | None]:
        assembled = landmarks_of(prepared.history, feed, chosen, histories)
        cdf = model.cdf(assembled, balance.shift(assembled.orders.known_day))
        return _etas(cdf, assembled, progresses)

    return etas


def _etas(cdfs: Floats, assembled: AssembledLandmarks, progresses: Sequence[Progress]) -> list[Eta | None]:
    told = zip(
        progresses,
        assembled.orders.ordered_on.tolist(),
        cdfs,
        assembled.usual_by(_USUAL).tolist(),
        strict=True,
    )
    found: list[Eta | None] = []
    for progress, today, cdf, usual_by in told:
        distribution = DeliveryDistribution.from_cdf(day_of(today), cdf)
        silence = silence_of(distribution, day_of(usual_by))
        found.append(Eta(progress.as_of, progress.stage, distribution, "model", silence))
    return found


def _tracks(pending: Sequence[tuple[Watched, list[datetime], list[Progress]]], etas: EtaSource) -> list[Track]:
    awaited = [
        (parcel, progress) for parcel, _, progresses in pending for progress in progresses if not progress.is_over
    ]
    if not awaited:
        return []
    rows = np.array([parcel.row for parcel, _ in awaited], dtype=np.intp)
    instants = np.array([progress.as_of.replace(tzinfo=None) for _, progress in awaited], dtype="datetime64[us]")
    told = iter(etas(Chosen(rows, instants), [progress for _, progress in awaited]))
    return [
        Track(
            parcel,
            tuple(_situation(parcel, one, None if one.is_over else next(told)) for one in progresses),
        )
        for parcel, _, progresses in pending
    ]


def _situation(parcel: Watched, progress: Progress, eta: Eta | None) -> Situation:
    return Situation(
        parcel.shipment_id,
        parcel.order_id,
        progress,
        eta,
        parcel.calendar,
        promised_on=parcel.promised_on,
        planned_dispatch_on=parcel.planned_dispatch_on,
        origin_time_zone=parcel.origin_time_zone,
        order_value=parcel.order_value,
        currency=parcel.currency,
    )


def _looks(
    parcels: Sequence[Watched], feed: Feed, policies: Sequence[AlertPolicy]
) -> list[tuple[Watched, list[datetime], list[Scan]]]:
    """Return the instants at which each parcel is looked at, and all that was ever reported of it."""
    rows = np.array([parcel.row for parcel in parcels], dtype=np.intp)
    reports = feed.reports(rows)
    order = np.argsort(feed.row, kind="stable")
    first, last = (np.searchsorted(feed.row[order], rows, side=side) for side in ("left", "right"))
    found = []
    for parcel, start, stop in zip(parcels, first.tolist(), last.tolist(), strict=True):
        news = [_aware(at) + _TICK for at in feed.recorded[order[start:stop]]]
        closed = feed.closed[parcel.row]
        end = midnight(parcel.promised_on + timedelta(days=1 + _DAYS_AFTER), parcel.calendar.time_zone)
        end = end if np.isnat(closed) else min(end, _aware(closed) + _TICK)
        found.append((parcel, _instants(parcel, sorted(news), end, policies), reports[parcel.row]))
    return found


def _instants(
    parcel: Watched, news: Sequence[datetime], end: datetime, policies: Sequence[AlertPolicy]
) -> list[datetime]:
    """Return news, starts of days and last chances until the end, in order, each once."""
    time_zone = parcel.calendar.time_zone
    day = local_date(news[0], time_zone) + timedelta(days=1)
    looks = [last_chance(parcel.promised_on, time_zone, policy) for policy in policies]
    while (at := midnight(day, time_zone) + _START_OF_DAY) <= end:
        looks.append(at)
        day += timedelta(days=1)
    return sorted({at for at in (*news, *looks) if news[0] <= at <= end})


def _aware(instant: np.datetime64) -> datetime:
    at: datetime = instant.astype("datetime64[us]").astype(object)
    return at.replace(tzinfo=UTC)
