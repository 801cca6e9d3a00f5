import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from parcelcast.errors import InputError
from serving.webhooks.signing import MAX_SECRETS, OVERLAP, Secret, headers, new_secret, rotated

BODY = '{"id":"01EVENT","data":{"text":"Entschuldigung für die Verspätung"}}'.encode()


def _now():
    return datetime.now(UTC)  # the reference library compares with the real clock


def test_the_reference_library_accepts_what_we_sign():
    secret = new_secret(bytes(range(32)))

    signed = headers("01EVENT", BODY, [secret], _now())

    assert Webhook(secret.text).verify(BODY.decode(), signed) == json.loads(BODY)


def test_the_signature_is_what_the_standard_says():
    secret = new_secret(b"k" * 32)
    now = datetime(2027, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC)

    signed = headers("01EVENT", BODY, [secret], now)

    digest = hmac.new(b"k" * 32, b"01EVENT.1803902400." + BODY, hashlib.sha256).digest()
    assert signed == {
        "webhook-id": "01EVENT",
        "webhook-timestamp": "1803902400",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


@pytest.mark.parametrize("part", ["webhook-id", "webhook-timestamp", "webhook-signature", "body"])
def test_a_change_of_any_part_is_noticed(part):
    secret = new_secret(bytes(32))
    sent = {**headers("01EVENT", BODY, [secret], _now()), "body": BODY.decode()}
    old = sent[part][5]
    changed = {**sent, part: sent[part].replace(old, "#" if part == "body" else "8" if old == "7" else "7")}
    assert changed != sent

    with pytest.raises(WebhookVerificationError):
        Webhook(secret.text).verify(changed.pop("body"), changed)


def test_after_a_rotation_both_secrets_sign_until_the_overlap_ends():
    now = _now()
    old = new_secret(bytes(32))

    secrets = rotated([old], b"n" * 32, now)

    assert secrets == (new_secret(b"n" * 32), Secret(old.text, now + OVERLAP))
    signed = headers("01EVENT", BODY, secrets, now)
    assert len(signed["webhook-signature"].split(" ")) == 2
    for secret in secrets:
        Webhook(secret.text).verify(BODY.decode(), signed)
    later = headers("01EVENT", BODY, secrets, now + OVERLAP)
    assert later == headers("01EVENT", BODY, secrets[:1], now + OVERLAP)


def test_a_second_rotation_does_not_prolong_the_first_secret():
    now = _now()
    first = rotated([new_secret(bytes(32))], b"1" * 32, now)

    second = rotated(first, b"2" * 32, now + timedelta(hours=1))

    assert [secret.expires_at for secret in second] == [None, now + timedelta(hours=25), now + timedelta(hours=24)]
    assert len(rotated(second, b"3" * 32, now + timedelta(hours=24))) == 3


def test_secrets_do_not_pile_up():
    now = _now()
    secrets = (new_secret(bytes(32)),)
    for number in range(1, MAX_SECRETS):
        secrets = rotated(secrets, bytes([number]) * 32, now)

    with pytest.raises(InputError, match="wait"):
        rotated(secrets, b"z" * 32, now)


def test_a_secret_is_not_shown_by_accident():
    assert "whsec" not in repr(new_secret(bytes(32)))


def test_too_little_randomness_is_a_mistake_of_the_program():
    with pytest.raises(ValueError, match="expected 32"):
        new_secret(bytes(31))


def test_what_the_guide_shows_does_verify():
    guide = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    shown = {"base64": base64, "hmac": hmac}
    exec(guide.split("```python\n")[1].split("```")[0], shown)  # noqa: S102 - our own words
    now = _now()
    secret, other = new_secret(bytes(32)), new_secret(b"o" * 32)
    signed = headers("01EVENT", BODY, rotated([secret], b"n" * 32, now), now)

    assert shown["verify"](signed, BODY, secret.text, now.timestamp())
    assert not shown["verify"](signed, BODY, other.text, now.timestamp())
    assert not shown["verify"](signed, BODY + b" ", secret.text, now.timestamp())
    assert not shown["verify"](signed, BODY, secret.text, now.timestamp() + 301)
