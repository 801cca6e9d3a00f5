"""What the pages show in JSON is what the server takes and tells."""

import base64
import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from parcelcast.alerts import AlertPolicy, Tier, alert_data, decide
from serving.alerts.answers import Feed
from serving.alerts.wording import Wording
from serving.webhooks.signing import headers, new_secret, rotated
from serving.worker.policies import Policies
from tests.docs.pages import dated, page
from tests.parcelcast.alerts.situations import AWAKE, situation
from tests.parcelcast.tracking.reports import hours
from tests.serving.shop import open_shop

AT_ONCE = {"default": {"quiet_hours": None, "confirm_grace_hours": 0}}
ALERTS = page("docs/alerts.md")
_CURL = re.compile(r"curl (?:-s )?http://127\.0\.0\.1:8000(/\S+) .*?-d '(\{.*?\})'$", re.DOTALL | re.MULTILINE)


def asked(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Paths and bodies of the curl commands of a page; the shell's dates are those of 23 November 2026."""
    return [(path, json.loads(body)) for block in page(name).blocks() for path, body in _CURL.findall(dated(block))]


def shape(told: Any) -> Any:
    """Names of objects at all depths, without values."""
    return {name: shape(value) for name, value in told.items()} if isinstance(told, dict) else None


def test_the_question_of_the_page_on_promises_is_answered(shop):
    [(path, question)] = asked("docs/api.md")
    response = shop.post(path, json=question)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert [option["service"] for option in answer["options"]] == ["standard", "express"]
    assert all("{countdown}" in option["countdown_text"] for option in answer["options"])
    assert answer["notes"] == []


def test_the_parcel_of_the_page_on_scans_is_taken_with_its_promise(shop):
    parcel, _ = map(json.loads, page("docs/scans.md").blocks("json"))
    promise = shop.promise()
    assert len(parcel["promise_id"]) == len(promise["promise_id"])
    response = shop.post("/v1/shipments", json={**parcel, "promise_id": promise["promise_id"]})
    assert response.status_code == 200, response.text
    assert response.json()["promised_on"] == promise["options"][0]["promised"]


def test_a_new_a_known_and_an_impossible_scan_are_told_as_the_page_says(shop):
    _, told = map(json.loads, page("docs/scans.md").blocks("json"))
    scan = {"carrier": "dpd", "tracking_number": "1", "raw_code": "03", "occurred_at": "2026-11-23T07:42:10+01:00"}
    answer = shop.post("/v1/scans", json=[scan, scan, {**scan, "occurred_at": "yesterday"}]).json()
    refusal = told.pop("refusals")[0]
    assert answer.items() >= told.items()
    assert (answer["refusals"][0]["index"], answer["refusals"][0]["pointer"]) == (refusal["index"], refusal["pointer"])


def test_the_example_of_a_receiver_can_be_followed(tmp_path):
    steps = asked("examples/notifier/README.md")
    assert [path for path, _ in steps] == ["/v1/webhooks", "/v1/shipments", "/v1/scans"]
    with open_shop(tmp_path, webhook_targets_allowed=("127.0.0.0/8",)) as shop:
        for path, body in steps:
            response = shop.post(path, json=body)
            assert response.status_code in {200, 201}, response.text
        parcel = shop.get("/v1/shipments/parcel-4711").json()
    assert (parcel["stage"], parcel["promise"]["promised_on"]) == ("line_haul", "2026-11-21")


def test_an_alert_has_the_fields_that_the_page_shows():
    shown = json.loads(ALERTS.blocks("json")[0])
    texts = shown.pop("texts")
    assert all(set(text) == {"subject", "body"} for text in texts.values())
    now = situation(hours(30), 0.9, causes={"carrier": 1, "holiday": 1})
    data = alert_data(now, decide(now, (), AWAKE, now.progress.as_of).changes[0], AWAKE)
    assert shape(shown) == shape(data)
    assert sum(shown["cause"]["days"].values()) == shown["slip_days"]


def test_variables_of_templates_exist(tmp_path):
    [told] = [term for term in ALERTS.terms if term.startswith("type, order_id")]
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "apology.txt").write_text(
        "Subject\n\n" + "".join(f"{{{{ {name} }}}}" for name in told.split(", "))
    )
    now = situation(hours(30), 0.9, locale="en")
    data = alert_data(now, decide(now, (), AWAKE, now.progress.as_of).changes[0], AWAKE)
    assert set(Wording(tmp_path).texts(data)) == {"apology"}


def test_policies_are_read_as_the_pages_write_them():
    tiers = AlertPolicy.from_dict(json.loads(ALERTS.blocks("json")[1])).compensation
    assert [tier.tier for tier in tiers] == ["voucher-20", "voucher-5", "kind-words"]
    assert tiers[1] == Tier("voucher-5", 2, parties=frozenset({"warehouse", "carrier"}))
    [threshold] = [term for term in ALERTS.terms if term.startswith('{"open_at"')]
    assert AlertPolicy.from_dict({"thresholds": {"any": json.loads(threshold)}}).threshold("line_haul").sure_at == 0.9
    for name in ("README.md", "examples/notifier/README.md"):
        [at_once] = re.findall(r"^echo '(\{.*\})' > \S*at-once.json$", page(name).text, re.MULTILINE)
        assert json.loads(at_once) == AT_ONCE
    Policies(AT_ONCE)


def test_a_page_of_the_feed_has_the_fields_that_are_shown():
    [shown] = map(json.loads, page("docs/webhooks.md").blocks("json"))
    assert set(shown) == set(Feed.model_fields)


@pytest.mark.parametrize("skew_s", [0, 301])
def test_the_receiver_on_the_page_checks_signatures(skew_s):
    [source] = page("docs/webhooks.md").blocks("python")
    names: dict[str, Any] = {"base64": base64, "hmac": hmac}
    exec(source, names)  # noqa: S102 - the page is ours
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    old = new_secret(bytes(32))
    secrets = rotated((old,), bytes(range(32)), now)
    signed = headers("01KAFAKE0000000000000000EV", b"{}", secrets, now)
    is_fresh = skew_s <= 300
    for secret in secrets:
        assert names["verify"](signed, b"{}", secret.text, now.timestamp() + skew_s) is is_fresh
    assert not names["verify"](signed, b"{} ", old.text, now.timestamp())
