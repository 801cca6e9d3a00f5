"""What a product page gets. Nothing in it changes with the second, so that it can be cached and compared."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from serving.promises.answers import NoteAnswer, Said

_FROM_OPTION = (
    "carrier",
    "service",
    "order_by",
    "dispatch_on",
    "earliest",
    "likely",
    "promised",
    "confidence",
    "on_time_probability",
    "basis",
    "text",
    "countdown_text",
)


class DeliveryDate(Said):
    """The promise in one line; dates are local to the destination, `dispatch_on` to the origin."""

    carrier: str | None
    service: str | None
    order_by: datetime = Field(description="cut-off (UTC)")
    dispatch_on: date
    earliest: date | None
    likely: date | None
    promised: date | None
    confidence: float | None
    on_time_probability: float | None
    basis: Literal["model", "lane_history", "carrier_quote", "policy"]
    text: str
    countdown_text: str | None
    origin: str
    locale: str
    notes: list[NoteAnswer]


def shortened(content: dict[str, Any]) -> dict[str, Any]:
    """Return the one line of a promise answer with a single option."""
    option = content["options"][0]
    short = {name: option[name] for name in _FROM_OPTION}
    return {
        **short,
        "origin": option["parcels"][0]["origin"],
        "locale": content["locale"],
        "notes": content["notes"],
    }
