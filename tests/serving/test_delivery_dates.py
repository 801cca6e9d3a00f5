"""`GET /v1/delivery-date`: one line that browsers and networks may keep."""

import pytest

from serving.delivery_dates.answers import DeliveryDate
from tests.serving.fakes import FakeBundle, FakeForecaster
from tests.serving.shop import Shop

PATH = "/v1/delivery-date"
QUERY = {"country": "DE", "postal_code": "80331", "origin": "wh-leipzig", "carrier": "kranich", "service": "standard"}


def max_age(response) -> int:
    return int(response.headers["cache-control"].removeprefix("public, max-age="))


def test_the_line_says_what_the_promise_says(shop: Shop) -> None:
    line = shop.get(PATH, params={**QUERY, "weight_g": 900})
    DeliveryDate.model_validate(line.json())
    option = shop.option()
    for name in ("order_by", "dispatch_on", "earliest", "likely", "promised", "confidence", "basis", "text"):
        assert line.json()[name] == option[name]


def test_it_may_be_kept_until_the_answer_could_change(shop: Shop) -> None:
    shop.clock.set("2026-11-23T13:20:30+01:00")
    first = shop.get(PATH, params=QUERY)
    assert max_age(first) == 39 * 60 + 30  # the cut-off is at 14:00
    assert first.headers["vary"].startswith("Accept-Language")
    shop.clock.set("2026-11-23T13:59:59.500+01:00")
    assert max_age(shop.get(PATH, params=QUERY)) == 0
    shop.clock.set("2026-11-23T10:20:00+01:00")
    assert max_age(shop.get(PATH, params=QUERY)) == 40 * 60  # the next hour comes before the cut-off


def test_a_current_copy_is_confirmed_without_a_body(shop: Shop) -> None:
    first = shop.get(PATH, params=QUERY)
    tag = first.headers["etag"]
    for named in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        confirmed = shop.get(PATH, params=QUERY, headers={"if-none-match": named})
        assert (confirmed.status_code, confirmed.content) == (304, b"")
        assert confirmed.headers["etag"] == tag
        assert max_age(confirmed) == max_age(first)
    assert shop.get(PATH, params=QUERY, headers={"if-none-match": '"other"'}).status_code == 200


def test_the_tag_changes_with_the_answer_and_not_before(shop: Shop) -> None:
    before = shop.get(PATH, params=QUERY).headers["etag"]
    shop.clock.set("2026-11-23T10:30:00+01:00")
    assert shop.get(PATH, params=QUERY).headers["etag"] == before
    shop.clock.set("2026-11-23T14:00:00+01:00")
    after = shop.get(PATH, params=QUERY, headers={"if-none-match": before})
    assert (after.status_code, after.headers["etag"] == before) == (200, False)
    shop.source.publish(FakeBundle("fake-2", FakeForecaster(slower_days=3)))
    shop.post("/v1/admin/reload")
    reloaded = shop.get(PATH, params=QUERY, headers={"if-none-match": after.headers["etag"]})
    assert reloaded.status_code == 200
    assert reloaded.json()["promised"] > after.json()["promised"]


def test_everybody_gets_the_same_promise_and_it_is_kept(shop: Shop) -> None:
    first = shop.get(PATH, params=QUERY)
    again = shop.get(PATH, params=QUERY)
    assert again.headers["promise-id"] == first.headers["promise-id"]
    kept = f"/v1/promises/{first.headers['promise-id']}"
    assert shop.get(kept).content == first.content
    assert "postal_code=80331" in shop.get(f"{kept}/record").json()["inputs"]


def test_the_language_of_the_browser_has_its_own_copy(shop: Shop) -> None:
    english = shop.get(PATH, params=QUERY, headers={"accept-language": "en"})
    german = shop.get(PATH, params=QUERY, headers={"accept-language": "de"})
    assert german.json()["text"].startswith("Lieferung bis")
    assert german.headers["etag"] != english.headers["etag"]
    assert shop.get(PATH, params={**QUERY, "locale": "fr"}).json()["text"].startswith("Livraison")


def test_without_a_carrier_the_first_known_service_is_meant(shop: Shop) -> None:
    line = shop.get(PATH, params={"country": "DE", "postal_code": "80331"}).json()
    assert (line["carrier"], line["service"]) == ("kranich", "standard")


@pytest.mark.parametrize(
    "change",
    [{"country": "Germany"}, {"country": ""}, {"weight_g": "-1"}, {"weight_g": "nan"}, {"weight_g": "heavy"},
     {"colour": "red"}, {"deliver_by": "tomorrow"}, {"deliver_by": "9999-12-31"}, {"service_level": "1"},
     {"origin": [f"o{n}" for n in range(17)]}],
)  # fmt: skip
def test_a_query_that_cannot_be_used_is_refused(shop: Shop, change: dict[str, object]) -> None:
    refused = shop.get(PATH, params={**QUERY, **change})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith("query/")


def test_a_wish_for_a_day_is_answered_with_its_probability(shop: Shop) -> None:
    line = shop.get(PATH, params={**QUERY, "deliver_by": "2026-11-27", "service_level": "0.5"}).json()
    assert 0 < line["on_time_probability"] < 1
    assert line["promised"] == line["likely"]
