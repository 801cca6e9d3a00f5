"""What an operator sees: the queue, the worker, deliveries, in JSON and for Prometheus."""

import re

from tests.serving.shop import Shop, open_shop
from tests.serving.worker.depot import Depot


def _depot(shop: Shop) -> Depot:
    depot = Depot(shop.services.database)
    depot.clock = shop.clock
    depot.bundle = shop.source.published
    return depot


def test_readiness_tells_what_waits(shop):
    depot = _depot(shop)
    depot.register("p1", "p2")

    told = shop.get("/readyz").json()

    assert told["status"] == "ready"
    assert told["database"] == {
        "status": "ok",
        "error": None,
        "queue": {"awaited": 2, "due": 2, "failing": 0, "oldest_due_at": "2026-11-23T09:00:05Z"},
        "deliveries": {"pending": 0, "due": 0, "dead": 0, "oldest_due_at": None},
    }
    assert told["worker"] == {"status": "off", "last_round_at": None, "last_error": None}
    assert told["dispatch"]["status"] == "off"


def test_a_worker_in_the_server_tells_of_itself(tmp_path):
    with open_shop(tmp_path, worker=True) as shop:
        told = shop.get("/readyz").json()
        assert told["worker"]["status"] == "working"
        assert (told["dispatch"]["status"], told["dispatch"]["bus"]) == ("working", "off")
        assert "parcelcast_worker_up 1" in shop.get("/metrics").text


def test_the_metrics_are_numbers_with_a_type(shop):
    depot = _depot(shop)
    depot.bundle.forecaster.slower_days = 9
    depot.worker = depot.another_worker()
    depot.register("p1")
    depot.scan("p1", "handed_over")
    depot.rounds()

    response = shop.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    samples = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+(\{type="[a-z._]+"\})? [0-9.e+-]+', sample) for sample in samples)
    assert {re.split(r"[ {]", sample)[0] for sample in samples} == typed
    assert 'parcelcast_alerts_open{type="delay.predicted"} 1' in samples
    assert "parcelcast_parcels_awaited 1" in samples
    assert "parcelcast_parcels_due 0" in samples


def test_the_age_of_the_histories_is_told_by_the_servers_clock(shop):
    shop.clock.set("2026-12-01T23:59:00+00:00")
    assert "parcelcast_bundle_age_days 11\n" in shop.get("/metrics").text
    assert shop.get("/readyz").json()["bundle"]["age_days"] == 11

    shop.clock.set("2026-11-19T12:00:00+00:00")
    assert "parcelcast_bundle_age_days 0\n" in shop.get("/metrics").text


def test_scans_are_counted_once_and_again(shop):
    row = {"shipment_id": "S1", "code": "hub_arrival", "occurred_at": "2026-11-23T08:00:00Z"}
    for _ in range(3):
        assert shop.post("/v1/scans", json=row).status_code == 200

    told = shop.get("/metrics").text

    assert "parcelcast_scans_accepted_total 1\n" in told
    assert "parcelcast_scans_duplicate_total 2\n" in told
