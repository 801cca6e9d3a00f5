"""`POST /v1/shipments` over HTTP."""

import copy

import pytest

from serving.shipments.requests import EXAMPLE, MAX_BODY_BYTES, MAX_PARCELS, ParcelRequest
from serving.stores.parcels import id_number, read_parcels
from tests.serving.shop import READ_KEY


def parcel(**changes):
    return {**copy.deepcopy(EXAMPLE), **changes}


def stored(shop, shipment_id=EXAMPLE["shipment_id"]):
    with shop.services.database.reading() as connection:
        return read_parcels(connection, [shipment_id]).get(shipment_id)


def test_a_parcel_is_registered_and_told_again_changes_nothing(shop):
    first = shop.post("/v1/shipments", json=parcel())
    kept = stored(shop)
    shop.clock.set("2026-11-24T10:00:00Z")
    again = shop.post("/v1/shipments", json=parcel())

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["numbers"] == [{"carrier": "kranich", "tracking_number": "KR01596812"}]
    assert stored(shop) == kept
    assert kept.facts.destination_postal_code == "80331"
    assert id_number(EXAMPLE["shipment_id"]) in kept.numbers


def test_a_list_is_answered_by_a_list(shop):
    told = [parcel(shipment_id=f"S-{n}") for n in range(MAX_PARCELS)]

    answered = shop.post("/v1/shipments", json=told)

    assert answered.status_code == 200
    assert [one["shipment_id"] for one in answered.json()] == [one["shipment_id"] for one in told]


def test_changed_facts_take_the_place_of_old_ones_and_numbers_are_added(shop):
    shop.post("/v1/shipments", json=parcel())
    more = parcel(promised_on="2026-11-28", locale=None, tracking_numbers=[
        {"tracking_number": "kr1", "continues_as": {"carrier": "Post_AT", "tracking_number": "at 2"}}
    ])  # fmt: skip

    answer = shop.post("/v1/shipments", json=more).json()

    assert answer["promised_on"] == "2026-11-28"
    assert [one["tracking_number"] for one in answer["numbers"]] == ["KR01596812", "KR1", "AT2"]
    kept = stored(shop)
    assert kept.facts.locale == "de-DE"
    assert [(link.predecessor, link.successor) for link in kept.links] == [(("kranich", "KR1"), ("post_at", "AT2"))]
    assert shop.post("/v1/shipments", json=more).json() == answer


@pytest.mark.parametrize(
    ("then", "kept"),
    [
        ({"country": "de"}, ("de", "80331", "München")),
        ({"country": "DE", "city": "MÜNCHEN"}, ("DE", "80331", "MÜNCHEN")),
        ({"country": "DE", "postal_code": "10115"}, ("DE", "10115", "")),
        ({"country": "DE", "city": "Berlin"}, ("DE", "", "Berlin")),
        ({"country": "AT"}, ("AT", "", "")),
    ],
)
def test_what_is_left_out_of_a_destination_stays_unless_the_rest_is_another_place(shop, then, kept):
    shop.post("/v1/shipments", json=parcel(destination={"country": "DE"}))
    shop.post("/v1/shipments", json=parcel(destination={"country": "DE", "city": "München"}))
    shop.post("/v1/shipments", json=parcel(destination={"country": "DE", "postal_code": "80331"}))
    shop.post("/v1/shipments", json=parcel(destination=then))

    facts = stored(shop).facts
    assert (facts.destination_country, facts.destination_postal_code, facts.destination_city) == kept


def test_a_wrong_number_is_taken_back(shop):
    wrong = {"tracking_number": "kr 0159 6812"}
    shop.clock.set("2026-11-24T10:00:00Z")
    shop.post("/v1/shipments", json=parcel())
    scan = {"carrier": "kranich", "tracking_number": "KR01596812", "occurred_at": "2026-11-24T09:30:00+01:00"}
    shop.post("/v1/scans", json={**scan, "code": "delivered"})
    assert shop.get(f"/v1/shipments/{EXAMPLE['shipment_id']}").json()["status"] == "delivered"

    told = parcel(tracking_numbers=[{"tracking_number": "KR2"}], withdrawn_numbers=[wrong])
    answer = shop.post("/v1/shipments", json=told).json()

    assert answer["numbers"] == [{"carrier": "kranich", "tracking_number": "KR2"}]
    assert shop.post("/v1/shipments", json=told).json() == answer
    seen = shop.get(f"/v1/shipments/{EXAMPLE['shipment_id']}").json()
    assert (seen["status"], seen["timeline"]) == ("ordered", [])
    both = shop.post("/v1/shipments", json=parcel(withdrawn_numbers=[wrong]))
    assert "expected it in one of them" in both.json()["errors"][0]["detail"]


def test_the_promised_date_is_that_of_the_chosen_option(shop):
    question = {
        "destination": {"country": "DE", "postal_code": "80331"},
        "items": [{"id": "sneaker", "origins": ["wh-leipzig"]}],
        "options": [{"carrier": "kranich", "service": "standard"}, {"carrier": "kranich", "service": "express"}],
    }
    promise = shop.promise(question)
    dates = {option["service"]: option["promised"] for option in promise["options"]}
    assert dates["express"] != dates["standard"]

    told = parcel(promised_on=None, promise_id=promise["promise_id"].lower(), service="express")
    assert shop.post("/v1/shipments", json=told).json()["promised_on"] == dates["express"]

    unclear = shop.post("/v1/shipments", json={**told, "service": None})
    assert unclear.status_code == 422
    assert "fit 2 of the promise's options" in unclear.json()["detail"]


def test_a_promise_for_a_product_page_names_its_date_too(shop):
    page = shop.get("/v1/delivery-date?country=DE&postal_code=80331&origin=wh-leipzig&carrier=kranich&service=standard")
    assert page.status_code == 200, page.text
    told = parcel(promised_on=None, promise_id=page.headers["promise-id"])

    assert shop.post("/v1/shipments", json=told).json()["promised_on"] == page.json()["promised"]


def test_an_unknown_promise_is_told(shop):
    answer = shop.post("/v1/shipments", json=parcel(promised_on=None, promise_id="0" * 26))

    assert answer.status_code == 422
    assert "no promise has the id" in answer.json()["detail"]
    assert stored(shop) is None


@pytest.mark.parametrize("name", ["promised_on", "carrier_promised_on", "pickup_until", "planned_dispatch_on"])
@pytest.mark.parametrize("day", ["9999-12-31", "2100-01-01", "1999-12-31", "0001-01-01"])
def test_days_that_only_stand_for_a_date_are_pointed_at(shop, name, day):
    answer = shop.post("/v1/shipments", json=parcel(**{name: day}))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    assert "a year from 2000 to 2099" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"recipient": "Erika Mustermann"}, "/recipient"),
        ({"destination": {"country": "DE", "street": "Hauptstr. 1"}}, "/destination/street"),
        ({"ordered_at": "2026-11-23T10:00:00"}, "/ordered_at"),
        ({"tracking_numbers": [{"tracking_number": " "}]}, "/tracking_numbers/0/tracking_number"),
        ({"carrier": None}, ""),
        ({"carrier": None, "tracking_numbers": [], "withdrawn_numbers": [{"tracking_number": "KR1"}]}, ""),
        ({"order_value": 10**400}, "/order_value"),
        ({"shipment_id": "a\u0000b"}, "/shipment_id"),
    ],
)
def test_what_cannot_be_used_is_pointed_at(shop, change, pointer):
    one = shop.post("/v1/shipments", json=parcel(**change))
    several = shop.post("/v1/shipments", json=[parcel(shipment_id="S-2"), parcel(**change)])

    assert one.status_code == several.status_code == 422
    assert one.json()["errors"][0]["pointer"] == pointer
    assert several.json()["errors"][0]["pointer"] == f"/1{pointer}"
    assert stored(shop, "S-2") is None


def test_halves_of_characters_are_refused(shop):
    body = b'{"shipment_id": "\\ud800"}'
    answer = shop.post("/v1/shipments", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422


def test_too_many_and_too_much_are_refused(shop):
    assert shop.post("/v1/shipments", json=[parcel()] * (MAX_PARCELS + 1)).status_code == 422
    assert shop.post("/v1/shipments", json=[]).status_code == 422
    assert shop.post("/v1/shipments", content=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    assert shop.post("/v1/promises", content=b" " * 70_000).status_code == 413


def test_it_needs_the_scope_for_parcels(shop):
    shop.key = READ_KEY
    assert shop.post("/v1/shipments", json=parcel()).status_code == 403
    shop.key = None
    assert shop.post("/v1/shipments", json=parcel()).status_code == 401


def test_examples_are_valid():
    for example in ParcelRequest.model_config["json_schema_extra"]["examples"]:
        ParcelRequest.model_validate(example)
