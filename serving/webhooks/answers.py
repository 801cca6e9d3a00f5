"""What is told of webhooks. Secrets are shown once, when they are made; what follows `?` in a URL never again."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from serving.promises.answers import Said
from serving.stores.delivery_history import RECENT, Delivered, Tally
from serving.stores.endpoints import Endpoint

EXAMPLE_WEBHOOK: dict[str, Any] = {
    "endpoint_id": "01KAFAKE0000000000000000WH",
    "url": "https://shop.example/parcelcast",
    "types": ["parcelcast.delay.predicted"],
    "merchant_id": None,
    "state": "enabled",
    "state_reason": None,
    "created_at": "2026-11-23T09:00:05Z",
    "previous_secrets_until": None,
    "health": {
        "paused_until": None,
        "failing_since": None,
        "failures": 0,
        "last_status": 204,
        "last_error": None,
        "last_tried_at": "2026-11-23T10:00:06Z",
        "last_delivered_at": "2026-11-23T10:00:06Z",
    },
}
EXAMPLE_NEW_WEBHOOK = {**EXAMPLE_WEBHOOK, "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}


class HealthAnswer(Said):
    """How sending goes; all empty before the first attempt."""

    paused_until: datetime | None = Field(description="the receiver asked for a pause (Retry-After)")
    failing_since: datetime | None
    failures: int = Field(description="in a row")
    last_status: int | None
    last_error: str | None
    last_tried_at: datetime | None
    last_delivered_at: datetime | None


class Webhook(Said):
    """A subscription."""

    endpoint_id: str
    url: str = Field(description="without what follows `?`")
    types: list[str] | None = Field(description="null: all")
    merchant_id: str | None = Field(description="null: of all merchants")
    state: Literal["enabled", "disabled"]
    state_reason: str | None
    created_at: datetime
    previous_secrets_until: datetime | None = Field(description="until when replaced secrets sign too")
    health: HealthAnswer

    @classmethod
    def of(cls, endpoint: Endpoint, now: datetime) -> "Webhook":
        """Return what is told of an endpoint."""
        return cls(**_facts(endpoint, now))


class NewWebhookAnswer(Webhook):
    """A subscription that was just made."""

    secret: str = Field(description="for checking signatures; it is not shown again")

    @classmethod
    def made(cls, endpoint: Endpoint, now: datetime) -> "NewWebhookAnswer":
        """Return what is told of a new endpoint, or of one that has a new secret."""
        return cls(**_facts(endpoint, now), secret=endpoint.secrets[0].text)


class Webhooks(Said):
    """All subscriptions, the oldest first."""

    webhooks: list[Webhook]


class SentTest(Said):
    """A test is on its way; see the deliveries for what became of it."""

    event_id: str


class ReplayAnswer(Said):
    """How many events are due again."""

    queued: int


class DeliveryAnswer(Said):
    """One event for this endpoint, and how the last attempt to send it went."""

    event_id: str
    type: str
    shipment_id: str | None
    created_at: datetime
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    next_attempt_at: datetime | None
    first_tried_at: datetime | None
    last_tried_at: datetime | None
    last_status: int | None
    last_error: str | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Delivered) -> "DeliveryAnswer":
        """Return what is told of a delivery."""
        told = {name: getattr(row, name) for name in cls.model_fields if name != "next_attempt_at"}
        return cls(**told, next_attempt_at=row.due_at if row.state == "pending" else None)


class CountsAnswer(Said):
    """Events for this endpoint that are kept, by what became of them."""

    pending: int
    delivered: int = Field(description="of those that are kept: it falls when old ones leave")
    dead: int


class Deliveries(Said):
    """How sending to an endpoint goes, and its events, the newest first."""

    health: HealthAnswer
    counts: CountsAnswer
    success_share: float | None = Field(
        description=f"share of attempts that succeeded, at the last {RECENT} events tried"
    )
    deliveries: list[DeliveryAnswer]
    cursor: str | None = Field(description="`before` of the next, older page; null: there is none")


def counts_of(counted: Tally) -> CountsAnswer:
    """Return what is told of a tally."""
    return CountsAnswer(pending=counted.pending, delivered=counted.delivered, dead=counted.dead)


def health_of(endpoint: Endpoint) -> HealthAnswer:
    """Return what is told of an endpoint's health."""
    return HealthAnswer(**{name: getattr(endpoint.health, name) for name in HealthAnswer.model_fields})


def _facts(endpoint: Endpoint, now: datetime) -> dict[str, Any]:
    untils = [secret.expires_at for secret in endpoint.secrets if secret.expires_at and secret.expires_at > now]
    shown, mark, _ = endpoint.url.partition("?")
    return {
        "endpoint_id": endpoint.endpoint_id,
        "url": shown + (mark and "?..."),
        "types": None if endpoint.types is None else list(endpoint.types),
        "merchant_id": endpoint.merchant_id,
        "state": endpoint.state,
        "state_reason": endpoint.state_reason,
        "created_at": endpoint.created_at,
        "previous_secrets_until": max(untils, default=None),
        "health": health_of(endpoint),
    }
