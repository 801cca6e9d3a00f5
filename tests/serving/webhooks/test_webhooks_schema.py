"""Schemathesis against webhooks and alerts that exist: what is answered is what the OpenAPI document says."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from sqlalchemy import update

from serving.alerts.answers import EXAMPLE_EVENT, Alert, Feed
from serving.stores.events import PREFIX
from serving.stores.schema import alerts
from serving.webhooks.answers import NewWebhookAnswer, Webhook
from serving.webhooks.requests import NewWebhook, Replay, WebhookChange
from tests.serving.shop import ALL_KEY, Shop, open_shop
from tests.serving.stores.outbox import DELAY, event, tell
from tests.serving.test_schemathesis import BEYOND_SCHEMAS
from tests.serving.webhooks.receiver import LOCAL

URL = {"url": "http://127.0.0.1:8099/hook"}
OPERATIONS = [
    "GET /v1/alerts",
    "GET /v1/alerts/{alert_id}",
    "POST /v1/alerts/{alert_id}/acknowledge",
    "GET /v1/webhooks",
    "GET /v1/webhooks/{endpoint_id}",
    "PATCH /v1/webhooks/{endpoint_id}",
    "DELETE /v1/webhooks/{endpoint_id}",
    "POST /v1/webhooks/{endpoint_id}/rotate",
    "POST /v1/webhooks/{endpoint_id}/test",
    "POST /v1/webhooks/{endpoint_id}/replay",
    "GET /v1/webhooks/{endpoint_id}/deliveries",
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("schema"), webhook_targets_allowed=LOCAL) as shop:
        told = [event(number, data=EXAMPLE_EVENT["data"]) for number in range(3)]
        tell(shop.services.database, told, shop.clock())
        with shop.services.database.writing() as connection:
            connection.execute(update(alerts).values(type=DELAY.removeprefix(PREFIX)))
        yield shop


@pytest.mark.parametrize("label", OPERATIONS)
def test_answers_of_what_exists_are_documented(shop: Shop, label: str) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", shop.asgi)
    [operation] = [found.ok() for found in schema.get_all_operations() if found.ok().label == label]
    statuses = []

    def existing() -> str:
        found = shop.get("/v1/webhooks").json()["webhooks"]
        webhook = next((one for one in found if one["state"] == "enabled"), None)
        return (webhook or shop.post("/v1/webhooks", json=URL).json())["endpoint_id"]

    @settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def check(case: schemathesis.Case) -> None:
        known: dict[str, Any] = {"endpoint_id": existing(), "alert_id": event(1).alert_id}
        case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
        response = case.call(headers={"Authorization": f"Bearer {ALL_KEY}"})
        statuses.append(response.status_code)
        is_beyond = response.status_code == 422 and re.search(BEYOND_SCHEMAS, response.text) is not None
        excluded = [positive_data_acceptance] if is_beyond else []
        case.validate_response(response, excluded_checks=[*excluded, negative_data_rejection])

    check()
    assert any(200 <= status < 300 for status in statuses)


def test_every_example_fits_what_it_is_an_example_of(shop: Shop) -> None:
    schemas = shop.get("/openapi.json").json()["components"]["schemas"]
    for model in (Feed, Alert, Webhook, NewWebhookAnswer, NewWebhook, WebhookChange, Replay):
        examples = schemas[model.__name__]["examples"]
        assert examples
        for example in examples:
            model.model_validate_json(json.dumps(example))
