"""What a product page asks: the query of `GET /v1/delivery-date`."""

from pydantic import BaseModel, ConfigDict, Field

from serving.promises.requests import (
    MAX_HANDLING_DAYS,
    MAX_ORIGINS_PER_ITEM,
    MAX_WEIGHT_G,
    Day,
    DeliveryMode,
    Destination,
    Item,
    Name,
    OptionChoice,
    PromiseRequest,
    ServiceLevel,
)


class DeliveryDateQuery(BaseModel):
    """One product, one destination, one way of shipping."""

    # Not strict: numbers in a query string are text.
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    country: str = Field(pattern=r"^[A-Za-z]{2}$", max_length=2, description="ISO 3166-1 alpha-2", examples=["DE"])
    postal_code: str = Field(default="", max_length=16, examples=["80331"])
    origin: list[Name] | None = Field(
        default=None, min_length=1, max_length=MAX_ORIGINS_PER_ITEM, description="may be repeated; default: all known"
    )
    carrier: Name | None = Field(default=None, description="default: the first that the server knows")
    service: Name | None = Field(default=None, description="default: the carrier's first")
    quoted_days: float | None = Field(default=None, ge=0, le=90)
    delivery_mode: DeliveryMode = "home"
    weight_g: float | None = Field(default=None, ge=0, le=MAX_WEIGHT_G)
    category: Name | None = None
    handling_days: int | None = Field(default=None, ge=0, le=MAX_HANDLING_DAYS)
    deliver_by: Day | None = None
    service_level: float | None = Field(default=None, ge=0.01, le=0.999)
    locale: str | None = Field(
        default=None, max_length=35, description="BCP 47; default: Accept-Language, then English"
    )

    def question(self, default: OptionChoice) -> PromiseRequest:
        """Return the same question as a promise request; `default` is taken when no carrier is named."""
        option = default
        if self.carrier is not None or self.service is not None:
            option = OptionChoice(carrier=self.carrier, service=self.service)
        item = Item(
            weight_g=self.weight_g, category=self.category, handling_days=self.handling_days, origins=self.origin
        )
        choice = option.model_copy(update={"quoted_days": self.quoted_days, "delivery_mode": self.delivery_mode})
        asked = PromiseRequest(
            destination=Destination(country=self.country, postal_code=self.postal_code),
            items=[item],
            options=[choice],
            policy=None if self.service_level is None else ServiceLevel(service_level=self.service_level),
            locale=self.locale,
        )
        return asked.model_copy(update={"deliver_by": self.deliver_by})
