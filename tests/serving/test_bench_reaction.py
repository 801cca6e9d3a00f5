"""The measurement from a scan to its alert, on a small scale."""

from pathlib import Path

from serving.bench.scans.paced import Delays
from serving.bench.scans.reaction import Reaction, measure_reaction


def test_every_alarming_scan_is_measured_until_its_alert(tmp_path: Path) -> None:
    found = measure_reaction(f"sqlite:///{tmp_path}/p.sqlite", tmp_path / "none", 40, 1.5, parcels=10)

    assert found.expected == len(found.delays.alerts) == 3
    assert len(found.delays.answers) == 60
    assert found.delays.failures == 0
    assert min(found.delays.alerts) > 0
    assert found.model == "none"
    assert found.by_model == 0.0


def test_the_goal_is_missed_when_alerts_are_late_or_missing_or_the_pace_is_not_kept() -> None:
    def met(alerts: list[float], seconds: float = 10.0, failures: int = 0) -> bool:
        return Reaction(50, Delays([0.01] * 500, alerts, failures, seconds, 0.1), 2, "m").is_met

    assert met([0.5, 1.9])
    assert not met([0.5, 2.1])
    assert not met([0.5])
    assert not met([0.5, 1.9], seconds=12.0)
    assert not met([0.5, 1.9], failures=1)
