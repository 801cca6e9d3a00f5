"""How good alerts were: right, early, and how many. The same figures for the machine and for simple rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from parcelcast.calendar import day_end
from pipelines.alerting.parcels import Watched
from pipelines.alerting.replay import Replayed

LEAD = timedelta(hours=24)
_NOT_IN_TIME = frozenset({"delay.predicted", "return.started", "shipment.lost_suspected"})


@dataclass(frozen=True)
class Warned:
    """When somebody was told that a parcel would not come in time: from and until when each alert stood (None: stands).

    ``predicted`` are those of before the end of the promised day, in order; ``retractions`` of them were taken back.
    ``is_told`` says whether anybody was told at all, a delay that was confirmed counts.
    """

    parcel: Watched
    predicted: tuple[tuple[datetime, datetime | None], ...]
    retractions: int
    is_told: bool
    most_open: int = 1

    @property
    def promise_ends_at(self) -> datetime:
        """End (UTC) of the promised local day."""
        return promise_ends_at(self.parcel)

    @property
    def first_at(self) -> datetime | None:
        """When the first delay was predicted."""
        return self.predicted[0][0] if self.predicted else None

    def is_early(self, lead: timedelta) -> bool:
        """Whether a delay was predicted at least so long before the end of the promised day."""
        return self.first_at is not None and self.first_at <= self.promise_ends_at - lead

    def stands(self, lead: timedelta) -> bool:
        """Whether an alert stood so long before the end of the promised day, not taken back by then."""
        at = self.promise_ends_at - lead
        return any(start <= at and (end is None or end > at) for start, end in self.predicted)


@dataclass(frozen=True)
class Figures:
    """Figures of alerts on so many parcels, of which ``late`` came after the promise or never.

    ``early`` parcels had a delay predicted at least the lead time before the end of the promised day, ``early_right``
    of them were late; of ``caught`` late parcels an alert stood at that time. ``predicted`` and ``right`` are the same
    at any time before the end of the promised day. ``told`` late parcels had any alert, a confirmed one counts.
    ``lead_hours`` is the median of right predictions. The other counts are those of alerts.
    """

    parcels: int
    late: int
    early: int
    early_right: int
    caught: int
    predicted: int
    right: int
    told: int
    lead_hours: float
    alerts: int
    retractions: int
    most_open: int

    @property
    def precision(self) -> float:
        """Share of early alerts that were right; NaN without one."""
        return _share(self.early_right, self.early)

    @property
    def recall(self) -> float:
        """Share of late parcels of which an alert stood at the lead time; NaN without a late one."""
        return _share(self.caught, self.late)

    @property
    def precision_at_any_time(self) -> float:
        """Share of all predictions that were right; NaN without one."""
        return _share(self.right, self.predicted)


def figures(warned: Sequence[Warned], lead: timedelta = LEAD) -> Figures:
    """Count over all parcels of a window, those of which nothing was told too."""
    early = [one for one in warned if one.is_early(lead)]
    predicted = [one for one in warned if one.predicted]
    late = [one for one in warned if one.parcel.is_late]
    leads = [(one.promise_ends_at - one.first_at) / timedelta(hours=1) for one in late if one.first_at is not None]
    return Figures(
        parcels=len(warned),
        late=len(late),
        early=len(early),
        early_right=sum(one.parcel.is_late for one in early),
        caught=sum(one.stands(lead) for one in late),
        predicted=len(predicted),
        right=len(leads),
        told=sum(one.is_told for one in late),
        lead_hours=median(leads) if leads else float("nan"),
        alerts=sum(len(one.predicted) for one in warned),
        retractions=sum(one.retractions for one in warned),
        most_open=max((one.most_open for one in warned), default=0),
    )


def warned_by_machine(replays: Iterable[Replayed]) -> list[Warned]:
    """Read the delays that were told out of replays."""
    return [_warned(one) for one in replays]


def _warned(told: Replayed) -> Warned:
    """A delay that was predicted, a return that began and a loss that is suspected all say the same of the promise."""
    spans: dict[str, tuple[datetime, datetime | None]] = {}
    for at, change in told.changes:
        key = change.incident.key
        if change.type in _NOT_IN_TIME and key not in spans:
            spans[key] = (at, None)
        elif not change.incident.is_open and key in spans:
            spans[key] = (spans[key][0], at)
    ends_at = promise_ends_at(told.parcel)
    return Warned(
        told.parcel,
        tuple(sorted((span for span in spans.values() if span[0] < ends_at), key=lambda span: span[0])),
        sum(change.kind == "retract" for _, change in told.changes),
        any(change.type in {*_NOT_IN_TIME, "delay.confirmed"} for _, change in told.changes),
        told.most_open,
    )


def promise_ends_at(parcel: Watched) -> datetime:
    """Return the end (UTC) of the promised local day."""
    return day_end(parcel.promised_on, parcel.calendar.time_zone)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
