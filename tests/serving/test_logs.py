"""What must never be in a log."""

import logging

import pytest

from parcelcast.shipment import Shipment
from tests.serving.shop import PRODUCT, Shop


def test_neither_keys_nor_addresses_are_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop.promise()
    shop.post("/v1/promises", json={**PRODUCT, "locale": 7})
    shop.get("/v1/delivery-date?country=DE&postal_code=80331")
    shop.key = "pck_000000000000_" + "ab" * 32
    shop.promise_status = shop.post("/v1/promises", json=PRODUCT).status_code
    # The test's own client and event loop log too; only the application's words count.
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    told = "\n".join(record.getMessage() + (record.exc_text or "") for record in ours)
    for secret in ("80331", "pck_", "ab" * 32, "127.0.0.1"):
        assert secret not in told


def test_a_failure_is_logged_by_route_and_kind(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, shipments: list[Shipment]) -> None:
        raise RuntimeError(shipments[0].destination.postal_code)

    monkeypatch.setattr(shop.source.published.forecaster.__class__, "forecast", broken)
    assert shop.post("/v1/promises", json=PRODUCT).status_code == 500
    assert "unexpected RuntimeError on POST /v1/promises" in caplog.text
    assert "forecast" in caplog.text  # where it happened
    assert "80331" not in caplog.text
