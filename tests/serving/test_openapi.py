"""The OpenAPI document, where it says more than FastAPI knows."""

from typing import Any

import pytest

from serving.delivery_dates.answers import DeliveryDate
from serving.promises.answers import PromiseAnswer
from serving.promises.requests import PromiseRequest
from serving.reports.attainment import AttainmentReport
from serving.reports.calibration_answers import CalibrationReport
from serving.reports.carriers import CarriersReport
from serving.tracking.answers import ShipmentAnswer
from tests.serving.shop import Shop
from tests.serving.test_promises import check_adds_up

ANSWERS = (PromiseAnswer, PromiseRequest, DeliveryDate, ShipmentAnswer)
REPORTS = (AttainmentReport, CalibrationReport, CarriersReport)


@pytest.fixture
def document(shop: Shop) -> dict[str, Any]:
    return shop.get("/openapi.json").json()


def test_every_example_fits_what_it_is_an_example_of(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for model in (*ANSWERS, *REPORTS):
        examples = schemas[model.__name__]["examples"]
        assert examples
        for example in examples:
            model.model_validate(example, strict=False)
    check_adds_up(schemas["PromiseAnswer"]["examples"][0])
    _check_history(schemas["ShipmentAnswer"]["examples"][0])


def _check_history(parcel: dict[str, Any]) -> None:
    for entry in parcel["history"]:
        assert sum(reason["days"] for reason in entry["reasons"]) == entry["days"]
    assert sum(entry["days"] for entry in parcel["history"]) == sum(cause["days"] for cause in parcel["causes"])


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
            signed = path.startswith("/v1/trackers/")  # in place of an API key
            assert bool(operation.get("security")) == (path.startswith("/v1/") and not signed)


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/alerts/{alert_id}", "/v1/webhooks/{endpoint_id}/deliveries"])
def test_what_leaves_in_time_says_so(document: dict[str, Any], path: str) -> None:
    assert "PARCELCAST_KEEP_DAYS" in document["paths"][path]["get"]["description"]
