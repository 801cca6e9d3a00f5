"""`POST /v1/promises` for carts: several items, origins, options, split or together."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.serving.fakes import FakeBundle, FakeSource, origin
from tests.serving.shop import PRODUCT, Shop, open_shop
from tests.serving.test_promises import check_adds_up


def item(name: str, *origins: str, **facts: Any) -> dict[str, Any]:
    return {"id": name, "origins": list(origins), **facts}


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_a_cart_is_there_when_its_last_parcel_is(shop: Shop) -> None:
    answer = shop.promise(items=[item("lamp", "wh-leipzig"), item("sofa", "wh-wien", weight_g=60_000)])
    check_adds_up(answer)
    option = answer["options"][0]
    order, parcels = option["order"], option["parcels"]
    assert order["parcels"] == 2
    assert order["all_by"]["promised"] == option["promised"] >= max(parcel["promised"] for parcel in parcels)
    assert order["first_by"]["promised"] <= min(parcel["promised"] for parcel in parcels)
    assert option["order_by"] == min(parcel["order_by"] for parcel in parcels)
    assert "2 parcels" in option["text"]


def test_items_that_one_origin_has_travel_in_one_parcel(shop: Shop) -> None:
    option = shop.option(items=[item("a", "wh-leipzig", "wh-koeln"), item("b", "wh-leipzig"), item("c", "wh-leipzig")])
    assert [(parcel["origin"], parcel["items"]) for parcel in option["parcels"]] == [("wh-leipzig", ["a", "b", "c"])]
    assert option["order"]["search"] == "exact"


def test_a_parcel_waits_for_the_item_that_takes_longest_and_a_split_says_what_it_gains(shop: Shop) -> None:
    items = [item("book", "wh-leipzig"), item("engraved", "wh-leipzig", handling_days=4)]
    option = shop.option(items=items)
    assert option["parcels"][0]["handling_days"] == 4
    others = {other["plan"]: other for other in option["order"]["alternatives"]}
    assert set(others) == {"together", "split"}
    assert others["split"]["parcels"] == 2
    assert others["split"]["first_by_days"] < 0 <= others["split"]["all_by_days"]
    assert others["together"] == {**others["together"], "parcels": 1, "first_by_days": 0, "all_by_days": 0}


def test_a_wished_split_is_answered_and_parcels_of_one_warehouse_share_fate(shop: Shop) -> None:
    items = [item("a", "wh-leipzig"), item("b", "wh-leipzig"), item("c", "wh-leipzig", handling_days=2)]
    option = shop.option(items=items, split="split")
    assert [parcel["items"] for parcel in option["parcels"]] == [["a"], ["b"], ["c"]]
    assert option["order"]["plan"] == "split"
    assert option["order"]["dependence"] == {"shared_fate": 0.4, "groups": [[0, 1], [2]]}
    assert {other["plan"] for other in option["order"]["alternatives"]} == {"auto", "together"}


def test_together_is_one_parcel_or_a_note_that_it_cannot_be(shop: Shop) -> None:
    possible = [item("a", "wh-leipzig", "wh-koeln"), item("b", "wh-koeln", "wh-wien")]
    option = shop.option(items=possible, split="together")
    assert [parcel["origin"] for parcel in option["parcels"]] == ["wh-koeln"]
    answer = shop.promise(items=[item("a", "wh-leipzig"), item("b", "wh-wien")], split="together")
    assert [note["code"] for note in answer["notes"]] == ["together_impossible"]
    assert len(answer["options"][0]["parcels"]) == 2


def test_candidate_origins_are_ranked_and_the_chosen_one_is_marked(shop: Shop) -> None:
    option = shop.option(items=[item("a", "wh-slow", "wh-wien", "wh-leipzig")])
    ranks = option["origins"]
    assert [found["rank"] for found in ranks] == [1, 2, 3]
    assert ranks[-1]["origin"] == "wh-slow"
    assert [found["origin"] for found in ranks if found["chosen"]] == [option["parcels"][0]["origin"]]
    promised = [day(found["promised"]) for found in ranks]
    assert promised == sorted(promised)


def test_thirty_items_from_four_origins_in_three_options(shop: Shop) -> None:
    origins = ["wh-leipzig", "wh-koeln", "wh-wien", "wh-slow"]
    items = [
        item(f"sku-{n}", *origins[n % 4 :], quantity=1 + n % 3, weight_g=500 + 100 * n, handling_days=n % 2)
        for n in range(30)
    ]
    answer = shop.promise(
        {"destination": {"country": "AT", "postal_code": "6020"}, "items": items},
        options=[{"carrier": "kranich", "service": "standard"}, {"carrier": "postfuchs"}, {}],
    )
    check_adds_up(answer)
    for option in answer["options"]:
        assert sorted(name for parcel in option["parcels"] for name in parcel["items"]) == sorted(
            found["id"] for found in items
        )
        assert option["order"]["search"] == "exact"


def test_the_largest_cart_is_answered_and_a_larger_one_is_refused(shop: Shop) -> None:
    question = {"destination": {"country": "DE"}, "options": [{}]}
    items = [{"origins": ["wh-leipzig", "wh-koeln"]} for _ in range(100)]
    assert shop.post("/v1/promises", json={**question, "items": items}).status_code == 200
    many = shop.post("/v1/promises", json={**question, "items": [*items, {}]})
    assert many.status_code == 422
    assert many.json()["errors"][0]["pointer"] == "/items"


def test_limits_on_origins_and_options_and_work_are_kept(shop: Shop) -> None:
    far = [f"store-{n}" for n in range(17)]
    refused = shop.post("/v1/promises", json={**PRODUCT, "items": [{"origins": far}]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/items/0/origins")
    spread = [{"origins": [f"store-{n}-{k}" for k in range(13)]} for n in range(5)]
    refused = shop.post("/v1/promises", json={**PRODUCT, "items": spread})
    assert (refused.status_code, "65 different origins" in refused.json()["detail"]) == (422, True)
    refused = shop.post("/v1/promises", json={**PRODUCT, "options": [{}] * 21})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/options")
    heavy = [{"origins": far[:16], "handling_days": n} for n in range(60)]
    refused = shop.post("/v1/promises", json={**PRODUCT, "items": heavy, "options": [{}] * 20})
    assert (refused.status_code, "forecasts" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize("known", [True, False])
def test_an_item_without_origins_may_come_from_anywhere_known(tmp_path: Path, *, known: bool) -> None:
    source = FakeSource() if known else FakeSource(published=None)
    with open_shop(tmp_path, source=source) as shop:
        ranks = shop.option(items=[{"id": "a"}])["origins"]
        expected = ["wh-koeln", "wh-leipzig", "wh-slow", "wh-wien"] if known else ["unknown"]
        assert sorted(found["origin"] for found in ranks) == expected


def test_in_a_marketplace_an_item_without_origins_comes_from_somewhere_and_is_told_to_name_one(tmp_path: Path) -> None:
    sellers = {f"seller-{n}": origin(f"seller-{n}", "DE", "04109") for n in range(17)}
    with open_shop(tmp_path, source=FakeSource(FakeBundle(origins=sellers))) as shop:
        [note] = shop.promise(items=[{"id": "a"}])["notes"]
        assert note["code"] == "origins_not_named"
        assert note["detail"].startswith("17 origins are known, at most 16 are candidates: ")
        both = shop.promise(items=[{"id": "a"}, item("b", "store-graz")])["notes"]
        assert [note["code"] for note in both] == ["origins_not_named", "origin_unknown"]


@pytest.mark.parametrize("sellers", [1, 17])
def test_items_without_origins_come_from_those_that_the_question_defines(tmp_path: Path, sellers: int) -> None:
    known = {f"seller-{n}": origin(f"seller-{n}", "DE", "04109") for n in range(sellers)}
    with open_shop(tmp_path, source=FakeSource(FakeBundle(origins=known))) as shop:
        answer = shop.promise(items=[{"id": "a"}, {"id": "b"}], origins=[{"id": "store-graz", "country": "AT"}])
    assert [found["origin"] for found in answer["options"][0]["origins"]] == ["store-graz"]
    assert answer["notes"] == []


def test_the_parcel_is_the_sum_of_its_items(shop: Shop) -> None:
    shop.source.published.forecaster.asked.clear()  # of the self-test
    box = {"weight_g": 400, "length_mm": 300, "width_mm": 200, "height_mm": 100, "value": 10, "category": "books"}
    asked = shop.source.published.forecaster.asked
    shop.option(items=[item("a", "wh-leipzig", quantity=3, **box), item("b", "wh-leipzig", **box)], currency="EUR")
    both = asked[0]
    assert (both.weight_g, both.item_count, both.order_value, both.currency) == (1600, 4, 40, "EUR")
    assert (both.length_mm, both.width_mm, both.height_mm) == (300, 200, 400)
    assert both.item_category == "books"
    asked.clear()
    shop.option(items=[item("a", "wh-leipzig", **box), item("b", "wh-leipzig", category="shoes")])
    assert (asked[0].weight_g, asked[0].item_category, asked[0].height_mm) == (None, None, None)
