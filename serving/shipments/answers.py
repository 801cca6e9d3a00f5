"""What a shop gets back for its parcels."""

from datetime import date, datetime

from pydantic import ConfigDict, Field, JsonValue

from serving.promises.answers import Said
from serving.stores.parcels import Registered

EXAMPLE: dict[str, JsonValue] = {
    "shipment_id": "S-2026-104-1",
    "order_id": "2026-104",
    "registered_at": "2026-11-23T09:02:12.204117Z",
    "promised_on": "2026-11-26",
    "numbers": [{"carrier": "kranich", "tracking_number": "KR01596812"}],
}


class NumberAnswer(Said):
    """A tracking number, as it is compared."""

    carrier: str
    tracking_number: str


class ParcelAnswer(Said):
    """A parcel as it is kept now; the same parcel told again has the same answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    shipment_id: str
    order_id: str
    registered_at: datetime = Field(description="when it was first told (UTC)")
    promised_on: date | None
    numbers: list[NumberAnswer]

    @classmethod
    def of(cls, parcel: Registered) -> "ParcelAnswer":
        """Return the answer for a registered parcel."""
        return cls(
            shipment_id=parcel.facts.shipment_id,
            order_id=parcel.facts.order_id,
            registered_at=parcel.registered_at,
            promised_on=parcel.facts.promised_on,
            numbers=[
                NumberAnswer(carrier=number.carrier, tracking_number=number.tracking_number)
                for number in sorted(parcel.numbers)
                if number.carrier  # the one without stands for the id
            ],
        )
