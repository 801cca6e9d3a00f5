"""The OpenAPI document, where it says more than FastAPI knows."""

from typing import Any

import pytest

from serving.delivery_dates.answers import DeliveryDate
from serving.promises.answers import PromiseAnswer
from serving.promises.requests import PromiseRequest
from tests.serving.shop import Shop
from tests.serving.test_promises import check_adds_up


@pytest.fixture
def document(shop: Shop) -> dict[str, Any]:
    return shop.get("/openapi.json").json()


def test_every_example_fits_what_it_is_an_example_of(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for model in (PromiseAnswer, PromiseRequest, DeliveryDate):
        examples = schemas[model.__name__]["examples"]
        assert examples
        for example in examples:
            model.model_validate(example, strict=False)
    check_adds_up(schemas["PromiseAnswer"]["examples"][0])


def test_the_examples_can_be_asked(shop: Shop, document: dict[str, Any]) -> None:
    for question in document["components"]["schemas"]["PromiseRequest"]["examples"]:
        assert shop.post("/v1/promises", json=question).status_code == 200


def test_every_refusal_is_documented_as_a_problem(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            for answer in refusals.values():
                assert list(answer["content"]) == ["application/problem+json"], path
            assert ("401" in refusals) == path.startswith("/v1/")
            assert bool(operation.get("security")) == path.startswith("/v1/")
