import pytest

from parcelcast.errors import InputError
from pipelines.featurebench.bench import Results, bench, report
from pipelines.featurebench.data import make_part
from pipelines.featurebench.measure import MEASUREMENTS


def told(seconds: float, **more: object) -> dict[str, object]:
    return {"seconds": seconds, "cpu_seconds": seconds, "peak_bytes": 2e9, "days": 10, **more}


RESULTS = Results(
    100,
    {
        "read": told(1.0, rows={"shipments": 100, "scans": 900}),
        "read again": told(2.0),
        "full": told(10.0),
        "day": told(0.5, cold_seconds=3.0),
        "lanes": told(4.0),
        "pandas": told(60.0),
    },
    {50: told(5.0), 100: told(10.0), 200: told(20.0)},
)


def test_the_report_says_what_is_met_and_what_is_missed():
    lines = report(RESULTS).splitlines()
    verdicts = {line.split("  ")[0]: line.split()[-1] for line in lines if line.endswith(("met", "MISSED"))}
    assert verdicts == {
        "full build / bare read": "met",
        "pandas / engine, same families": "met",
        "peak memory of the full build, GB": "met",
        "one more day / full build": "MISSED",
        "growth exponent of the full build": "met",
    }
    assert any("growth exponent" in line and " 1.000 " in line for line in lines)


def test_too_few_shipments_are_refused(tmp_path):
    with pytest.raises(InputError, match="3 shipments; expected at least 4"):
        bench(3, tmp_path, lambda *_: None)


def test_every_measurement_does_its_work(tmp_path):
    part = tmp_path / "part"
    make_part(1, 200, part)
    found = {name: measure([part], tmp_path / "store") for name, measure in MEASUREMENTS.items()}
    assert found["read"]["rows"]["shipments"] > 100
    assert (found["full"]["days"], found["day"]["days"]) == (found["lanes"]["days"], 1)
    assert found["pandas"]["rows"] > 0
    assert all(one["seconds"] > 0 for one in found.values())
