"""What is refused, and how it is said."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.serving.shop import PRODUCT, Shop, open_shop


def ask(shop: Shop, content: bytes, **headers: str) -> Any:
    return shop.post("/v1/promises", content=content, headers={"content-type": "application/json", **headers})


def changed(path: tuple[str | int, ...], value: Any) -> bytes:
    question = orjson.loads(orjson.dumps(PRODUCT))
    place = question
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return orjson.dumps(question)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("items", 0, "weight_g"), -1),
        (("items", 0, "weight_g"), 2_000_001),
        (("items", 0, "weight_g"), "900"),
        (("items", 0, "weight_g"), 10**400),
        (("items", 0, "quantity"), 0),
        (("items", 0, "quantity"), 1.5),
        (("items", 0, "quantity"), True),
        (("items", 0, "length_mm"), 0),
        (("items", 0, "value"), -0.01),
        (("items", 0, "handling_days"), 61),
        (("items", 0, "handling_days"), -1),
        (("items", 0, "origins"), []),
        (("items", 0, "origins"), "wh-leipzig"),
        (("items", 0, "id"), ""),
        (("items", 0, "id"), "line\nbreak"),
        (("items", 0, "id"), 7),
        (("items", 0, "colour"), "red"),
        (("items",), []),
        (("items",), {}),
        (("items",), [{}] * 10_000),
        (("destination", "country"), "Germany"),
        (("destination", "country"), "D3"),
        (("destination", "country"), 49),
        (("destination", "country"), None),
        (("destination", "postal_code"), 80331),
        (("destination", "postal_code"), "8" * 17),
        (("destination",), None),
        (("ordered_at",), "2026-11-23T10:00:00"),
        (("ordered_at",), "1999-12-31T23:59:59Z"),
        (("ordered_at",), "9999-12-31T23:59:59-12:00"),
        (("ordered_at",), "0001-01-01T00:00:00+14:00"),
        (("ordered_at",), 1_790_000_000),
        (("ordered_at",), "yesterday"),
        (("deliver_by",), "2026-13-01"),
        (("deliver_by",), 20261124),
        (("deliver_by",), "9999-12-31"),
        (("planned_dispatch_on",), "0001-01-01"),
        (("policy",), {}),
        (("policy",), {"service_level": 1}),
        (("policy",), {"service_level": 0.9, "cost_per_day": 1}),
        (("policy",), {"cost_per_day": 1}),
        (("policy",), {"cost_per_day": -1, "cost_of_lateness": 1}),
        (("locale",), "x" * 36),
        (("split",), "maybe"),
        (("currency",), "euro"),
        (("options",), []),
        (("options", 0, "quoted_days"), 91),
        (("options", 0, "delivery_mode"), "drone"),
        (("origins",), [{"id": "a", "country": "DE", "time_zone": "Mars/Olympus"}]),
        (("origins",), [{"id": "a", "country": "DE", "cutoff": "25:00"}]),
        (("origins",), [{"id": "a", "country": "DE", "cutoff": "14:00+01:00"}]),
        (("origins",), [{"id": "a", "country": "DE", "weekdays": []}]),
        (("origins",), [{"id": "a", "country": "DE", "weekdays": [7]}]),
    ],
)
def test_values_that_cannot_be_used_are_refused_with_their_place(
    shop: Shop, path: tuple[str | int, ...], value: Any
) -> None:
    try:
        content = changed(path, value)
    except TypeError:  # numbers that orjson does not write
        content = changed(path, -12345678901234).replace(b"-12345678901234", str(value).encode())
    response = ask(shop, content)
    assert response.status_code in {413, 422}
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    if response.status_code == 422:
        pointer = "".join(f"/{step}" for step in path)
        assert any(found["pointer"].startswith(pointer) for found in problem["errors"]), problem
        assert len(problem["errors"]) <= 20
        assert len(response.content) < 8_000


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"nonsense", b"[1, 2", b'{"a": 1} {"b": 2}', b"\xff\xfe", b"[" * 60_000, b'{"a":' * 9_000,
     b'{"destination": ' + b"9" * 5_000 + b"}"],
)  # fmt: skip
def test_what_is_not_json_is_refused(shop: Shop, content: bytes) -> None:
    response = ask(shop, content)
    assert response.status_code in ({422} if content == b"" else {400})
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_are_none_are_refused(shop: Shop, number: bytes) -> None:
    response = ask(shop, changed(("items", 0, "weight_g"), 123456).replace(b"123456", number))
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/items/0/weight_g"


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\\u0000"', b'"\\n"'])
def test_text_that_cannot_be_told_back_is_refused(shop: Shop, text: bytes) -> None:
    response = ask(shop, changed(("items", 0, "id"), "MARK").replace(b'"MARK"', text))
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/items/0/id"


def test_a_body_of_another_type_is_refused(shop: Shop) -> None:
    for path in ("/v1/promises", "/v1/shipments", "/v1/webhooks"):
        form = {"content-type": "application/x-www-form-urlencoded"}  # curl's, unless told otherwise
        refused = shop.post(path, content=orjson.dumps(PRODUCT), headers=form)
        assert (refused.status_code, refused.json()["type"]) == (415, "urn:parcelcast:problem:unsupported-media-type")
        assert "expected application/json" in refused.json()["detail"]
    assert ask(shop, orjson.dumps(PRODUCT), **{"content-type": "application/json; charset=utf-8"}).status_code == 200


def test_a_body_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with open_shop(tmp_path, max_body_bytes=1_000) as shop:
        padded = orjson.dumps(PRODUCT) + b" " * 900
        announced = ask(shop, padded)
        assert (announced.status_code, announced.json()["title"]) == (413, "Content Too Large")

        async def in_pieces():
            for start in range(0, len(padded), 100):
                yield padded[start : start + 100]

        assert shop.post("/v1/promises", content=in_pieces()).status_code == 413
        assert ask(shop, orjson.dumps(PRODUCT)).status_code == 200


def test_unknown_paths_and_methods_are_problems_too(shop: Shop) -> None:
    missing = shop.get("/v2/promises")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:parcelcast:problem:not-found")
    wrong = shop.call("DELETE", "/v1/promises")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.json()["title"] == "Method Not Allowed"


def test_an_unforeseen_failure_is_a_problem_without_details(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("80331 is secret")

    monkeypatch.setattr(shop.source.published.forecaster.__class__, "forecast", broken)
    response = ask(shop, orjson.dumps(PRODUCT))
    assert response.status_code == 500
    assert response.json()["type"] == "urn:parcelcast:problem:internal-error"
    assert "80331" not in response.text


def test_other_sites_may_call_only_when_they_are_on_the_list(tmp_path: Path) -> None:
    with open_shop(tmp_path, cors_origins=("https://shop.example",)) as shop:
        asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
        assert (
            shop.call("OPTIONS", "/v1/promises", headers=asked).headers["access-control-allow-origin"]
            == asked["origin"]
        )
        told = shop.post("/v1/promises", json=PRODUCT, headers={"origin": "https://shop.example"})
        assert told.headers["access-control-allow-origin"] == "https://shop.example"
        other = shop.post("/v1/promises", json=PRODUCT, headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
