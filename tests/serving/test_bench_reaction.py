"""The measurement from a scan to its alert, on a small scale."""

from collections.abc import Sequence
from pathlib import Path

from parcelcast.forecast import Forecast, quoted_forecast
from parcelcast.shipment import Shipment
from serving.bench.scans.paced import Delays
from serving.bench.scans.reaction import Reaction, measure_reaction
from serving.bench.scans.ways import ways_of
from tests.serving.fakes import KRANICH, FakeBundle, FakeForecaster, FakeSource


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


class KnowsKranich(FakeForecaster):
    """Has learned of one carrier alone."""

    def forecast(self, shipments: Sequence[Shipment]) -> list[Forecast]:
        told = super().forecast(shipments)
        return [
            forecast
            if one.carrier == KRANICH.carrier_id
            else quoted_forecast(one, KRANICH.delivery_calendar(one.destination))
            for one, forecast in zip(shipments, told, strict=True)
        ]


def test_parcels_take_the_ways_that_the_model_knows() -> None:
    ways = ways_of(FakeSource(FakeBundle(forecaster=KnowsKranich())))

    assert {(way["carrier"], way["service"]) for way in ways} == {("kranich", "standard"), ("kranich", "express")}
    assert len(ways) == 4 * 4 * 2  # from each origin to each, by both services
    assert {"country": "AT", "postal_code": "1010"} in [way["destination"] for way in ways]


def test_without_a_bundle_parcels_take_one_way() -> None:
    assert [way["carrier"] for way in ways_of(FakeSource(None))] == ["kranich"]
