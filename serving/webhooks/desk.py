"""Where shops subscribe webhooks and look after them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from parcelcast.errors import InputError, NotFound
from serving.alerts.cursor import seq_of
from serving.promises.service import Entropy
from serving.stores.database import Database
from serving.stores.deliveries import replay_after, replay_dead, replay_event
from serving.stores.delivery_history import Delivered, Tally, read_history, tally
from serving.stores.endpoints import (
    DISABLED,
    ENABLED,
    WEBHOOK,
    Endpoint,
    add_endpoint,
    change_secrets,
    change_wishes,
    count_endpoints,
    delete_endpoint,
    disable,
    enable,
    read_webhook,
    read_webhooks,
)
from serving.stores.events import append_test
from serving.webhooks.requests import MAX_ENDPOINTS, NewWebhook, Replay, WebhookChange
from serving.webhooks.signing import SECRET_BYTES, new_secret, rotated
from serving.webhooks.targets import Targets

_BY_HAND = "disabled by request"


@dataclass(frozen=True)
class WebhookDesk:
    """All that may be done with webhooks; NotFound for an unknown one. Blocking: it waits for names and stores."""

    database: Database
    targets: Targets
    entropy: Entropy
    new_id: Callable[[datetime], str]

    def add(self, wanted: NewWebhook, now: datetime) -> Endpoint:
        """Subscribe; InputError for a URL that may not be reached, or for more than MAX_ENDPOINTS of a merchant."""
        self.targets.check(wanted.url)
        endpoint = Endpoint(
            endpoint_id=self.new_id(now),
            kind=WEBHOOK,
            url=wanted.url,
            created_at=now,
            merchant_id=wanted.merchant_id,
            types=None if wanted.types is None else tuple(wanted.types),
            secrets=(new_secret(self.entropy(SECRET_BYTES)),),
        )
        with self.database.writing() as connection:
            if count_endpoints(connection, wanted.merchant_id) >= MAX_ENDPOINTS:
                raise InputError(
                    f"got one more webhook than a merchant may have, expected at most {MAX_ENDPOINTS}: delete one first"
                )
            add_endpoint(connection, endpoint)
        return endpoint

    def all(self) -> list[Endpoint]:
        """Return all webhooks."""
        with self.database.reading() as connection:
            return read_webhooks(connection)

    def find(self, endpoint_id: str) -> Endpoint:
        """Return a webhook."""
        with self.database.reading() as connection:
            return read_webhook(connection, endpoint_id)

    def change(self, endpoint_id: str, wanted: WebhookChange, now: datetime) -> Endpoint:
        """Change what is named; InputError for a URL that may not be reached."""
        named: dict[str, Any] = {name: getattr(wanted, name) for name in wanted.model_fields_set}
        if "url" in named:
            self.targets.check(wanted.url)
        with self.database.writing() as connection:
            found = read_webhook(connection, endpoint_id, to_change=True)
            change_wishes(connection, endpoint_id, named.get("url", found.url), named.get("types", found.types))
            state = named.get("state", found.state)
            if state == ENABLED != found.state:
                enable(connection, endpoint_id)
            if state == DISABLED != found.state:
                disable(connection, endpoint_id, _BY_HAND, now)
            return read_webhook(connection, endpoint_id)

    def delete(self, endpoint_id: str) -> None:
        """Forget a webhook with its secrets and deliveries."""
        with self.database.writing() as connection:
            read_webhook(connection, endpoint_id, to_change=True)
            delete_endpoint(connection, endpoint_id)

    def rotate(self, endpoint_id: str, now: datetime) -> Endpoint:
        """Make a new secret; those before it sign too for a day."""
        with self.database.writing() as connection:
            found = read_webhook(connection, endpoint_id, to_change=True)
            secrets = rotated(found.secrets, self.entropy(SECRET_BYTES), now)
            change_secrets(connection, endpoint_id, secrets)
        return replace(found, secrets=secrets)

    def test(self, endpoint_id: str, now: datetime) -> str:
        """Send a test event, and return its id."""
        event_id = self.new_id(now)
        with self.database.writing() as connection:
            _enabled(read_webhook(connection, endpoint_id))
            append_test(connection, endpoint_id, event_id, now)
        return event_id

    def replay(self, endpoint_id: str, wanted: Replay, now: datetime) -> int:
        """Make events due again, and return how many; NotFound for an unknown event."""
        [kind] = wanted.model_fields_set
        after = seq_of(wanted.after) if kind == "after" else 0
        with self.database.writing() as connection:
            found = _enabled(read_webhook(connection, endpoint_id, to_change=True))
            if kind == "dead":
                return replay_dead(connection, found, now)
            if kind == "after":
                return replay_after(connection, found, after, now)
            queued = replay_event(connection, found, wanted.event_id.upper(), now)
        if queued == 0:
            raise NotFound(
                "no event has this id, or it is being sent just now; expected the id of an event of the feed"
            )
        return queued

    def deliveries(
        self, endpoint_id: str, state: str | None, before: int | None, limit: int
    ) -> tuple[Endpoint, Tally, Sequence[Delivered]]:
        """Return a webhook, what became of its events in all, and a page of them."""
        with self.database.reading() as connection:
            found = read_webhook(connection, endpoint_id)
            return found, tally(connection, endpoint_id), read_history(connection, endpoint_id, state, before, limit)


def _enabled(endpoint: Endpoint) -> Endpoint:
    if endpoint.state != ENABLED:
        raise InputError('got a webhook that is disabled, expected an enabled one: PATCH it with {"state": "enabled"}')
    return endpoint
