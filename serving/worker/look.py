"""Looking at parcels: how far they have come, when they come, and why that changed. Nothing is kept here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from parcelcast.calendar import WorkingCalendar, local_date
from parcelcast.errors import ParcelcastError
from parcelcast.eta import Eta, Underway
from parcelcast.ledger import PARTIES, DateChange, Statement, date_change, statement, total_days, warehouse_days_anew
from parcelcast.peers import cohort_of
from parcelcast.progress import Progress, parcel_progress
from parcelcast.shipment import Carrier, Shipment
from parcelcast.tracking.handover import SOURCE as SHOP
from parcelcast.tracking.handover import handover_report
from parcelcast.tracking.scan import Scan
from serving.bundle_sources import ServingBundle
from serving.shipments.resolve import shipment_of
from serving.stores.parcels import StoredParcel
from serving.worker.peers import PeerDesk
from serving.worker.stated import Dates, Stated, dates_of

# Between an instant and what was recorded before it.
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Faced:
    """A parcel as the bundle knows it, and how far it has come; `calendar` holds its carrier's delivery days."""

    parcel: StoredParcel
    shipment: Shipment
    progress: Progress
    calendar: WorkingCalendar


@dataclass(frozen=True)
class Looked:
    """What was found: ``change`` of the likely date or of its causes; ``is_new`` when it, or any date, is new."""

    faced: Faced
    eta: Eta | None
    stated: Stated
    change: DateChange | None
    is_new: bool

    @property
    def shipment_id(self) -> str:
        """The parcel's id."""
        return self.faced.parcel.facts.shipment_id

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return self.faced.progress


def look_at(
    parcels: Sequence[tuple[StoredParcel, Stated | None]], bundle: ServingBundle, peers: PeerDesk, now: datetime
) -> list[Looked]:
    """Look at parcels, each with what was said of it last; all forecasts in one batch.

    A parcel is seen as of ``now`` (UTC), or right after the newest thing known of it: another computer's clock may be
    ahead of this one's, and what is known must not be passed over.
    """
    faced = [face(parcel, bundle, now) for parcel, _ in parcels]
    etas = _etas(faced, bundle, peers, now)
    return [_looked(one, eta, last, bundle.version) for one, eta, (_, last) in zip(faced, etas, parcels, strict=True)]


def face(parcel: StoredParcel, bundle: ServingBundle, now: datetime) -> Faced:
    """See how far a parcel has come, as of when `look_at` sees it."""
    facts = parcel.facts
    shipment = shipment_of(facts, bundle)
    scans = [*parcel.scans, *_told_by_the_shop(parcel)]
    known_at = [scan.recorded_at for scan in scans] + [link.recorded_at for link in parcel.links]
    progress = parcel_progress(
        scans,
        max([now, *(at + _MOMENT for at in known_at)]),
        links=parcel.links,
        since=facts.ordered_at,
        is_return=facts.is_return,
        time_zones=_clocks(shipment),
    )
    carrier = bundle.carriers.get(shipment.carrier or "") or Carrier(shipment.carrier or "")
    return Faced(parcel, shipment, progress, carrier.delivery_calendar(shipment.destination))


def _clocks(shipment: Shipment) -> dict[str, str]:
    """Return the clock of each country that is known; scans that tell none are shown on the destination's."""
    origin, destination = shipment.origin, shipment.destination
    return {
        SHOP: origin.calendar.time_zone,
        origin.place.country: origin.place.time_zone,
        destination.country: destination.time_zone,
        "": destination.time_zone,
    }


def _told_by_the_shop(parcel: StoredParcel) -> list[Scan]:
    """Return the shop's own word that the carrier has the parcel, where it gave one."""
    facts = parcel.facts
    if facts.dispatched_at is None or facts.dispatched_recorded_at is None:
        return []
    return [handover_report(*parcel.numbers[0], facts.dispatched_at, facts.dispatched_recorded_at)]


def _etas(faced: Sequence[Faced], bundle: ServingBundle, peers: PeerDesk, now: datetime) -> list[Eta | None]:
    """Forecast the parcels that somebody waits for."""
    awaited = [one for one in faced if is_awaited(one.progress)]
    beside = peers.count([cohort_of(one.progress) for one in awaited], now)
    told = bundle.living.etas(
        [Underway(one.shipment, one.progress, others) for one, others in zip(awaited, beside, strict=True)]
    )
    if len(told) != len(awaited):
        raise ParcelcastError(f"got {len(told)} ETAs for {len(awaited)} parcels; expected one for each")
    coming = iter(told)
    return [next(coming) if is_awaited(one.progress) else None for one in faced]


def _promised(faced: Faced, said: Statement | None) -> Statement | None:
    """Return what was said before a look named the first date: the promise, where it would not hold by then; None else.

    So a parcel that was told of late has the days since its order explained too.
    """
    facts = faced.parcel.facts
    if said is None or facts.promised_on is None or said.likely <= facts.promised_on:
        return None
    return Statement(facts.ordered_at, facts.promised_on)


def is_awaited(progress: Progress) -> bool:
    """Tell whether a parcel is still to come to its shopper."""
    return not progress.is_over and progress.stage != "returning"


def _looked(faced: Faced, eta: Eta | None, last: Stated | None, version: str) -> Looked:
    progress, calendar = faced.progress, faced.calendar
    dates = dates_of(progress, eta, calendar)
    promised_on = faced.parcel.facts.promised_on
    said = statement(progress, eta, calendar)
    before = _promised(faced, said) if last is None or last.statement is None else last.statement
    change = None if before is None or said is None else date_change(before, said, progress, calendar)
    if last is not None and (moved := _left_earlier(faced, last)) is not None:
        change = moved if change is None else replace(change, days=total_days([moved, change]))
    is_new = change is not None or dates.window != (Dates() if last is None else last.dates).window
    causes = {} if last is None else dict(last.causes)
    for party, days in ({} if change is None else change.days).items():
        causes[party] = causes.get(party, 0) + days
    stated = Stated(
        as_of=progress.as_of,
        status=progress.status,
        stage=progress.stage,
        dates=dates,
        model_version=version,
        delay_risk=None if eta is None or promised_on is None else eta.delay_risk(promised_on),
        silence=None if eta is None else eta.silence,
        statement=said or before,
        causes={party: causes[party] for party in PARTIES if causes.get(party)},
        number=(0 if last is None else last.number) + is_new,
        arrived_on=None if progress.arrived_at is None else local_date(progress.arrived_at, calendar.time_zone),
        dispatched_on=_dispatched_on(faced),
        attempts=progress.attempts,
    )
    return Looked(faced, eta, stated, change, is_new)


def _left_earlier(faced: Faced, last: Stated) -> DateChange | None:
    """Blame the warehouse no more for days in which the carrier had the parcel, now that its first word tells so."""
    said, days = last.statement, last.causes.get("warehouse", 0)
    dispatched_at = faced.progress.dispatched_at
    if last.stage != "pre_dispatch" or said is None or days <= 0:
        return None
    if dispatched_at is None or dispatched_at >= said.as_of:
        return None
    moved = warehouse_days_anew(days, faced.parcel.facts.ordered_at, said, faced.progress)
    return DateChange(faced.progress.as_of, said.likely, said.likely, moved) if moved else None


def _dispatched_on(faced: Faced) -> date | None:
    """Return the day of the first sign of the carrier; an arrival as the first sign tells nothing of the dispatch."""
    dispatched_at = faced.progress.dispatched_at
    if dispatched_at is None or dispatched_at == faced.progress.arrived_at:
        return None
    return local_date(dispatched_at, faced.shipment.origin.calendar.time_zone)
