"""Signatures of trackers' webhooks: HMAC-SHA256 over the body as it came, compared in constant time."""

import hmac
import unicodedata
from base64 import b64encode
from hashlib import sha256


def is_aftership(body: bytes, secret: str, signature: str) -> bool:
    """Check AfterShip's signature, in base64 (https://www.aftership.com/docs/tracking/webhook/webhook-signature)."""
    return _same(b64encode(_digest(body, secret)), signature)


def is_easypost(body: bytes, secret: str, signature: str) -> bool:
    """Check EasyPost's signature, in hexadecimal after `hmac-sha256-hex=`; the secret is normalised (NFKD)."""
    expected = _digest(body, unicodedata.normalize("NFKD", secret)).hex()
    return _same(f"hmac-sha256-hex={expected}".encode(), signature)


def _digest(body: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), body, sha256).digest()


def _same(expected: bytes, got: str) -> bool:
    return hmac.compare_digest(expected, got.encode("utf-8", "surrogateescape"))
