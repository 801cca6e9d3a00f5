"""What a shop asks: the request body of `POST /v1/promises`, with every limit in one place."""

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    Strict,
    WithJsonSchema,
)

from parcelcast.calendar import zone
from parcelcast.errors import InputError

MAX_ITEMS = 100
MAX_ORIGINS_PER_ITEM = 16
MAX_ORIGINS = 64
MAX_OPTIONS = 20
MAX_QUANTITY = 1_000
MAX_WEIGHT_G = 2_000_000
MAX_LENGTH_MM = 20_000
MAX_HANDLING_DAYS = 60
YEARS = range(2000, 2100)

Near = TypeVar("Near", bound=date)


def _text(value: Any) -> Any:
    # Pydantic would also read numbers as Unix times; the contract says text.
    if not isinstance(value, str):
        raise ValueError("expected text in ISO 8601")  # noqa: TRY004  # pydantic reports ValueError, not TypeError
    return value


def _near(value: Near) -> Near:
    if value.year not in YEARS:
        raise ValueError(f"expected a year from {YEARS[0]} to {YEARS[-1]}")
    return value


def whole(value: Any) -> Any:
    """Take 2.0 for 2."""
    # JSON knows one kind of number: 2.0 is an integer there.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _known_zone(value: str) -> str:
    try:
        return zone(value).key
    except InputError as error:
        raise ValueError(str(error)) from error


def _weekdays(value: list[int]) -> list[int]:
    return sorted(set(value))


Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Day = Annotated[
    date,
    Strict(strict=False),
    BeforeValidator(_text),
    AfterValidator(_near),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^20[0-9]{2}-"}),
]
Instant = Annotated[
    AwareDatetime,
    Strict(strict=False),
    BeforeValidator(_text),
    AfterValidator(_near),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "^20[0-9]{2}-"}),
]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]
Millimetres = Annotated[float, Field(gt=0, le=MAX_LENGTH_MM)]
Money = Annotated[float, Field(ge=0, le=10_000_000)]
Days = Annotated[int, Field(ge=0, le=MAX_HANDLING_DAYS), BeforeValidator(whole)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY), BeforeValidator(whole)]
Weekday = Annotated[int, Field(ge=0, le=6), BeforeValidator(whole)]
DeliveryMode = Literal["home", "pickup_point", "locker", "two_man", "own_fleet"]


class Strictly(BaseModel):
    """Base of all request parts: no unknown fields, no silent conversions, no NaN or infinity."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Destination(Strictly):
    """Where the order goes. Unknown countries and postal codes are answered too, with wider dates."""

    country: str = Field(pattern=r"^[A-Za-z]{2}$", max_length=2, description="ISO 3166-1 alpha-2", examples=["DE"])
    postal_code: str = Field(default="", max_length=16, examples=["04109"])
    city: str = Field(default="", max_length=100, description="stands in for a postal code that is not known")


class OriginDefinition(Strictly):
    """A warehouse, store or seller that the server's bundle does not know, or whose facts replace the bundle's."""

    id: Name
    country: str = Field(pattern=r"^[A-Za-z]{2}$", max_length=2)
    postal_code: str = Field(default="", max_length=16)
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_known_zone)] | None = Field(
        default=None, description="IANA name; default: that of the postal code", examples=["Europe/Berlin"]
    )
    cutoff: TimeOfDay = Field(default="14:00", description="local time until which an order leaves on the same day")
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7), AfterValidator(_weekdays)] = Field(
        default=[0, 1, 2, 3, 4], description="days on which parcels leave; Monday is 0"
    )
    handling_days: Days = Field(default=0, description="working days between order and dispatch")


class Item(Strictly):
    """One line of the cart."""

    id: Name = Field(default="item", examples=["sneaker-42"])
    quantity: Quantity = 1
    weight_g: float | None = Field(default=None, ge=0, le=MAX_WEIGHT_G, description="of one piece, in grams")
    length_mm: Millimetres | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    category: Name | None = Field(default=None, examples=["shoes"])
    value: Money | None = Field(default=None, description="of one piece, in `currency`")
    handling_days: Days | None = Field(default=None, description="replaces the origin's own working days of handling")
    handling_limit_days: Days | None = Field(
        default=None, description="working days within which the seller says it dispatches at the latest"
    )
    origins: list[Name] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ORIGINS_PER_ITEM,
        description="ids of the warehouses, stores or sellers that could send it; default: those that the question "
        "defines, or all that the server knows",
        examples=[["wh-leipzig", "wh-koeln"]],
    )


class OptionChoice(Strictly):
    """One way of shipping to answer for."""

    carrier: Name | None = Field(default=None, examples=["kranich"])
    service: Name | None = Field(default=None, examples=["standard"])
    quoted_days: float | None = Field(
        default=None, ge=0, le=90, description="the carrier's own quote in deliverable days after dispatch"
    )
    delivery_mode: DeliveryMode = "home"
    price: Money | None = Field(default=None, description="what the shop pays for this shipping, in `currency`")


class ServiceLevel(Strictly):
    """Promise the first date that holds with this probability."""

    service_level: float = Field(ge=0.01, le=0.999, examples=[0.9])


class Costs(Strictly):
    """Promise the date that costs least: a day slower against being late, both in one currency."""

    cost_per_day: float = Field(ge=0, le=1_000_000)
    cost_of_lateness: float = Field(ge=0, le=1_000_000)


EXAMPLES: list[JsonValue] = [
    {
        "destination": {"country": "DE", "postal_code": "80331"},
        "items": [{"id": "sneaker-42", "weight_g": 900, "category": "shoes", "origins": ["wh-leipzig"]}],
        "options": [{"carrier": "kranich", "service": "standard"}, {"carrier": "kranich", "service": "express"}],
        "locale": "de-DE",
    },
    {
        "destination": {"country": "AT", "postal_code": "1010"},
        "items": [
            {"id": "sofa", "weight_g": 42000, "handling_days": 3, "origins": ["wh-leipzig"]},
            {"id": "lamp", "quantity": 2, "weight_g": 1200, "origins": ["wh-leipzig", "store-wien"]},
        ],
        "origins": [{"id": "store-wien", "country": "AT", "postal_code": "1070", "cutoff": "16:00"}],
        "deliver_by": "2026-12-24",
        "policy": {"cost_per_day": 0.4, "cost_of_lateness": 12},
        "split": "auto",
    },
]


class PromiseRequest(Strictly):
    """A product or a cart, where it goes, and how it may be shipped."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    destination: Destination
    items: list[Item] = Field(min_length=1, max_length=MAX_ITEMS)
    origins: list[OriginDefinition] = Field(default=[], max_length=MAX_ORIGINS)
    options: list[OptionChoice] | None = Field(
        default=None, min_length=1, max_length=MAX_OPTIONS, description="default: every service the server knows"
    )
    ordered_at: Instant | None = Field(default=None, description="with an offset; default: now")
    deliver_by: Day | None = Field(default=None, description="local date at the destination to state a probability for")
    planned_dispatch_on: Day | None = Field(
        default=None,
        description="local date at the origin on which the shop itself plans to dispatch; counts as the day of the "
        "order at the earliest and as the 90th after it at the latest (a note says so); default: by the origin's "
        "calendar and handling",
    )
    policy: ServiceLevel | Costs | None = Field(default=None, description="default: the server's service level")
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$", max_length=3, examples=["EUR"])
    locale: str | None = Field(
        default=None, max_length=35, description="BCP 47; default: Accept-Language, then English", examples=["de-AT"]
    )
    split: Literal["auto", "together", "split"] = Field(
        default="auto",
        description="auto: as few parcels as the earliest complete delivery allows; together: one origin, one parcel; "
        "split: each line travels alone as soon as it is ready",
    )
