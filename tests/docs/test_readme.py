"""What the README tells newcomers to send is taken as it stands there."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
_CURL = re.compile(r"^curl localhost:8000(\S+) -H \"Authorization[^\n]*?(?: -d '(.*?)')?$", re.DOTALL | re.MULTILINE)


def test_the_questions_of_the_readme_are_answered(shop):
    asked = _CURL.findall(README.read_text(encoding="utf-8"))
    assert [path for path, _ in asked] == ["/v1/promises", "/v1/shipments", "/v1/scans", "/v1/shipments/p-1"]

    answers = [
        shop.post(path, content=body, headers={"content-type": "application/json"}) if body else shop.get(path)
        for path, body in asked
    ]

    assert [(one.status_code, one.text) for one in answers if one.status_code != 200] == []
    promise, registered, scanned, parcel = (one.json() for one in answers)
    assert promise["options"][0]["promised"]
    assert promise["notes"] == []
    assert registered["shipment_id"] == parcel["shipment_id"] == "p-1"
    assert (scanned["accepted"], scanned["unknown_codes"]) == (1, 0)
    assert (parcel["stage"], parcel["promise"]["delay_risk"]) == ("out_for_delivery", 1.0)
