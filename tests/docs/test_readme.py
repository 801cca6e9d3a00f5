"""What the README tells newcomers to send is taken as it stands there."""

import json
import re
import time

from tests.docs.pages import dated, page
from tests.docs.test_requests import AT_ONCE
from tests.serving.shop import open_shop

README = dated(page("README.md").text)
_CURL = re.compile(r"^curl localhost:8000(\S+) -H \"Authorization[^\n]*?(?: -d '(.*?)')?$", re.DOTALL | re.MULTILINE)


def test_the_questions_of_the_readme_are_answered(tmp_path):
    asked = _CURL.findall(README)
    assert [path for path, _ in asked] == [
        "/v1/promises", "/v1/shipments", "/v1/scans", "/v1/shipments/p-1", "/v1/alerts",
    ]  # fmt: skip
    (tmp_path / "at-once.json").write_text(json.dumps(AT_ONCE))

    with open_shop(tmp_path, worker=True, alert_policies=tmp_path / "at-once.json") as shop:
        answers = [
            shop.post(path, content=body, headers={"content-type": "application/json"}) if body else shop.get(path)
            for path, body in asked
        ]
        alerts = _alerts_within(shop, 10.0)

    assert [(one.status_code, one.text) for one in answers if one.status_code != 200] == []
    promise, registered, scanned, parcel, _ = (one.json() for one in answers)
    assert promise["options"][0]["promised"]
    assert promise["notes"] == []
    assert registered["shipment_id"] == parcel["shipment_id"] == "p-1"
    assert (scanned["accepted"], scanned["unknown_codes"]) == (1, 0)
    assert (parcel["stage"], parcel["promise"]["delay_risk"]) == ("out_for_delivery", 1.0)
    assert [(alert["subject"], alert["type"]) for alert in alerts] == [("p-1", "parcelcast.delay.confirmed")]


def _alerts_within(shop, seconds):
    deadline = time.monotonic() + seconds
    while not (alerts := shop.get("/v1/alerts").json()["events"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alerts
