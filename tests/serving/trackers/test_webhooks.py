"""Webhooks of AfterShip and EasyPost over HTTP, signed as they sign."""

import copy
import hmac
import json
import logging
import unicodedata
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from threading import get_ident

import orjson
import pytest

from serving.scans.reading import QUICK_BYTES
from serving.stores.parcels import read_parcels
from serving.trackers import endpoints
from serving.trackers.events import MAX_CHECKPOINTS
from tests.serving.scans.reports import refused
from tests.serving.shop import open_shop

SECRET = "geheim\u00e9"
PARCEL = {
    "shipment_id": "S-1",
    "order_id": "O-1",
    "destination": {"country": "DE", "postal_code": "80331"},
    "ordered_at": "2026-11-20T10:00:00Z",
    "tracking_numbers": [
        {"carrier": "dhl_paket", "tracking_number": "00340434161094000001"},
        {"carrier": "usps", "tracking_number": "9400110200881234567890"},
    ],
}
AFTERSHIP = {
    "ts": 1_795_337_000,
    "event": "tracking_update",
    "event_id": "0f1f3f1e-5a0b-4a37-9b0e-000000000001",
    "msg": {
        "id": "x1",
        "slug": "dhl-germany",
        "tracking_number": "00340434161094000001",
        "customer_name": "Erika Mustermann",
        "signed_by": "E. Mustermann",
        "tag": "InTransit",
        "checkpoints": [
            {
                "slug": "dhl-germany",
                "city": "Leipzig",
                "country_region": "DEU",
                "checkpoint_time": "2026-11-21T13:04:00",
                "tag": "InTransit",
                "subtag": "InTransit_003",
                "message": "Arrived at hub",
                "raw_tag": "AA",
            },
            {
                "slug": "dhl-germany",
                "location": "Roma, ITA",
                "country_iso3": "ITA",
                "checkpoint_time": "2026-11-22T09:00:00+02:00",
                "tag": "OutForDelivery",
                "message": "x" * 5_000,
            },
            {"checkpoint_time": None, "tag": "Exception"},
            {"checkpoint_time": "2026-11-22T10:00:00Z", "tag": "Unheard_001", "city": "Bad\u0007 Tölz"},
        ],
    },
}
EASYPOST = {
    "id": "evt_1",
    "object": "Event",
    "description": "tracker.updated",
    "result": {
        "id": "trk_1",
        "object": "Tracker",
        "tracking_code": "9400110200881234567890",
        "carrier": "USPS",
        "signed_by": "John Tester",
        "tracking_details": [
            {
                "object": "TrackingDetail",
                "message": "Arrived at facility",
                "status": "in_transit",
                "status_detail": "arrived_at_facility",
                "datetime": "2026-11-21T18:00:44-05:00",
                "source": "USPS",
                "tracking_location": {"object": "TrackingLocation", "city": "ALBANY", "state": "NY", "country": "US"},
            },
            {"status": "delivered", "datetime": "2026-11-22T15:00:00Z", "tracking_location": None},
        ],
    },
}


@pytest.fixture
def shop(tmp_path):
    with open_shop(tmp_path, aftership_secret=SECRET, easypost_secret=SECRET) as shop:
        assert shop.post("/v1/shipments", json=PARCEL).status_code == 200
        shop.key = None  # trackers have none
        yield shop


def aftership_signature(body, secret=SECRET):
    return b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()


def easypost_signature(body, secret=SECRET):
    return "hmac-sha256-hex=" + hmac.new(unicodedata.normalize("NFKD", secret).encode(), body, sha256).hexdigest()


SIGNED = {
    "aftership": ("aftership-hmac-sha256", aftership_signature, AFTERSHIP),
    "easypost": ("X-Hmac-Signature", easypost_signature, EASYPOST),
}


def send(shop, tracker, event=None, signature=None, body=None):
    header, sign, example = SIGNED[tracker]
    body = orjson.dumps(example if event is None else event) if body is None else body
    return shop.post(f"/v1/trackers/{tracker}", content=body, headers={header: signature or sign(body)})


def scans(shop):
    with shop.services.database.reading() as connection:
        return read_parcels(connection, ["S-1"])["S-1"].scans


def test_checkpoints_of_aftership_become_scans(shop):
    answer = send(shop, "aftership")

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["accepted"], told["refused"], told["unknown_codes"]) == (3, 1, 1)
    found = {scan.raw_code: scan for scan in scans(shop)}
    hub = found["InTransit_003"]
    assert (hub.carrier, hub.code, hub.map_version, hub.source) == (
        "dhl_paket",
        "hub_arrival",
        "aftership-1",
        "aftership",
    )
    assert hub.occurred_at == datetime(2026, 11, 21, 12, 4, tzinfo=UTC)  # on the clock of Leipzig
    assert (hub.utc_offset_min, hub.country, hub.place) == (60, "DE", "Leipzig")
    door = found["OutForDelivery"]
    assert (door.occurred_at.hour, door.country, door.place, len(door.raw_text)) == (7, "IT", "Roma, ITA", 1_000)
    assert (found["Unheard_001"].code, found["Unheard_001"].place) == ("info_only", "Bad Tölz")


def test_details_of_easypost_become_scans(shop):
    assert send(shop, "easypost").json()["accepted"] == 2

    hub, delivered = scans(shop)
    assert (hub.code, hub.raw_code, hub.map_version) == (
        "hub_arrival",
        "in_transit/arrived_at_facility",
        "easypost-1",
    )
    assert (hub.occurred_at, hub.utc_offset_min) == (datetime(2026, 11, 21, 23, 0, 44, tzinfo=UTC), -300)
    assert (hub.country, hub.place) == ("US", "ALBANY")
    assert (delivered.code, delivered.carrier) == ("delivered", "usps")


@pytest.mark.parametrize("tracker", SIGNED)
def test_a_replay_changes_nothing(shop, tracker):
    first = send(shop, tracker).json()
    kept = scans(shop)
    again = send(shop, tracker).json()

    assert (again["accepted"], again["duplicates"]) == (0, first["accepted"])
    assert scans(shop) == kept


@pytest.mark.parametrize("tracker", SIGNED)
def test_a_signature_that_is_off_anywhere_is_refused(shop, tracker):
    _, sign, example = SIGNED[tracker]
    body = orjson.dumps(example)
    good = sign(body)
    wrong = [good[:n] + ("A" if good[n] != "A" else "B") + good[n + 1 :] for n in range(len(good))]
    wrong += [good[:-1], good + "=", good.upper(), sign(body, "geheim"), sign(body + b" "), "\u00e9", "=" * 300]

    for signature in wrong:
        answer = send(shop, tracker, body=body, signature=signature.encode())
        assert answer.status_code == 401, signature
    assert send(shop, tracker, body=body[:-1] + b" ", signature=good).status_code == 401
    assert shop.post(f"/v1/trackers/{tracker}", content=body).status_code == 401
    assert scans(shop) == ()


def test_the_newer_header_of_aftership_is_understood(shop):
    body = orjson.dumps(AFTERSHIP)
    signed = {"as-signature-hmac-sha256": aftership_signature(body)}

    assert shop.post("/v1/trackers/aftership", content=body, headers=signed).json()["accepted"] == 3


@pytest.mark.parametrize("tracker", SIGNED)
def test_without_a_secret_nothing_is_taken(tmp_path, tracker):
    with open_shop(tmp_path) as shop:
        answer = send(shop, tracker, signature=SIGNED[tracker][1](b"", ""))
        assert answer.status_code == 404
        assert f"PARCELCAST_{tracker.upper()}_SECRET" in answer.json()["detail"]


@pytest.mark.parametrize("tracker", SIGNED)
@pytest.mark.parametrize("event", [None, [], {}, {"msg": []}, {"msg": {"checkpoints": "abc"}}, {"result": 1}, "text"])
def test_events_about_other_things_are_taken_and_left(shop, tracker, event):
    answer = send(shop, tracker, body=orjson.dumps(event))

    assert (answer.status_code, answer.json()["received"]) == (200, 0)


@pytest.mark.parametrize("tracker", SIGNED)
def test_a_signed_body_that_is_no_json_is_told(shop, tracker):
    for body in (b"", b"{", b"\xff", b"[" * 100_000):
        assert send(shop, tracker, body=body).status_code == 400


@pytest.mark.parametrize("tracker", SIGNED)
@pytest.mark.parametrize("value", [None, 7, 1e300, True, "", " ", "\ud800", "\0", "x" * 10_000, [], {}, [[]]])
def test_no_value_of_a_field_fails_or_holds_others_back(shop, tracker, value):
    event = copy.deepcopy(SIGNED[tracker][2])
    told = event["msg"]["checkpoints"] if tracker == "aftership" else event["result"]["tracking_details"]
    good = told[0]
    for name in good:
        told.append({**good, name: value})
    body = json.dumps(event).encode()  # orjson would refuse halves of characters

    answer = send(shop, tracker, body=body)

    assert answer.status_code == 200, answer.text
    assert answer.json()["received"] == len(told)
    assert any(scan.raw_code in {"InTransit_003", "in_transit/arrived_at_facility"} for scan in scans(shop))


@pytest.mark.parametrize("tracker", SIGNED)
def test_more_checkpoints_than_a_parcel_has_are_refused_as_a_whole(shop, tracker):
    event = copy.deepcopy(SIGNED[tracker][2])
    told = event["msg"]["checkpoints"] if tracker == "aftership" else event["result"]["tracking_details"]
    told[1:] = [{}] * (MAX_CHECKPOINTS - 1)

    assert send(shop, tracker, event).json()["accepted"] == 1
    told.append({})
    answer = send(shop, tracker, event)
    assert answer.status_code == 422
    assert f"at most {MAX_CHECKPOINTS}" in answer.json()["detail"]
    assert len(refused(shop)) == MAX_CHECKPOINTS - 1


@pytest.mark.parametrize("tracker", SIGNED)
def test_large_webhooks_are_read_beside_other_answers(shop, tracker, monkeypatch):
    seen = []
    read = getattr(endpoints, f"{tracker}_rows")

    def noticed(*told):
        seen.append(get_ident())
        return read(*told)

    monkeypatch.setattr(endpoints, f"{tracker}_rows", noticed)
    event = copy.deepcopy(SIGNED[tracker][2])
    send(shop, tracker, {**event, "more": ""})
    send(shop, tracker, {**event, "more": "x" * QUICK_BYTES})

    here = shop.portal.call(get_ident)
    assert seen[0] == here
    assert seen[1] != here


@pytest.mark.parametrize("tracker", SIGNED)
def test_a_tracker_that_goes_away_is_nobodys_mistake_here(shop, tracker, caplog):
    messages = iter([{"type": "http.request", "body": b'{"msg":', "more_body": True}, {"type": "http.disconnect"}])
    path = f"/v1/trackers/{tracker}"
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [], "root_path": ""}
    sent = []

    async def receive():
        return next(messages)

    async def send_(message):
        sent.append(message)

    shop.portal.call(shop.asgi, {**scope, "raw_path": path.encode()}, receive, send_)

    assert sent[0]["status"] == 400
    assert "unexpected" not in caplog.text


def test_neither_secrets_nor_names_nor_numbers_are_logged_or_kept(shop, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    for tracker in SIGNED:
        send(shop, tracker)
        send(shop, tracker, signature=b"wrong")
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    told = "\n".join(record.getMessage() + (record.exc_text or "") for record in ours)
    for secret in (SECRET, "Mustermann", "Tester", "00340434161094000001", "9400110200881234567890"):
        assert secret not in told
    assert SECRET not in repr(shop.services.settings)
    with shop.services.database.reading() as connection:
        kept = str(connection.exec_driver_sql("select content, problem from refused").all())
    assert "Mustermann" not in kept
