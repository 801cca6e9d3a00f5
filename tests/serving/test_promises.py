"""`POST /v1/promises` for one product: the days that shops get wrong."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from parcelcast.shipment import Carrier
from serving.promises.answers import PromiseAnswer
from tests.serving.fakes import KRANICH, FakeBundle, FakeSource
from tests.serving.shop import PRODUCT, Shop, open_shop


def to(country: str, postal_code: str) -> dict[str, Any]:
    return {"destination": {"country": country, "postal_code": postal_code}}


def codes(answer: dict[str, Any]) -> set[str]:
    return {note["code"] for note in answer["notes"]}


def check_adds_up(answer: dict[str, Any]) -> None:
    """Hold an answer against the documented schema and against itself."""
    PromiseAnswer.model_validate_json(PromiseAnswer.model_validate(answer).model_dump_json())
    ordered_on = date.fromisoformat(answer["ordered_on"])
    for option in answer["options"]:
        for told in (option, *option["parcels"]):
            days = [told[name] for name in ("earliest", "likely", "promised")]
            if None not in days:
                assert days[0] <= days[1]
            if told["promised"] is not None:
                promised = date.fromisoformat(told["promised"])
                assert ordered_on + timedelta(sum(reason["days"] for reason in told["reasons"])) == promised
            named = [day for day in told["percentiles"].values() if day is not None]
            assert named == sorted(named)
        cdf = option["distribution"]["cdf"]
        assert cdf == sorted(cdf)


def test_a_product_gets_a_promise_that_explains_itself(shop: Shop) -> None:
    answer = shop.promise(deliver_by="2026-11-27", locale="en")
    check_adds_up(answer)
    option = answer["options"][0]
    assert option["order_by"] == "2026-11-23T13:00:00Z"
    assert (option["dispatch_on"], option["likely"], option["promised"]) == ("2026-11-23", "2026-11-25", "2026-11-28")
    assert option["confidence"] >= 0.9 > option["on_time_probability"]
    assert option["basis"] == "model"
    assert option["evidence"] == {"level": "lane", "parcels": 120.0}
    assert option["text"] == "Delivered by Saturday, 28 November if ordered by Monday, 23 November, 14:00"
    assert option["countdown_text"] == "Order within {countdown}, delivered by Saturday, 28 November"
    assert [parcel["items"] for parcel in option["parcels"]] == [["sneaker"]]
    assert answer["model"]["version"] == "fake-1"
    assert answer["valid_until"] == "2026-11-23T10:00:00Z"


def test_an_order_at_the_cutoff_leaves_a_working_day_later(shop: Shop) -> None:
    shop.clock.set("2026-11-23T13:59:59.999+01:00")
    before = shop.option()
    shop.clock.set("2026-11-23T14:00:00+01:00")
    after = shop.option()
    assert (before["order_by"], before["dispatch_on"]) == ("2026-11-23T13:00:00Z", "2026-11-23")
    assert (after["order_by"], after["dispatch_on"]) == ("2026-11-24T13:00:00Z", "2026-11-24")
    assert after["likely"] > before["likely"]


def test_an_order_on_a_sunday_leaves_on_monday(shop: Shop) -> None:
    option = shop.option(ordered_at="2026-11-22T10:00:00+01:00")
    assert option["dispatch_on"] == "2026-11-23"
    assert next(reason["days"] for reason in option["reasons"] if reason["kind"] == "warehouse") == 1


def test_no_promise_names_a_sunday_or_a_regional_holiday(shop: Shop) -> None:
    # Epiphany, Wednesday 6 January 2027, is a holiday in Bavaria and not in Berlin.
    munich = shop.promise({**PRODUCT, **to("DE", "80331")}, ordered_at="2027-01-04T09:00:00+01:00")
    berlin = shop.promise({**PRODUCT, **to("DE", "10115")}, ordered_at="2027-01-04T09:00:00+01:00")
    assert "2027-01-06" not in str(munich["options"])
    assert "2027-01-06" in str(berlin["options"])
    closed = {"2027-01-10", "2027-01-17", "2027-01-24"}
    for answer in (munich, berlin):
        check_adds_up(answer)
        assert not closed & set(answer["options"][0]["percentiles"].values())


def test_an_order_on_23_december_is_not_promised_for_christmas(shop: Shop) -> None:
    answer = shop.promise(ordered_at="2026-12-23T10:00:00+01:00", deliver_by="2026-12-24", locale="de")
    check_adds_up(answer)
    option = answer["options"][0]
    assert option["dispatch_on"] == "2026-12-23"
    assert option["on_time_probability"] < 0.2
    assert not {"2026-12-25", "2026-12-26", "2026-12-27", "2027-01-01"} & set(option["percentiles"].values())
    assert next(reason["days"] for reason in option["reasons"] if reason["kind"] == "closed_days") >= 3


@pytest.mark.parametrize(
    ("ordered_at", "ordered_on", "order_by"),
    [
        ("2027-03-28T01:59:59+01:00", "2027-03-28", "2027-03-30T12:00:00Z"),  # before the hour that does not exist
        ("2027-03-28T03:00:00+02:00", "2027-03-28", "2027-03-30T12:00:00Z"),  # after it; 29 March is Easter Monday
        ("2026-10-25T02:30:00+02:00", "2026-10-25", "2026-10-26T13:00:00Z"),  # the first of two half past twos
        ("2026-10-25T02:30:00+01:00", "2026-10-25", "2026-10-26T13:00:00Z"),  # the second
        ("2026-10-24T23:59:59+02:00", "2026-10-24", "2026-10-26T13:00:00Z"),
    ],
)
def test_the_nights_of_the_clock_changes_have_the_right_day(
    shop: Shop, ordered_at: str, ordered_on: str, order_by: str
) -> None:
    answer = shop.promise(ordered_at=ordered_at)
    check_adds_up(answer)
    assert (answer["ordered_on"], answer["options"][0]["order_by"]) == (ordered_on, order_by)


def test_the_hour_that_comes_twice_has_two_windows(shop: Shop) -> None:
    shop.clock.set("2026-10-25T02:30:00+02:00")
    assert shop.promise()["valid_until"] == "2026-10-25T01:00:00Z"
    shop.clock.set("2026-10-25T02:30:00+01:00")
    assert shop.promise()["valid_until"] == "2026-10-25T02:00:00Z"


def test_a_shopper_far_away_reads_dates_of_the_own_calendar(shop: Shop) -> None:
    # Sunday evening in Sao Paulo is Monday in Leipzig; the shopper's day counts, the warehouse's cut-off holds.
    answer = shop.promise({**PRODUCT, **to("BR", "01310-100")}, ordered_at="2026-11-22T22:30:00-03:00", locale="pt-BR")
    check_adds_up(answer)
    assert answer["ordered_on"] == "2026-11-22"
    assert answer["destination"]["time_zone"] == "America/Sao_Paulo"
    option = answer["options"][0]
    assert (option["order_by"], option["dispatch_on"]) == ("2026-11-23T13:00:00Z", "2026-11-23")
    assert option["text"].endswith("segunda-feira, 23 de novembro, 10:00")


def test_a_city_stands_in_for_an_unknown_postal_code(shop: Shop) -> None:
    answer = shop.promise({**PRODUCT, "destination": {"country": "DE", "postal_code": "?", "city": "MÜNCHEN"}})

    assert answer["destination"] == {
        "country": "DE", "region": "BY", "time_zone": "Europe/Berlin", "precision": "city",
    }  # fmt: skip
    assert [note["code"] for note in answer["notes"]] == ["postal_code_unknown"]


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (("XX", "12345"), {"country_unknown"}),
        (("ZZ", ""), {"country_unknown"}),
        (("DE", "nonsense"), {"postal_code_unknown"}),
        (("DE", ""), {"postal_code_unknown"}),
        (("DE", "80331"), set()),
    ],
)
def test_unknown_destinations_are_answered_and_noted(
    shop: Shop, destination: tuple[str, str], expected: set[str]
) -> None:
    answer = shop.promise({**PRODUCT, **to(*destination)})
    check_adds_up(answer)
    assert codes(answer) == expected
    assert answer["options"][0]["promised"] is not None


def test_an_unknown_carrier_or_service_is_answered_and_noted(shop: Shop) -> None:
    answer = shop.promise(options=[{"carrier": "nobody"}, {"carrier": "kranich", "service": "teleport"}])
    check_adds_up(answer)
    assert codes(answer) == {"carrier_unknown", "service_unknown"}
    assert [option["evidence"]["level"] for option in answer["options"]] == ["all", "lane"]
    assert "the days of carrier nobody are not known" in answer["notes"][0]["detail"]


def test_without_options_a_carrier_without_services_is_answered_too(tmp_path: Path) -> None:
    carriers = {"kranich": KRANICH, "dpd": Carrier("dpd")}
    with open_shop(tmp_path, source=FakeSource(FakeBundle(carriers=carriers))) as shop:
        options = shop.promise(options=None)["options"]
    assert [(option["carrier"], option["service"]) for option in options] == [
        ("kranich", "standard"), ("kranich", "express"), ("dpd", None),
    ]  # fmt: skip


def test_an_unknown_origin_is_answered_and_noted_and_can_be_defined(shop: Shop) -> None:
    item = {"id": "lamp", "origins": ["store-graz"]}
    assumed = shop.promise(items=[item])
    assert codes(assumed) == {"origin_unknown"}
    defined = shop.promise(
        items=[item],
        origins=[{"id": "store-graz", "country": "AT", "postal_code": "8010", "cutoff": "18:00", "weekdays": [5]}],
    )
    check_adds_up(defined)
    assert codes(defined) == set()
    assert defined["options"][0]["dispatch_on"] == "2026-11-28"
    twice = shop.post("/v1/promises", json={**PRODUCT, "origins": [{"id": "a", "country": "AT"}] * 2})
    assert (twice.status_code, "twice" in twice.json()["detail"]) == (422, True)


def test_without_any_bundle_quotes_and_the_calendar_answer(tmp_path: Path) -> None:
    with open_shop(tmp_path, source=FakeSource(published=None)) as shop:
        quoted = shop.promise(options=[{"carrier": "kranich", "quoted_days": 2}, {"carrier": "kranich"}])
        check_adds_up(quoted)
        assert [option["basis"] for option in quoted["options"]] == ["carrier_quote", "policy"]
        assert "no_history" in codes(quoted)
        assert quoted["model"] == {"version": "none", "as_of": None, "calendar": quoted["model"]["calendar"]}
        bare = shop.promise({"destination": {"country": "DE", "postal_code": "80331"}, "items": [{}]})
        check_adds_up(bare)
        assert len(bare["options"]) == 1


def test_a_costly_delay_buys_a_later_promise(shop: Shop) -> None:
    careless = shop.option(policy={"cost_per_day": 5, "cost_of_lateness": 10})
    careful = shop.option(policy={"cost_per_day": 0.1, "cost_of_lateness": 100})
    assert careless["promised"] < careful["promised"]
    surer = shop.option(policy={"service_level": 0.99})
    assert surer["confidence"] >= 0.99
    assert surer["promised"] > shop.option()["promised"]


def test_every_known_service_is_an_option_unless_some_are_named(shop: Shop) -> None:
    question = {name: value for name, value in PRODUCT.items() if name != "options"}
    answer = shop.promise(question)
    assert [(option["carrier"], option["service"]) for option in answer["options"]] == [
        ("kranich", "standard"),
        ("kranich", "express"),
        ("postfuchs", "standard"),
    ]


def test_a_promise_is_shown_again_byte_for_byte_whatever_happened_since(shop: Shop) -> None:
    first = shop.post("/v1/promises", json=PRODUCT)
    shop.clock.set("2027-06-01T12:00:00Z")
    path = f"/v1/promises/{first.json()['promise_id']}"
    assert shop.get(path).content == first.content
    assert shop.get(path.lower()).content == first.content
    record = shop.get(f"{path}/record").json()
    assert record["inputs"].encode() == first.request.content
    assert record["model_version"] == "fake-1"
    assert record["policy"]["service_level"] == 0.9
    missing = shop.get("/v1/promises/01KAFAKE0000000000000000ZZ")
    assert missing.status_code == 404
    assert missing.json()["type"] == "urn:parcelcast:problem:not-found"


def test_promises_survive_a_restart(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        first = shop.post("/v1/promises", json=PRODUCT)
    with open_shop(tmp_path) as shop:
        assert shop.get(f"/v1/promises/{first.json()['promise_id']}").content == first.content
