"""A worker in a process of its own, and what it is composed of."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parcelcast.errors import InputError
from parcelcast.settings import Settings
from serving.background import background_of, texts_of
from serving.bundles import Bundles
from serving.main import environment_of
from tests.serving.fakes import FakeSource
from tests.serving.test_outages import eventually


def _settings(folder: Path, url: str) -> Settings:
    return Settings(
        bundle=folder / "none",
        database=url,
        alert_policies=folder / "policies.json",
        alert_texts=folder / "texts",
    )


def test_a_worker_works_until_it_is_asked_to_stop(depot, database_url, tmp_path):
    depot.clock.now = datetime.now(UTC)  # the process has a clock of its own
    depot.register("p1")
    environment = {**os.environ, **environment_of(_settings(tmp_path, database_url))}
    with subprocess.Popen([sys.executable, "-m", "serving.worker.main"], env=environment) as process:
        try:
            eventually(lambda: depot.history("p1"), patience=60)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert depot.stated("p1").model_version == "none"


def test_policies_that_cannot_be_used_stop_the_start(depot, tmp_path):
    settings = _settings(tmp_path, "sqlite:///unused")
    settings.alert_policies.write_text('{"default": {"precision": 7}}')

    with pytest.raises(InputError, match="precision"):
        background_of(settings, depot.database, Bundles(FakeSource(), depot.clock), depot.clock, os.urandom, works=True)


def test_a_merchants_texts_take_the_place_of_ours_and_a_broken_one_holds_up_no_alert(depot, tmp_path, caplog):
    folder = tmp_path / "en"
    folder.mkdir()
    (folder / "apology.txt").write_text("Dear friend\n\nOrder {{ order_id }} is late.")
    depot.worker = depot.another_worker(texts=texts_of(tmp_path))
    depot.bundle.forecaster.slower_days = 9
    depot.register("p1", locale="en-GB")
    depot.scan("p1", "handed_over")
    depot.rounds()
    (folder / "apology.txt").write_text("Dear {{ name }}")
    depot.worker = depot.another_worker(texts=texts_of(tmp_path))
    depot.register("p2", locale="en-GB")
    depot.scan("p2", "handed_over")
    depot.rounds()

    first, second = depot.events()

    assert first["data"]["texts"]["apology"] == {"subject": "Dear friend", "body": "Order order-p1 is late.\n"}
    assert second["data"]["texts"] == {}
    assert "cannot be made" in caplog.text
    assert "order-p2" not in caplog.text
