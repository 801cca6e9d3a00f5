"""What is told of a parcel. Dates are local to the destination, instants UTC, unless a field says otherwise."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from parcelcast.progress import STAGES
from parcelcast.scan import CODES
from parcelcast.tables import STATUSES
from parcelcast.tracking.orders import ORDER_STATUSES
from serving.promises.answers import DestinationAnswer, Said
from serving.shipments.answers import NumberAnswer

Basis = Literal["model", "lane_history", "carrier_quote", "policy"]


class SilenceAnswer(Said):
    """What it may mean that nobody scanned the parcel; the three add up to 1."""

    unscanned: float = Field(description="it moves as usual, only nobody scanned it")
    stuck: float = Field(description="it comes, but later than such parcels usually do")
    lost: float = Field(description="it does not come")


class EtaAnswer(Said):
    """When the parcel comes; null for a date that nobody can name."""

    as_of: datetime
    likely: date | None
    earliest: date | None = Field(description="nine of ten such parcels come from here")
    latest: date | None = Field(description="to here")
    percentiles: dict[str, date | None]
    silence: SilenceAnswer | None
    basis: Basis
    model: str = Field(description="version of the model that said so")


class PromiseStateAnswer(Said):
    """The promise of order time, and what has become of it."""

    promised_on: date | None
    likely: date | None = Field(description="of a delivered parcel, the day on which it came")
    slip_days: int | None = Field(description="days from `promised_on` to `likely`; negative is earlier")
    delay_risk: float | None = Field(description="probability of a delivery after `promised_on`; null once it is over")


class ReasonDays(Said):
    """Days that one party accounts for; negative days were gained."""

    party: Literal["warehouse", "carrier", "customs", "weather", "holiday", "recipient"]
    days: int


class DatesAnswer(Said):
    """The dates that were told from `as_of` on."""

    as_of: datetime
    stage: str = Field(json_schema_extra={"enum": list(STAGES)})
    likely: date | None
    earliest: date | None
    latest: date | None
    delay_risk: float | None
    days: int = Field(
        description="change of `likely` since it was told before, of the first dates since the promise where "
        "that would not hold; the days of `reasons` add up to it"
    )
    reasons: list[ReasonDays]


class EventAnswer(Said):
    """A scan, on the clock of the place where it happened."""

    scan_id: str | None = Field(description="what `replaces` of a correction names; null for the shop's own dispatch")
    local_at: datetime = Field(
        description="with the offset of the place, or of its country where nobody told it; UTC where neither is known"
    )
    code: str = Field(json_schema_extra={"enum": list(CODES)})
    label: str
    reason: str | None
    place: str | None
    country: str | None
    facility_id: str | None
    number: NumberAnswer | None = Field(description="under which it was told; null when by the shipment's id")
    raw_code: str | None
    raw_text: str | None
    recorded_at: datetime = Field(description="when we learned of it")
    doubts: list[str] = Field(
        description="what is wrong with its time; `replaces_unknown` corrects a scan that this parcel does not have"
    )


class AlertSummary(Said):
    """An alert that stands."""

    alert_id: str
    type: str
    revision: int
    opened_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None


class ShipmentSummary(Said):
    """A parcel in a few words."""

    shipment_id: str
    order_id: str
    merchant_id: str
    carrier: str | None
    service: str | None
    status: str = Field(json_schema_extra={"enum": list(STATUSES)})
    stage: str = Field(json_schema_extra={"enum": list(STAGES)})
    eta: EtaAnswer | None = Field(description="null for a parcel that is not awaited any more")
    promise: PromiseStateAnswer


class ShipmentAnswer(ShipmentSummary):
    """Everything that is known of a parcel as of now."""

    as_of: datetime
    return_stage: str | None = Field(description="of a parcel that goes back after it was delivered")
    destination: DestinationAnswer
    numbers: list[NumberAnswer]
    dispatched_at: datetime | None
    ended_at: datetime | None = Field(description="when it was delivered or came back")
    attempts: int = Field(description="deliveries that failed")
    pickup_until: date | None = Field(description="last day at the pickup point, where it was told")
    timeline: list[EventAnswer] = Field(description="in the order in which it happened")
    history: list[DatesAnswer] = Field(description="each time that the dates changed, or whose days they are")
    causes: list[ReasonDays] = Field(description="the reasons of the whole history, added up")
    alerts: list[AlertSummary] = Field(description="those that are open")


class OrderAnswer(Said):
    """An order in its parcels."""

    order_id: str
    status: str = Field(json_schema_extra={"enum": list(ORDER_STATUSES)})
    first_delivered_at: datetime | None
    all_delivered_at: datetime | None
    stages: dict[str, int] = Field(description="number of parcels by stage")
    shipments: list[ShipmentSummary]
    more: bool = Field(
        description="it has parcels that are not told; they count as ordered in its status, and not in `stages`"
    )
