"""`/v1/webhooks` and `/v1/alerts`, as a shop uses them."""

import asyncio
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from serving.keys import ALERTS_READ, ALERTS_WRITE, new_key
from serving.webhooks.requests import MAX_ENDPOINTS
from serving.webhooks.signing import headers, rotated
from tests.serving.shop import open_shop
from tests.serving.stores.outbox import DELAY, event, tell
from tests.serving.webhooks.receiver import LOCAL, Receiver, answer, receiving, sender

URL = "http://127.0.0.1:8099/hook"


@pytest.fixture
def shop(tmp_path):
    with open_shop(tmp_path, webhook_targets_allowed=LOCAL, worker=False) as shop:
        yield shop


def _subscribe(shop, **body):
    response = shop.post("/v1/webhooks", json={"url": URL, **body})
    assert response.status_code == 201, response.text
    return response.json()


def _tell(shop, *numbers, **changes):
    tell(shop.services.database, [event(number, **changes) for number in numbers], shop.clock())


def _deliver(shop, say=lambda _: answer()):
    """Deliver what is due to a receiver, and return the requests."""
    receiver = Receiver(say)

    async def main():
        async with receiving(receiver):
            for webhook in shop.services.webhooks.all():
                change = {"url": f"http://127.0.0.1:{receiver.port}/hook"}
                await asyncio.to_thread(shop.call, "PATCH", f"/v1/webhooks/{webhook.endpoint_id}", json=change)
            await sender(shop.services.database, shop.clock).deliver_due()

    asyncio.run(main())
    return receiver.requests


def _problem(response, status, *words):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert all(word in response.text for word in words), response.text


def test_a_subscription_gets_its_secret_once(shop):
    made = _subscribe(shop, types=[DELAY, DELAY], merchant_id="kiosk")

    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["types"] == [DELAY]
    assert (made["state"], made["health"]["failures"], made["previous_secrets_until"]) == ("enabled", 0, None)
    assert shop.get(f"/v1/webhooks/{made['endpoint_id']}").json() == made
    assert shop.get(f"/v1/webhooks/{made['endpoint_id'].lower()}").json() == made
    listed = shop.get("/v1/webhooks")
    assert listed.json() == {"webhooks": [made]}
    assert secret not in listed.text


def test_secrets_in_a_url_are_not_shown_again(shop):
    made = _subscribe(shop, url=URL + "?token=query-secret")

    assert made["url"] == URL + "?..."
    assert shop.services.webhooks.find(made["endpoint_id"]).url == URL + "?token=query-secret"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"url": "https://10.0.0.1/"}, "webhook_targets_allowed"),
        ({"url": "http://[::ffff:127.0.0.1]:8099/"}, "webhook_targets_allowed"),
        ({"url": "https://user:pass@shop.example/"}, "user"),
        ({"url": "http://127.0.0.1:22/"}, "1024"),
        ({"url": "ftp://127.0.0.1/"}, "/url"),
        ({"url": URL, "types": []}, "/types"),
        ({"url": URL, "types": ["nonsense"]}, "/types/0"),
        ({"url": URL, "secret": "mine"}, "/secret"),
        ({}, "/url"),
    ],
)
def test_what_cannot_be_subscribed_is_explained(shop, body, words):
    _problem(shop.post("/v1/webhooks", json=body), 422, words)
    _problem(shop.post("/v1/webhooks", content=b"{", headers={"content-type": "application/json"}), 400)
    assert shop.get("/v1/webhooks").json() == {"webhooks": []}


def test_a_merchant_has_so_many_webhooks_and_no_more(shop):
    for _ in range(MAX_ENDPOINTS):
        last = _subscribe(shop)
    _problem(shop.post("/v1/webhooks", json={"url": URL}), 422, "at most 20")
    _subscribe(shop, merchant_id="other")

    assert shop.call("DELETE", f"/v1/webhooks/{last['endpoint_id']}").status_code == 204
    _subscribe(shop)


def test_both_secrets_sign_for_a_day_after_a_rotation(shop):
    made = _subscribe(shop)
    path = f"/v1/webhooks/{made['endpoint_id']}"

    rotation = shop.post(path + "/rotate").json()

    assert rotation["secret"] != made["secret"]
    assert rotation["previous_secrets_until"] == "2026-11-24T09:00:05Z"
    assert shop.get(path).json()["previous_secrets_until"] == "2026-11-24T09:00:05Z"
    secrets = shop.services.webhooks.find(made["endpoint_id"]).secrets
    assert [secret.text for secret in secrets] == [rotation["secret"], made["secret"]]
    assert len(headers("id", b"", secrets, shop.clock())["webhook-signature"].split()) == 2
    shop.clock.now += timedelta(days=1)
    assert shop.get(path).json()["previous_secrets_until"] is None


def test_a_test_event_arrives_signed(shop):
    made = _subscribe(shop, types=[DELAY])

    told = shop.post(f"/v1/webhooks/{made['endpoint_id']}/test")

    assert told.status_code == 202
    [request] = _deliver(shop)
    assert request.event_id == told.json()["event_id"]
    assert b"parcelcast.webhook.test" in request.body
    secret = shop.services.webhooks.find(made["endpoint_id"]).secrets
    assert secret[0].text == made["secret"]
    again = headers(request.event_id, request.body, rotated(secret, bytes(32), shop.clock()), shop.clock())
    assert request.headers["webhook-signature"] in again["webhook-signature"].split()
    assert Webhook(made["secret"]).sign(request.event_id, shop.clock(), request.body.decode()) in set(
        request.headers["webhook-signature"].split()
    )


def test_deliveries_tell_how_sending_goes(shop):
    made = _subscribe(shop)
    path = f"/v1/webhooks/{made['endpoint_id']}"
    _tell(shop, 1, 2, 3)
    _deliver(shop, lambda request: answer(500 if request.event_id.endswith("2") else 200))

    told = shop.get(path + "/deliveries").json()

    assert [one["shipment_id"] for one in told["deliveries"]] == ["p3", "p2", "p1"]
    assert told["counts"] == {"pending": 1, "delivered": 2, "dead": 0}
    assert told["success_share"] == pytest.approx(2 / 3)
    assert told["cursor"] is None
    failed = told["deliveries"][1]
    assert (failed["state"], failed["attempts"], failed["last_status"]) == ("pending", 1, 500)
    assert failed["next_attempt_at"] == "2026-11-23T09:00:10Z"
    assert told["deliveries"][0]["next_attempt_at"] is None

    first = shop.get(path + "/deliveries?limit=2").json()
    second = shop.get(path + f"/deliveries?limit=2&before={first['cursor']}").json()
    assert first["deliveries"] + second["deliveries"] == told["deliveries"]
    pending = shop.get(path + "/deliveries?state=pending").json()["deliveries"]
    assert [one["shipment_id"] for one in pending] == ["p2"]


def test_a_webhook_is_disabled_enabled_and_brought_up_to_date(shop):
    made = _subscribe(shop)
    path = f"/v1/webhooks/{made['endpoint_id']}"
    _tell(shop, 1)
    off = shop.call("PATCH", path, json={"state": "disabled"}).json()
    _tell(shop, 2)

    assert (off["state"], off["state_reason"]) == ("disabled", "disabled by request")
    assert _deliver(shop) == []
    _problem(shop.post(path + "/replay", json={"dead": True}), 422, "disabled")
    _problem(shop.post(path + "/test"), 422, "disabled")

    assert shop.call("PATCH", path, json={"state": "enabled"}).json()["state_reason"] is None
    assert _deliver(shop) == []
    replayed = shop.post(path + "/replay", json={"dead": True})
    assert (replayed.status_code, replayed.json()) == (202, {"queued": 1})
    assert [request.event_id for request in _deliver(shop)] == [event(1).event_id]
    cursor = shop.get("/v1/alerts?limit=1").json()["cursor"]
    assert shop.post(path + "/replay", json={"after": cursor}).json() == {"queued": 1}
    assert [request.event_id for request in _deliver(shop)] == [event(2).event_id]
    assert shop.post(path + "/replay", json={"event_id": event(1).event_id}).json() == {"queued": 1}
    assert [request.event_id for request in _deliver(shop)] == [event(1).event_id]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"dead": False}, 422),
        ({"dead": True, "after": "ZjE6MA"}, 422),
        ({"event_id": None}, 422),
        ({"after": "nonsense"}, 422),
        ({"event_id": "0" * 26}, 404),
    ],
)
def test_a_replay_names_one_thing(shop, body, status):
    made = _subscribe(shop)

    _problem(shop.post(f"/v1/webhooks/{made['endpoint_id']}/replay", json=body), status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("POST", "/test"),
        ("POST", "/replay"),
        ("GET", "/deliveries"),
    ],
)
def test_an_unknown_webhook_is_not_found(shop, method, path):
    body = {"json": {"dead": True} if path else {"state": "enabled"}} if method in {"POST", "PATCH"} else {}

    _problem(shop.call(method, f"/v1/webhooks/{'0' * 26}{path}", **body), 404, "no webhook")


def test_types_are_changed_and_taken_back(shop):
    made = _subscribe(shop, types=[DELAY])
    path = f"/v1/webhooks/{made['endpoint_id']}"

    assert shop.call("PATCH", path, json={}).json()["types"] == [DELAY]
    assert shop.call("PATCH", path, json={"types": None}).json()["types"] is None
    _problem(shop.call("PATCH", path, json={"url": "https://169.254.169.254/"}), 422, "private")
    assert shop.get(path).json()["url"] == URL


def test_the_feed_is_read_page_by_page(shop):
    _tell(shop, 1, 2, 3)
    cursor, seen, more = None, [], True
    while more:
        page = shop.get("/v1/alerts", params={"limit": 2, **({"after": cursor} if cursor else {})}).json()
        seen += [one["subject"] for one in page["events"]]
        cursor, more = page["cursor"], page["more"]

    assert seen == ["p1", "p2", "p3"]
    assert shop.get("/v1/alerts", params={"after": cursor}).json() == {"events": [], "cursor": cursor, "more": False}
    _tell(shop, 4, type="parcelcast.return.risk")
    params = {"after": cursor, "types": [DELAY, "parcelcast.return.risk"], "shipment_id": "p4"}
    assert len(shop.get("/v1/alerts", params=params).json()["events"]) == 1
    assert shop.get("/v1/alerts", params={"types": DELAY, "shipment_id": "p4"}).json()["events"] == []


@pytest.mark.parametrize("query", ["after=%20", "after=ZjI6MQ", "after=Zg", "limit=0", "limit=501", "types=x"])
def test_the_feed_explains_what_it_does_not_understand(shop, query):
    _problem(shop.get(f"/v1/alerts?{query}"), 422)


def test_an_alert_is_acknowledged_once(shop):
    _tell(shop, 1, type=DELAY)
    path = f"/v1/alerts/{event(1).alert_id}"
    with shop.services.database.writing() as connection:
        connection.exec_driver_sql("update alerts set type = 'delay.predicted'")

    assert shop.get(path).json()["acknowledged_at"] is None
    first = shop.post(path + "/acknowledge").json()
    shop.clock.now += timedelta(hours=1)
    second = shop.post(path + "/acknowledge").json()

    assert first == second == shop.get(path).json()
    assert first["acknowledged_at"] == "2026-11-23T09:00:05Z"
    assert [one["id"] for one in first["events"]] == [event(1).event_id]
    _problem(shop.get(f"/v1/alerts/{'0' * 26}"), 404)
    _problem(shop.post(f"/v1/alerts/{'0' * 26}/acknowledge"), 404)


def test_reading_and_writing_alerts_are_two_scopes(shop):
    made = _subscribe(shop)
    path = f"/v1/webhooks/{made['endpoint_id']}"
    reads = [("GET", "/v1/alerts"), ("GET", "/v1/webhooks"), ("GET", path), ("GET", path + "/deliveries")]
    writes = [("POST", path + "/test"), ("POST", path + "/rotate"), ("DELETE", path)]
    for scope, allowed, forbidden in ((ALERTS_READ, reads, writes), (ALERTS_WRITE, writes, reads)):
        text, key = new_key(scope.encode().ljust(38, b"."), [scope])
        shop.services.keys._by_id[key.key_id] = key
        shop.key = text
        assert {shop.call(*call).status_code // 100 for call in allowed} == {2}
        assert {shop.call(*call).status_code for call in forbidden} == {403}
