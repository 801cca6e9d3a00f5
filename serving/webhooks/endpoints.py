"""`/v1/webhooks`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from serving.alerts.answers import Cursor
from serving.alerts.cursor import cursor_of, seq_of
from serving.callers import AlertReader, AlertWriter
from serving.problems import documented
from serving.state import Serving
from serving.webhooks.answers import (
    Deliveries,
    DeliveryAnswer,
    NewWebhookAnswer,
    ReplayAnswer,
    SentTest,
    Webhook,
    Webhooks,
    counts_of,
    health_of,
)
from serving.webhooks.requests import MAX_DELIVERIES, NewWebhook, Replay, WebhookChange

router = APIRouter(prefix="/v1/webhooks", tags=["alerts"])

EndpointId = Annotated[str, Path(max_length=26, pattern="^[0-9A-Za-z]{26}$", examples=["01KAFAKE0000000000000000WH"])]
State = Annotated[Literal["pending", "delivered", "dead"] | None, Query()]
Before = Annotated[Cursor | None, Query(description="`cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MAX_DELIVERIES)]

_OF_ONE = documented(401, 403, 404, 422, 503)
_WITH_BODY = documented(400, 401, 403, 404, 413, 415, 422, 503)


@router.post("", status_code=201, responses=documented(400, 401, 403, 413, 415, 422, 503))
def subscribe(body: NewWebhook, services: Serving, _caller: AlertWriter) -> NewWebhookAnswer:
    """Subscribe a URL to events. The secret in the answer is shown this once."""
    now = services.clock()
    return NewWebhookAnswer.made(services.webhooks.add(body, now), now)


@router.get("", responses=documented(401, 403, 503))
def list_webhooks(services: Serving, _caller: AlertReader) -> Webhooks:
    """List all webhooks with their health."""
    return Webhooks(webhooks=[Webhook.of(endpoint, services.clock()) for endpoint in services.webhooks.all()])


@router.get("/{endpoint_id}", responses=_OF_ONE)
def show_webhook(endpoint_id: EndpointId, services: Serving, _caller: AlertReader) -> Webhook:
    """Show a webhook and its health."""
    return Webhook.of(services.webhooks.find(endpoint_id.upper()), services.clock())


@router.patch("/{endpoint_id}", responses=_WITH_BODY)
def change_webhook(endpoint_id: EndpointId, body: WebhookChange, services: Serving, _caller: AlertWriter) -> Webhook:
    """Change a webhook. What was due when it is disabled becomes a dead letter, which a replay can bring back."""
    now = services.clock()
    return Webhook.of(services.webhooks.change(endpoint_id.upper(), body, now), now)


@router.delete("/{endpoint_id}", status_code=204, responses=_OF_ONE)
def delete_webhook(endpoint_id: EndpointId, services: Serving, _caller: AlertWriter) -> None:
    """Forget a webhook, its secrets and what was due for it."""
    services.webhooks.delete(endpoint_id.upper())


@router.post("/{endpoint_id}/rotate", responses=_OF_ONE)
def rotate_secret(endpoint_id: EndpointId, services: Serving, _caller: AlertWriter) -> NewWebhookAnswer:
    """Make a new secret, shown this once. For 24 hours events carry signatures of both, the new one and the old."""
    now = services.clock()
    return NewWebhookAnswer.made(services.webhooks.rotate(endpoint_id.upper(), now), now)


@router.post("/{endpoint_id}/test", status_code=202, responses=_OF_ONE)
def send_test(endpoint_id: EndpointId, services: Serving, _caller: AlertWriter) -> SentTest:
    """Send an event of the type `parcelcast.webhook.test`, whatever types are wanted; signed and retried as any."""
    return SentTest(event_id=services.webhooks.test(endpoint_id.upper(), services.clock()))


@router.post("/{endpoint_id}/replay", status_code=202, responses=_WITH_BODY)
def replay(endpoint_id: EndpointId, body: Replay, services: Serving, _caller: AlertWriter) -> ReplayAnswer:
    """Send events again, with the ids that they had, also those from before the webhook, while they are kept."""
    return ReplayAnswer(queued=services.webhooks.replay(endpoint_id.upper(), body, services.clock()))


@router.get("/{endpoint_id}/deliveries", responses=_OF_ONE)
def show_deliveries(
    endpoint_id: EndpointId,
    services: Serving,
    _caller: AlertReader,
    state: State = None,
    before: Before = None,
    limit: Limit = 50,
) -> Deliveries:
    """Show how sending goes, and the events of a webhook, the newest first.

    What was delivered leaves after PARCELCAST_KEEP_DAYS (by default 180), and is no longer counted then.
    """
    seq = None if before is None else seq_of(before)
    endpoint, counted, rows = services.webhooks.deliveries(endpoint_id.upper(), state, seq, limit)
    return Deliveries(
        health=health_of(endpoint),
        counts=counts_of(counted),
        success_share=counted.success_share,
        deliveries=[DeliveryAnswer.of(row) for row in rows],
        cursor=cursor_of(rows[-1].seq) if len(rows) == limit else None,
    )
