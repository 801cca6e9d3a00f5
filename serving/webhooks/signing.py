"""Signatures after Standard Webhooks 1.0.0 (symmetric, `v1`), and the secrets that make them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parcelcast.errors import InputError

SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
MAX_SECRETS = 5

_MARK = "whsec_"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as the receiver knows it, and when it stops signing (UTC; None: never)."""

    text: str = field(repr=False)
    expires_at: datetime | None = None


def new_secret(entropy: bytes) -> Secret:
    """Make a secret from 32 random bytes.

    >>> new_secret(bytes(32)).text
    'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
    """
    if len(entropy) != SECRET_BYTES:
        raise ValueError(f"got {len(entropy)} random bytes, expected {SECRET_BYTES}")
    return Secret(_MARK + base64.b64encode(entropy).decode())


def rotated(secrets: Sequence[Secret], entropy: bytes, now: datetime) -> tuple[Secret, ...]:
    """Put a new secret in front; those before it go on signing for OVERLAP, or until they were to end anyway.

    InputError when MAX_SECRETS would sign at once.
    """
    until = now + OVERLAP
    kept = [Secret(old.text, old.expires_at or until) for old in secrets if _signs(old, now)]
    if len(kept) >= MAX_SECRETS:
        raise InputError(
            f"got a rotation while {len(kept)} secrets sign already, expected less than {MAX_SECRETS}: wait until the "
            f"oldest ends, {OVERLAP // timedelta(hours=1)} hours after it was replaced"
        )
    return (new_secret(entropy), *kept)


def headers(event_id: str, body: bytes, secrets: Sequence[Secret], now: datetime) -> dict[str, str]:
    """Return the headers of one attempt: the id stays the same at every attempt, the instant does not."""
    timestamp = str(int(now.timestamp()))
    signatures = [_signature(secret, event_id, timestamp, body) for secret in secrets if _signs(secret, now)]
    return {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def _signs(secret: Secret, now: datetime) -> bool:
    return secret.expires_at is None or now < secret.expires_at


def _signature(secret: Secret, event_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.text.removeprefix(_MARK))
    digest = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()
