"""Where events are sent: webhooks that shops subscribe, and the event bus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, case, delete, func, insert, select, update

from parcelcast.errors import NotFound
from serving.stores.events import lock_outbox
from serving.stores.schema import deliveries, endpoints
from serving.webhooks.signing import Secret

WEBHOOK = "webhook"
BUS = "bus"
ENABLED = "enabled"
DISABLED = "disabled"

_IS_OFF = "the endpoint is disabled"


@dataclass(frozen=True, slots=True)
class Health:
    """How sending to an endpoint goes; all empty before the first attempt."""

    paused_until: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    last_status: int | None = None
    last_error: str | None = None
    last_tried_at: datetime | None = None
    last_delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint; without a merchant or types it wants those of all."""

    endpoint_id: str
    kind: str
    url: str = field(repr=False)
    created_at: datetime
    merchant_id: str | None = None
    types: tuple[str, ...] | None = None
    secrets: tuple[Secret, ...] = ()
    state: str = ENABLED
    state_reason: str | None = None
    health: Health = Health()


def add_endpoint(connection: Connection, endpoint: Endpoint) -> None:
    """Add an endpoint; it gets the events that are written from now on."""
    connection.execute(
        insert(endpoints),
        {
            "endpoint_id": endpoint.endpoint_id,
            "merchant_id": endpoint.merchant_id,
            "kind": endpoint.kind,
            "url": endpoint.url,
            "types": _types_text(endpoint.types),
            "secrets": _secrets_text(endpoint.secrets),
            "state": endpoint.state,
            "state_reason": endpoint.state_reason,
            "created_at": endpoint.created_at,
        },
    )


def count_endpoints(connection: Connection, merchant_id: str | None) -> int:
    """Count the webhooks of a merchant, or those that belong to none."""
    mine = select(func.count()).where(endpoints.c.kind == WEBHOOK, endpoints.c.merchant_id == merchant_id)
    return connection.execute(mine).scalar_one()


def read_webhooks(connection: Connection) -> list[Endpoint]:
    """Return all webhooks, the oldest first."""
    rows = connection.execute(select(endpoints).where(endpoints.c.kind == WEBHOOK).order_by(endpoints.c.endpoint_id))
    return [_endpoint(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it


def read_endpoints(connection: Connection, endpoint_ids: Sequence[str]) -> dict[str, Endpoint]:
    """Return those of these endpoints that exist."""
    rows = connection.execute(select(endpoints).where(endpoints.c.endpoint_id.in_(endpoint_ids)))
    found = [_endpoint(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it
    return {endpoint.endpoint_id: endpoint for endpoint in found}


def read_webhook(connection: Connection, endpoint_id: str, *, to_change: bool = False) -> Endpoint:
    """Return a webhook; NotFound when there is none. `to_change` keeps others from changing it meanwhile."""
    query = select(endpoints).where(endpoints.c.endpoint_id == endpoint_id, endpoints.c.kind == WEBHOOK)
    row = connection.execute(query.with_for_update() if to_change else query).mappings().first()
    if row is None:
        raise NotFound(
            f"no webhook has the id {endpoint_id!a:.60}; expected the endpoint_id of one that GET /v1/webhooks lists"
        )
    return _endpoint(row)


def change_wishes(connection: Connection, endpoint_id: str, url: str, types: Sequence[str] | None) -> None:
    """Change where an endpoint is and what it wants; what is due already goes to the new URL, without the old pause."""
    pause = case((endpoints.c.url == url, endpoints.c.paused_until))
    changed = {"url": url, "types": _types_text(types), "paused_until": pause}
    connection.execute(update(endpoints).where(endpoints.c.endpoint_id == endpoint_id).values(changed))


def change_secrets(connection: Connection, endpoint_id: str, secrets: Sequence[Secret]) -> None:
    """Change the secrets of an endpoint."""
    changed = update(endpoints).where(endpoints.c.endpoint_id == endpoint_id)
    connection.execute(changed.values(secrets=_secrets_text(secrets)))


def enable(connection: Connection, endpoint_id: str) -> None:
    """Let an endpoint have events again; what it missed is for a replay to bring."""
    fresh = {"state": ENABLED, "state_reason": None, "paused_until": None, "failing_since": None, "failures": 0}
    connection.execute(update(endpoints).where(endpoints.c.endpoint_id == endpoint_id).values(fresh))


def disable(connection: Connection, endpoint_id: str, reason: str, now: datetime) -> None:
    """Send nothing to an endpoint any more; what is due becomes a dead letter, and stays for a replay."""
    off = update(endpoints).where(endpoints.c.endpoint_id == endpoint_id)
    connection.execute(off.values(state=DISABLED, state_reason=reason))
    due = update(deliveries).where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.state == "pending")
    connection.execute(due.values(state="dead", lease=None, last_error=_IS_OFF, ended_at=now))


def delete_endpoint(connection: Connection, endpoint_id: str) -> None:
    """Forget an endpoint, its secrets and its deliveries."""
    lock_outbox(connection)  # no event may be written for it meanwhile
    connection.execute(delete(deliveries).where(deliveries.c.endpoint_id == endpoint_id))
    connection.execute(delete(endpoints).where(endpoints.c.endpoint_id == endpoint_id))


def _endpoint(row: Mapping[Any, Any]) -> Endpoint:
    return Endpoint(
        endpoint_id=row["endpoint_id"],
        kind=row["kind"],
        url=row["url"],
        created_at=row["created_at"],
        merchant_id=row["merchant_id"],
        types=None if row["types"] is None else tuple(orjson.loads(row["types"])),
        secrets=tuple(_secret(entry) for entry in orjson.loads(row["secrets"])),
        state=row["state"],
        state_reason=row["state_reason"],
        health=Health(**{name: row[name] for name in Health.__slots__}),
    )


def _types_text(types: Sequence[str] | None) -> str | None:
    return None if types is None else orjson.dumps(types).decode()


def _secrets_text(secrets: Sequence[Secret]) -> str:
    return orjson.dumps([{"text": secret.text, "expires_at": secret.expires_at} for secret in secrets]).decode()


def _secret(entry: Mapping[str, Any]) -> Secret:
    expires_at = entry["expires_at"]
    return Secret(entry["text"], None if expires_at is None else datetime.fromisoformat(expires_at))
