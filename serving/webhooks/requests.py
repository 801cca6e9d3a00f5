"""What a shop says to subscribe: every limit of webhooks in one place."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from serving.alerts.answers import Cursor, EventType
from serving.promises.requests import Name, Strictly
from serving.webhooks.targets import MAX_URL_LENGTH, PORTS

MAX_ENDPOINTS = 20
MAX_TYPES = 20
MAX_DELIVERIES = 200

_NEW: dict[str, Any] = {"url": "https://shop.example/parcelcast", "types": ["parcelcast.delay.predicted"]}
_EVENT_ID = "01KAFAKE0000000000000000EV"


def _once(types: list[str] | None) -> list[str] | None:
    return None if types is None else list(dict.fromkeys(types))


def _left_out() -> Any:
    # A default that is made is no part of the documented schema, which knows no null here.
    return None


Url = Annotated[
    str,
    Field(
        max_length=MAX_URL_LENGTH,
        pattern="^https?://",
        description=f"https, to a public address, port {PORTS}; without user and fragment. What follows `?` is not "
        "shown again",
    ),
]
Types = Annotated[
    list[EventType] | None,
    Field(min_length=1, max_length=MAX_TYPES, description="null: all, also those of later versions"),
    AfterValidator(_once),
]


class NewWebhook(Strictly):
    """A webhook to add; it gets the events that happen from then on."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW]})

    url: Url
    types: Types = None
    merchant_id: Name | None = Field(default=None, description="only events of this merchant; null: of all")


class WebhookChange(Strictly):
    """What to change; fields that are left out stay. Enabling forgets past failures, and replays nothing by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "enabled"}]})

    url: Url = Field(default_factory=_left_out)
    types: Types = None
    state: Literal["enabled", "disabled"] = Field(default_factory=_left_out)


class Replay(Strictly):
    """What to send again: one event, all dead letters, or everything after a cursor of the feed."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [{"dead": True}, {"after": "ZjE6NDI"}, {"event_id": _EVENT_ID}],
        }
    )

    event_id: Annotated[str, Field(pattern="^[0-9A-Za-z]{26}$", max_length=26)] = Field(default_factory=_left_out)
    dead: Literal[True] = Field(default_factory=_left_out)
    after: Cursor = Field(default_factory=_left_out)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("expected exactly one of event_id, dead and after")
        return self
