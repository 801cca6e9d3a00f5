"""From what was seen of parcels to the answers that tell it."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson

from parcelcast.eta import Silence
from parcelcast.ledger import PARTIES
from parcelcast.progress import TimelineEntry
from parcelcast.tracking.orders import order_progress
from parcelcast.tracking.scan import Number
from serving.promises.answers import DestinationAnswer
from serving.shipments.answers import NumberAnswer
from serving.stores.etas import DatesRow
from serving.tracking.answers import (
    AlertSummary,
    DatesAnswer,
    EtaAnswer,
    EventAnswer,
    OrderAnswer,
    PromiseStateAnswer,
    ReasonDays,
    ShipmentAnswer,
    ShipmentSummary,
    SilenceAnswer,
)
from serving.tracking.labels import LABELS
from serving.tracking.reading import Found, FoundOrder, Seen
from serving.worker.stated import Stated

# A doubt of a correction: what it replaces is no scan of the parcel, or not yet.
REPLACES_UNKNOWN = "replaces_unknown"


def shipment_answer(found: Found, now: datetime) -> ShipmentAnswer:
    """Tell everything of one parcel."""
    seen = found.seen
    progress, place = seen.faced.progress, seen.faced.shipment.destination
    scan_ids = {scan.scan_id for scan in seen.faced.parcel.scans}
    return ShipmentAnswer(
        **_summary(seen),
        as_of=now,
        return_stage=progress.return_stage,
        destination=DestinationAnswer(
            country=place.country, region=place.region, time_zone=place.time_zone, precision=place.precision
        ),
        numbers=[answer for number in sorted(seen.faced.parcel.numbers) if (answer := _number(number)) is not None],
        dispatched_at=progress.dispatched_at,
        ended_at=progress.ended_at,
        attempts=progress.attempts,
        pickup_until=seen.faced.parcel.facts.pickup_until,
        timeline=[_event(entry, scan_ids) for entry in progress.timeline],
        history=_history(found.history),
        causes=_reasons(seen.stated.causes),
        alerts=[AlertSummary(**asdict(alert)) for alert in found.alerts],
    )


def order_answer(order_id: str, found: FoundOrder) -> OrderAnswer:
    """Tell of an order by its parcels; those that go back to the shop are not part of what the shopper waits for."""
    awaited = [seen.faced.progress for seen in found.parcels if not seen.faced.parcel.facts.is_return]
    told = order_progress(awaited, more=found.more)
    return OrderAnswer(
        order_id=order_id,
        status=told.status,
        first_delivered_at=told.first_delivered_at,
        all_delivered_at=told.all_delivered_at,
        stages=dict(Counter(seen.stated.stage for seen in found.parcels)),
        shipments=[ShipmentSummary(**_summary(seen)) for seen in found.parcels],
        more=found.more,
    )


def _summary(seen: Seen) -> dict[str, Any]:
    facts, stated = seen.faced.parcel.facts, seen.stated
    return {
        "shipment_id": facts.shipment_id,
        "order_id": facts.order_id,
        "merchant_id": facts.merchant_id,
        "carrier": facts.carrier,
        "service": facts.service,
        "status": stated.status,
        "stage": stated.stage,
        "eta": _eta(stated),
        "promise": PromiseStateAnswer(
            promised_on=facts.promised_on,
            likely=stated.dates.likely,
            slip_days=_days(facts.promised_on, stated.dates.likely),
            delay_risk=_rounded(stated.delay_risk),
        ),
    }


def _eta(stated: Stated) -> EtaAnswer | None:
    dates, silence = stated.dates, stated.silence
    if dates.basis is None:
        return None
    return EtaAnswer(
        as_of=stated.as_of,
        likely=dates.likely,
        earliest=dates.earliest,
        latest=dates.latest,
        percentiles={str(percent): day for percent, day in dates.percentiles.items()},
        silence=None if silence is None else _silence(silence),
        basis=dates.basis,
        model=stated.model_version,
    )


def _silence(silence: Silence) -> SilenceAnswer:
    """Tell four digits that add up to 1 too: what is cut off goes to the largest remainders."""
    exact = {name: 10_000 * share for name, share in asdict(silence).items()}
    told = {name: int(share) for name, share in exact.items()}
    most_cut = sorted(exact, key=lambda name: told[name] - exact[name])
    for name in most_cut[: 10_000 - sum(told.values())]:
        told[name] += 1
    return SilenceAnswer(**{name: share / 10_000 for name, share in told.items()})


def _history(rows: Sequence[DatesRow]) -> list[DatesAnswer]:
    """Tell each change of dates; days are counted from the likely date that was told last before.

    The days of the reasons add up to them; those of the first dates are what had been lost by then against the promise.
    """
    answers = []
    for row in rows:
        reasons = orjson.loads(row.reasons)
        answers.append(
            DatesAnswer(
                as_of=row.as_of,
                stage=row.stage,
                likely=row.likely_on,
                earliest=row.earliest_on,
                latest=row.latest_on,
                delay_risk=_rounded(row.delay_risk),
                days=sum(reasons.values()),
                reasons=_reasons(reasons),
            )
        )
    return answers


def _reasons(days: Mapping[str, int]) -> list[ReasonDays]:
    return [ReasonDays(party=party, days=days[party]) for party in PARTIES if days.get(party)]  # type: ignore[arg-type]


def _event(entry: TimelineEntry, scan_ids: Set[str]) -> EventAnswer:
    scan = entry.scan
    is_lone = scan.replaces is not None and scan.replaces not in scan_ids
    return EventAnswer(
        scan_id=scan.scan_id if scan.scan_id in scan_ids else None,
        local_at=entry.local_at,
        code=scan.code,
        label=LABELS[scan.code],
        reason=scan.reason,
        place=scan.place,
        country=scan.country,
        facility_id=scan.facility_id,
        number=_number(scan.number),
        raw_code=scan.raw_code,
        raw_text=scan.raw_text,
        recorded_at=scan.recorded_at,
        doubts=[*entry.doubts, REPLACES_UNKNOWN] if is_lone else list(entry.doubts),
    )


def _number(number: Number) -> NumberAnswer | None:
    """Tell a number; the one that stands for a parcel's id is not told."""
    if not number.carrier:
        return None
    return NumberAnswer(carrier=number.carrier, tracking_number=number.tracking_number)


def _days(before: date | None, after: date | None) -> int | None:
    return None if before is None or after is None else (after - before).days


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
