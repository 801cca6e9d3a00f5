"""What must never be in a log: keys, numbers, postal codes, texts."""

import logging

import orjson

from serving.errors import StoreUnavailableError
from serving.scans import recorder
from tests.serving.scans.reports import PARCEL, row, send, stream


def test_neither_keys_nor_numbers_nor_addresses_are_logged(shop, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    shop.post("/v1/shipments", json=PARCEL)
    shop.post("/v1/shipments", json={**PARCEL, "recipient": "Erika Mustermann"})
    send(shop, [row(), row(code="no"), row(raw_text="left with Erika Mustermann", place="Leipzig")])
    stream(shop, orjson.dumps(row()) + b"\n{" + b"x" * 70_000)

    def broken(*_):
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(recorder, "keep", broken)
    send(shop, row())
    monkeypatch.setattr(recorder, "keep", lambda *_: 1 / 0)
    assert send(shop, row(place="Leipzig")).status_code == 500

    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    told = "\n".join(record.getMessage() + (record.exc_text or "") for record in ours)
    assert "the disk is full" in told
    for secret in ("0159001", "80331", "Mustermann", "Leipzig", "pck_", shop.key):
        assert secret not in told
