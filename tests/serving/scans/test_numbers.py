"""Whose scans they are: by number, by the parcel's id, and by the other names of a carrier."""

import orjson
import pytest

from parcelcast.tracking.absorbing import absorb
from tests.serving.scans.reports import PARCEL, counts, parcel, row, send, stream, timeline


def test_a_scan_by_id_has_its_carriers_code_table_and_place_in_the_report(shop):
    by_id = {"tracking_number": ..., "shipment_id": "S-1", "carrier": " DPD", "code": ...}
    told = [row(**by_id, raw_code="3"), row(**by_id, raw_code="never seen")]
    answer = send(shop, [*told, row(code=..., raw_code="never heard")])

    assert (counts(answer), answer.json()["unknown_codes"]) == ((3, 3, 0, 0), 2)
    assert next((scan.code, scan.map_version) for scan in parcel(shop).scans) == ("out_for_delivery", "dpd-1")
    assert [(one["carrier"], one["scans"]) for one in shop.get("/v1/reports/codes").json()["carriers"]] == [("dpd", 2)]


@pytest.mark.parametrize("registered", ["dhl_paket", "dhl-germany"])
def test_a_carrier_may_be_named_as_trackers_spell_it(registered, shop):
    number = {"carrier": registered, "tracking_number": "0034"}
    assert shop.post("/v1/shipments", json={**PARCEL, "shipment_id": "S-2", "tracking_numbers": [number]}).is_success
    event = {"tracking_number": "0034", "code": ..., "raw_code": "dlvrd"}
    by_id = {**event, "tracking_number": ..., "shipment_id": "S-2"}
    told = [row(**event, carrier=name) for name in ("DHL Paket", "dhl-germany", "DHLPaket", "dhl_paket")]

    assert counts(send(shop, [*told, row(**by_id, carrier="dhl-germany")])) == (5, 2, 3, 0)
    (scan,) = absorb(parcel(shop, "S-2").scans)
    assert (scan.carrier, scan.code, scan.map_version) == ("dhl_paket", "delivered", "dhl_paket-1")


def test_a_scan_may_name_its_parcel_by_id(shop):
    assert counts(send(shop, row(carrier=..., tracking_number=..., shipment_id="S-1"))) == (1, 1, 0, 0)
    assert len(parcel(shop).scans) == 1


BY_ID = {"carrier": ..., "tracking_number": ..., "shipment_id": "S-1"}


def test_an_event_by_number_and_by_id_is_in_the_timeline_once(shop):
    by_number, *by_id = row(), row(**BY_ID), row(**BY_ID | {"carrier": "DPD"})

    assert counts(send(shop, [by_id[0], by_number, by_id[1]])) == (3, 2, 1, 0)
    assert counts(stream(shop, orjson.dumps(by_id[1]))) == (1, 0, 1, 0)
    (entry,) = timeline(shop)
    assert entry["number"] == {"carrier": "dpd", "tracking_number": "0159001"}
    assert counts(send(shop, row(**BY_ID, code="delivered", replaces=entry["scan_id"]))) == (1, 1, 0, 0)
    assert counts(send(shop, row(code="delivered", replaces=entry["scan_id"]))) == (1, 1, 0, 0)
    assert [entry["code"] for entry in timeline(shop)] == ["delivered"]


def test_a_scan_by_id_is_its_parcels_alone_whoever_else_gets_the_number(shop):
    send(shop, row(**BY_ID, code="delivered"))
    other = {**PARCEL, "shipment_id": "S-9", "tracking_numbers": PARCEL["tracking_numbers"]}
    assert shop.post("/v1/shipments", json=other).is_success

    assert shop.get("/v1/shipments/S-9").json()["timeline"] == []


def test_strays_by_number_and_by_id_are_one_scan_once_their_parcel_is_there(shop):
    other = {"carrier": "gls", "tracking_number": "7"}
    send(shop, [row(**other), row(**BY_ID | {"shipment_id": "S-2"})])
    assert shop.post("/v1/shipments", json={**PARCEL, "shipment_id": "S-2", "tracking_numbers": [other]}).is_success

    assert len(shop.get("/v1/shipments/S-2").json()["timeline"]) == 1
