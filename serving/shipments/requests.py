"""What a shop tells of its parcels: the request body of `POST /v1/shipments`, with every limit in one place."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

from parcelcast.codes.carriers import carrier_of
from parcelcast.tracking.scan import Number
from serving.problems import MANY, ONE
from serving.promises.requests import (
    MAX_WEIGHT_G,
    Day,
    Days,
    DeliveryMode,
    Destination,
    Instant,
    Millimetres,
    Money,
    Name,
    Quantity,
    Strictly,
)
from serving.scans.rows import Visible
from serving.stores.parcels import NewParcel

MAX_PARCELS = 500
MAX_NUMBERS = 10
MAX_BODY_BYTES = 1_048_576

EXAMPLE: dict[str, JsonValue] = {
    "shipment_id": "S-2026-104-1",
    "order_id": "2026-104",
    "carrier": "kranich",
    "service": "standard",
    "tracking_numbers": [{"tracking_number": "KR 0159 6812"}],
    "origin_id": "wh-leipzig",
    "destination": {"country": "DE", "postal_code": "80331"},
    "ordered_at": "2026-11-23T10:02:11+01:00",
    "promised_on": "2026-11-26",
    "order_value": 129.9,
    "currency": "EUR",
    "locale": "de-DE",
}
EXAMPLES: list[JsonValue] = [
    EXAMPLE,
    {
        **EXAMPLE,
        "destination": {"country": "AT", "postal_code": "1010"},
        "tracking_numbers": [
            {
                "tracking_number": "KR01596813",
                "continues_as": {"carrier": "post_at", "tracking_number": "AT770012345"},
            }
        ],
        "dispatched_at": "2026-11-23T17:40:00+01:00",
    },
]


class NextNumber(Strictly):
    """The number under which a parcel travels on."""

    tracking_number: Visible
    carrier: Visible


class WithdrawnNumber(Strictly):
    """A number that is not on the parcel."""

    tracking_number: Visible
    carrier: Visible | None = Field(default=None, description="default: the parcel's")


class TrackingNumber(Strictly):
    """A number on the parcel, and the one that follows it across a border or at another carrier."""

    tracking_number: Visible
    carrier: Visible | None = Field(default=None, description="default: the parcel's")
    continues_as: NextNumber | None = None


class ParcelRequest(Strictly):
    """One parcel. What is left out or null stays as it was told before. No names, no street addresses."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    shipment_id: Name
    order_id: Name
    destination: Destination
    ordered_at: Instant = Field(description="with an offset")
    merchant_id: Name | None = Field(default=None, description="default: default")
    carrier: Visible | None = None
    service: Name | None = None
    tracking_numbers: list[TrackingNumber] = Field(
        default=[], max_length=MAX_NUMBERS, description="added to those that were told before"
    )
    withdrawn_numbers: list[WithdrawnNumber] = Field(
        default=[], max_length=MAX_NUMBERS, description="told before by mistake; what was scanned under them goes too"
    )
    delivery_mode: DeliveryMode | None = Field(default=None, description="default: home")
    origin_id: Name | None = None
    origin_country: str | None = Field(
        default=None, pattern=r"^[A-Za-z]{2}$", max_length=2, description="of an origin that the server does not know"
    )
    origin_postal_code: str | None = Field(default=None, max_length=16)
    promised_on: Day | None = Field(default=None, description="local date at the destination that the shopper was told")
    promise_id: Annotated[str, Field(max_length=26, pattern="^[0-9A-Za-z]{26}$")] | None = Field(
        default=None, description="in place of promised_on: the promise whose option has this carrier and service"
    )
    carrier_promised_on: Day | None = Field(default=None, description="the carrier's own date")
    pickup_until: Day | None = Field(default=None, description="last day at the pickup point, where it is known")
    planned_dispatch_on: Day | None = Field(
        default=None,
        description="local date at the origin on which the shop planned to dispatch when the order came; counts as "
        "the day of the order at the earliest and as the 90th after it at the latest; default: by its calendar",
    )
    ready_at: Instant | None = Field(default=None, description="packed and labelled")
    dispatched_at: Instant | None = Field(default=None, description="handed to the carrier")
    quoted_transit_days: float | None = Field(
        default=None, ge=0, le=90, description="the carrier's quote in deliverable days after dispatch"
    )
    handling_limit_days: Days | None = Field(
        default=None, description="working days within which the seller says it dispatches at the latest"
    )
    weight_g: float | None = Field(default=None, ge=0, le=MAX_WEIGHT_G, description="in grams")
    length_mm: Millimetres | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    item_count: Quantity | None = None
    item_category: Name | None = None
    order_value: Money | None = Field(default=None, description="in `currency`")
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$", max_length=3)
    freight_cost: Money | None = Field(default=None, description="in `currency`")
    payment_method: Name | None = None
    locale: str | None = Field(default=None, max_length=35, description="BCP 47: the shopper's language")
    is_return: bool | None = Field(default=None, description="it goes to the shop, not to the shopper")

    @model_validator(mode="after")
    def _numbers_have_carriers(self) -> Self:
        told: list[TrackingNumber | WithdrawnNumber] = [*self.tracking_numbers, *self.withdrawn_numbers]
        if self.carrier is None and any(one.carrier is None for one in told):
            raise ValueError("a tracking number without a carrier; expected one beside it, or the parcel's")
        parcel = self.parcel()
        if not parcel.all_numbers.keys().isdisjoint(parcel.withdrawn):
            raise ValueError("a number in tracking_numbers and in withdrawn_numbers; expected it in one of them")
        return self

    def parcel(self) -> NewParcel:
        """Return what is to be kept of it. The promise is not looked up here."""
        fields = type(self).model_fields.keys() - {"destination", "tracking_numbers", "withdrawn_numbers"}
        told = {name: value for name in fields if (value := getattr(self, name)) is not None}
        told |= {f"destination_{name}": value for name, value in self.destination.model_dump().items() if value}
        numbers, links = [], []
        for one in self.tracking_numbers:
            number = self._number(one)
            numbers.append(number)
            if (then := one.continues_as) is not None:
                links.append((number, Number.of(carrier_of(then.carrier), then.tracking_number)))
        withdrawn = tuple(self._number(one) for one in self.withdrawn_numbers)
        return NewParcel(told, tuple(numbers), tuple(links), withdrawn)

    def _number(self, one: TrackingNumber | WithdrawnNumber) -> Number:
        return Number.of(carrier_of(one.carrier or self.carrier or ""), one.tracking_number)


def _kind(body: Any) -> str:
    return MANY if isinstance(body, list) else ONE


ParcelsRequest = Annotated[
    Annotated[ParcelRequest, Tag(ONE)]
    | Annotated[list[ParcelRequest], Field(min_length=1, max_length=MAX_PARCELS), Tag(MANY)],
    Discriminator(_kind),
]
