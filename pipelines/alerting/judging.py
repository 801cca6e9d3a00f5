"""How good alerts were: right, early, and how many. The same figures for the machine and for simple rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from parcelcast.calendar import midnight
from pipelines.alerting.parcels import Watched
from pipelines.alerting.replay import Replayed

LEAD = timedelta(hours=24)


@dataclass(frozen=True)
class Warned:
    """When a delay was told of a parcel: the instants from and until which each alert stood, None for one that stands.

    ``predicted`` are those that were opened before the end of the promised day; ``retractions`` of them were taken
    back. ``is_told`` says whether anybody was told of a delay at all, a confirmed one counts.
    """

    parcel: Watched
    predicted: tuple[tuple[datetime, datetime | None], ...]
    retractions: int
    is_told: bool
    most_open: int = 1

    @property
    def promise_ends_at(self) -> datetime:
        """End (UTC) of the promised local day."""
        return midnight(self.parcel.promised_on + timedelta(days=1), self.parcel.calendar.time_zone)

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
    spans: list[tuple[datetime, datetime | None]] = []
    retractions = 0
    is_told = False
    for at, change in told.changes:
        if change.incident.family != "delay":
            continue
        is_told = True
        if (change.kind, change.type) == ("open", "delay.predicted"):
            spans.append((at, None))
        elif change.kind == "retract":
            spans[-1] = (spans[-1][0], at)
            retractions += 1
    return Warned(told.parcel, tuple(spans), retractions, is_told, told.most_open)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
