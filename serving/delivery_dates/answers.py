"""What a product page gets. Nothing in it changes with the second, so that it can be cached and compared."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

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

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "carrier": "kranich",
                    "service": "standard",
                    "order_by": "2026-11-23T13:00:00Z",
                    "dispatch_on": "2026-11-23",
                    "earliest": "2026-11-24",
                    "likely": "2026-11-25",
                    "promised": "2026-11-28",
                    "confidence": 0.9553,
                    "on_time_probability": 0.8871,
                    "basis": "model",
                    "text": "Delivered by Saturday, 28 November if ordered by Monday, 23 November, 14:00",
                    "countdown_text": "Order within {countdown}, delivered by Saturday, 28 November",
                    "origin": "wh-leipzig",
                    "locale": "en",
                    "notes": [],
                }
            ]
        }
    )

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
