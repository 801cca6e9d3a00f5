"""All that a decision about alerts looks at: what is known of one parcel at an instant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from parcelcast.calendar import WorkingCalendar, day_end, local_date
from parcelcast.eta import Eta
from parcelcast.progress import Progress
from parcelcast.promise import EARLIEST, LIKELY, named_dates
from parcelcast.tracking.handover import SOURCE as SHOP
from parcelcast.tracking.scan import Scan

LATEST = 0.95
_NO_MOVE = frozenset({"label_created", "exception", "info_only"})


@dataclass(frozen=True, slots=True)
class StatedDates:
    """Dates of an ETA, local to the destination and deliverable; None for one beyond the horizon.

    ``earliest`` and ``latest`` hold nine of ten parcels, ``by`` as many as the policy says.
    """

    earliest: date | None
    likely: date | None
    latest: date | None
    by: date | None


@dataclass(frozen=True)
class Situation:
    """What is known of a parcel at ``progress.as_of``; dates are local to the destination unless said otherwise.

    ``eta`` is None for a parcel that is not awaited, or where nothing could be forecast. ``calendar`` holds the
    carrier's delivery days at the destination and its time zone. ``promised_on`` is what the shopper was told when
    ordering; ``planned_dispatch_on`` is local to the origin; ``pickup_until`` is the last day at the pickup point where
    the carrier told it. ``known_since`` is when we first heard of the parcel, None for the time of the order.
    ``is_given_up`` says that nothing was heard for so long that nobody looks at it any more. ``causes`` are the days by
    party (`parcelcast.ledger.total_days`).
    """

    shipment_id: str
    order_id: str
    progress: Progress
    eta: Eta | None
    calendar: WorkingCalendar
    promised_on: date | None = None
    merchant_id: str | None = None
    planned_dispatch_on: date | None = None
    origin_time_zone: str = "UTC"
    pickup_until: date | None = None
    order_value: float | None = None
    currency: str | None = None
    locale: str | None = None
    is_return: bool = False
    is_given_up: bool = False
    known_since: datetime | None = None
    causes: Mapping[str, int] = field(default_factory=dict)

    @property
    def over(self) -> str | None:
        """Why the shopper waits no more: delivered, returning, cancelled, given_up; None while somebody does."""
        if self.progress.status == "cancelled":
            return "cancelled"
        if self.progress.stage in {"returning", "returned"}:
            return "returning"
        if self.progress.stage == "delivered":
            return "delivered"
        return "given_up" if self.is_given_up else None

    @property
    def last_move(self) -> Scan | None:
        """The last scan that moved the parcel; a label, an exception or a mere message is none."""
        return next(self._moves(), None)

    @property
    def is_dark(self) -> bool:
        """Whether no carrier has scanned it yet and no model has learned what that means: silence that says nothing.

        The shop's own word that it left is no scan: where the carrier tells nothing after it, nothing is known.
        """
        is_scanned = any(scan.source != SHOP for scan in self._moves())
        return not is_scanned and (self.eta is None or self.eta.basis != "model")

    def _moves(self) -> Iterator[Scan]:
        """Yield the scans that moved the parcel, the last one first."""
        scans = (entry.scan for entry in reversed(self.progress.timeline))
        return (scan for scan in scans if scan.code not in _NO_MOVE)

    @property
    def promise_ends_at(self) -> datetime | None:
        """End (UTC) of the promised local day."""
        if self.promised_on is None:
            return None
        return day_end(self.promised_on, self.calendar.time_zone)

    def today(self, now: datetime) -> date:
        """Local date at the destination."""
        return local_date(now, self.calendar.time_zone)

    def later_than_usual(self) -> float | None:
        """P(the silence is more than a missing scan): stuck or lost; None when the ETA does not tell."""
        silence = self.eta.silence if self.eta is not None else None
        return None if silence is None else silence.stuck + silence.lost

    def delay_risk(self) -> float | None:
        """P(delivered after the promise); None without a promise or an ETA."""
        if self.eta is None or self.promised_on is None:
            return None
        return self.eta.delay_risk(self.promised_on)

    def dates(self, level: float) -> StatedDates:
        """Dates to tell, ``by`` with that probability."""
        if self.eta is None:
            return StatedDates(None, None, None, None)
        told = self.eta.distribution
        return StatedDates(*named_dates(told, (EARLIEST, LIKELY, LATEST, level), self.calendar, told.anchor))
