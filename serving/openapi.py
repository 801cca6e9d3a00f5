"""The OpenAPI document, completed with what FastAPI cannot know."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.alerts.answers import EXAMPLE_ALERT
from serving.problems import Problem
from serving.reports.attainment import EXAMPLE_ATTAINMENT
from serving.reports.calibration_answers import EXAMPLE_CALIBRATION
from serving.reports.carriers import EXAMPLE_CARRIERS
from serving.scans.rows import ROW, SCHEMA_NAME
from serving.webhooks.answers import EXAMPLE_NEW_WEBHOOK, EXAMPLE_WEBHOOK

EXAMPLES = {"PromiseAnswer": "promises", "ShipmentAnswer": "tracking"}
# FastAPI leaves nulls out of examples that models declare themselves.
EXAMPLES_WITH_NULLS = {
    "Alert": EXAMPLE_ALERT,
    "Webhook": EXAMPLE_WEBHOOK,
    "NewWebhookAnswer": EXAMPLE_NEW_WEBHOOK,
    "AttainmentReport": EXAMPLE_ATTAINMENT,
    "CalibrationReport": EXAMPLE_CALIBRATION,
    "CarriersReport": EXAMPLE_CARRIERS,
}
DESCRIPTION = """\
Delivery dates that hold with a stated probability.

Dates are local to the destination unless a field says otherwise; instants are UTC. Errors are RFC 9457 problem
documents. A shop asks with a key of scope `promises:write`, shows promises again with `promises:read`; parcels and
scans need `parcels:write` and `parcels:read`, alerts and webhooks `alerts:write` and `alerts:read`.
"""


def install_openapi(app: FastAPI) -> None:
    """Let the application describe itself; the document is made once, when it is first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas.update({**problem.pop("$defs", {}), "Problem": problem})
            schemas[SCHEMA_NAME] = ROW.json_schema()
            for name, folder in EXAMPLES.items():
                example = Path(__file__).with_name(folder) / "answer_example.json"
                schemas[name]["examples"] = [json.loads(example.read_text(encoding="utf-8"))]
            for name, told in EXAMPLES_WITH_NULLS.items():
                schemas[name]["examples"] = [told]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
