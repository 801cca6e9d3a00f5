"""Rows of scans as clients tell them, and what became of them."""

from typing import Any

import httpx
import orjson

from serving.stores.parcels import StoredParcel, read_parcels
from tests.serving.shop import Shop

PARCEL: dict[str, Any] = {
    "shipment_id": "S-1",
    "order_id": "O-1",
    "carrier": "dpd",
    "tracking_numbers": [{"tracking_number": "0159001"}],
    "destination": {"country": "DE", "postal_code": "80331"},
    "ordered_at": "2026-11-20T10:00:00Z",
}


def row(**changes: Any) -> dict[str, Any]:
    told = {
        "carrier": "dpd",
        "tracking_number": "0159001",
        "occurred_at": "2026-11-22T10:00:00+01:00",
        "code": "hub_arrival",
        "facility_id": "dpd-0141",
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not ...}


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        row(occurred_at=f"2026-11-22T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z", **changes) for n in range(count)
    ]


def send(shop: Shop, body: Any, **request: Any) -> httpx.Response:
    """Send JSON values, or bytes as they are."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"content-type": "application/json", **request.pop("headers", {})}
    return shop.post("/v1/scans", content=content, headers=headers, **request)


def stream(shop: Shop, content: Any, **headers: str) -> httpx.Response:
    return shop.post("/v1/scans", content=content, headers={"content-type": "application/x-ndjson", **headers})


def parcel(shop: Shop, shipment_id: str = "S-1") -> StoredParcel:
    with shop.services.database.reading() as connection:
        return read_parcels(connection, [shipment_id])[shipment_id]


def refused(shop: Shop) -> list[tuple[str, bytes]]:
    """Return the problem and the content of everything that was set aside."""
    with shop.services.database.reading() as connection:
        found = connection.exec_driver_sql("select problem, content from refused order by seq")
        return [(problem, bytes(content)) for problem, content in found]


def counts(answer: httpx.Response) -> tuple[int, int, int, int]:
    """Return how many rows were received, accepted, known already and refused."""
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["received"], told["accepted"], told["duplicates"], told["refused"]


def timeline(shop: Shop) -> list[dict[str, Any]]:
    return shop.get("/v1/shipments/S-1").json()["timeline"]
