"""Who may call what."""

import pytest

from tests.serving.shop import PRODUCT, READ_KEY, WRITE_KEY, Shop

DATE = "/v1/delivery-date?country=DE&postal_code=80331"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic abc", READ_KEY])
def test_without_a_known_key_nothing_is_answered(shop: Shop, header: str | None) -> None:
    shop.key = None
    headers = {} if header is None else {"authorization": header}
    for response in (
        shop.post("/v1/promises", json=PRODUCT, headers=headers),
        shop.get("/v1/promises/01KAFAKE0000000000000000ZZ", headers=headers),
        shop.get(DATE, headers=headers),
        shop.post("/v1/admin/reload", headers=headers),
    ):
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["content-type"] == "application/problem+json"


def test_each_call_needs_its_own_scope(shop: Shop) -> None:
    shop.key = WRITE_KEY
    answer = shop.post("/v1/promises", json=PRODUCT)
    assert answer.status_code == 200
    promise = f"/v1/promises/{answer.json()['promise_id']}"
    assert [shop.get(promise).status_code, shop.get(DATE).status_code] == [403, 403]
    shop.key = READ_KEY
    assert [shop.get(promise).status_code, shop.get(DATE).status_code] == [200, 200]
    assert shop.post("/v1/promises", json=PRODUCT).status_code == 403
    refused = shop.post("/v1/admin/reload")
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:parcelcast:problem:forbidden"
    assert "admin" in refused.json()["detail"]


def test_an_answer_in_memory_is_not_given_to_an_unknown_caller(shop: Shop) -> None:
    assert shop.post("/v1/promises", json=PRODUCT).status_code == 200
    shop.key = None
    assert shop.post("/v1/promises", json=PRODUCT).status_code == 401
    shop.key = READ_KEY
    assert shop.post("/v1/promises", json=PRODUCT).status_code == 403


def test_health_needs_no_key(shop: Shop) -> None:
    shop.key = None
    assert shop.get("/healthz").json() == {"status": "ok"}
    assert shop.get("/readyz").status_code == 200
    assert shop.get("/openapi.json").status_code == 200
