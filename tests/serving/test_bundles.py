"""Which bundle answers: loaded whole, tested, rolled back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from parcelcast.distribution import DeliveryDistribution
from parcelcast.errors import ArtefactError, InputError
from parcelcast.forecast import Evidence, Forecast
from serving.bundle_sources import DirectorySource
from serving.bundles import Bundles
from tests.serving.fakes import FakeBundle, FakeForecaster, FakeSource
from tests.serving.shop import PRODUCT, READ_KEY, Shop, open_shop

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Hopeless(FakeForecaster):
    """Never delivers."""

    def forecast(self, shipments):
        return [
            Forecast(DeliveryDistribution(shipment.ordered_on, [0.1]), "model", Evidence("all", 1.0))
            for shipment in shipments
        ]


class TooFew(FakeForecaster):
    """Forgets one."""

    def forecast(self, shipments):
        return super().forecast(shipments)[1:]


class Refusing(FakeForecaster):
    """Cannot answer at all."""

    def forecast(self, shipments):
        raise InputError("no lanes")


def bundles_of(source: FakeSource) -> Bundles:
    return Bundles(source, lambda: NOW)


def test_a_new_bundle_is_swapped_in_once() -> None:
    source = FakeSource()
    bundles = bundles_of(source)
    assert bundles.current.bundle.version == "none"
    assert bundles.refresh()
    assert not bundles.refresh()
    source.publish(FakeBundle("fake-2"))
    assert bundles.refresh()
    assert (bundles.current.bundle.version, bundles.current.generation) == ("fake-2", 2)


@pytest.mark.parametrize(
    "broken",
    [
        ArtefactError("hash of model.txt differs"),
        OSError("gone"),
        FakeBundle("bad", Hopeless()),
        FakeBundle("bad", TooFew()),
        FakeBundle("bad", Refusing()),
    ],
)
def test_a_bundle_that_fails_its_self_test_changes_nothing(broken: FakeBundle | Exception) -> None:
    source = FakeSource()
    bundles = bundles_of(source)
    bundles.refresh()
    source.publish(broken)
    assert not bundles.refresh()
    assert (bundles.current.bundle.version, bundles.current.generation) == ("fake-1", 1)
    assert bundles.last_error
    assert not bundles.refresh()
    with pytest.raises(ArtefactError):
        bundles.refresh(force=True)
    source.publish(FakeBundle("fake-3"))
    assert bundles.refresh()
    assert bundles.last_error is None


def test_a_bundle_that_vanishes_goes_on_answering() -> None:
    source = FakeSource()
    bundles = bundles_of(source)
    bundles.refresh()
    source.published = None
    assert not bundles.refresh()
    assert bundles.current.bundle.version == "fake-1"
    with pytest.raises(ArtefactError, match="publish one first"):
        bundles.refresh(force=True)


def test_readiness_tells_which_bundle_answers_and_why_not_a_newer_one(shop: Shop) -> None:
    ready = shop.get("/readyz").json()
    assert (ready["status"], ready["last_error"]) == ("ready", None)
    assert ready["bundle"] == {
        "version": "fake-1",
        "as_of": "2026-11-20T00:00:00Z",
        "age_days": 3,
        "loaded_at": "2026-11-23T09:00:05Z",
    }
    shop.source.publish(ArtefactError("hash of model.txt differs"))
    failed = shop.post("/v1/admin/reload")
    assert (failed.status_code, failed.json()["type"]) == (503, "urn:parcelcast:problem:broken-artefact")
    told = shop.get("/readyz").json()
    assert told["status"] == "degraded"
    assert told["bundle"]["version"] == "fake-1"
    assert "hash of model.txt differs" in told["last_error"]
    assert shop.promise()["model"]["version"] == "fake-1"
    shop.source.publish(FakeBundle("fake-2"))
    assert shop.post("/v1/admin/reload").json()["version"] == "fake-2"
    assert shop.promise()["model"]["version"] == "fake-2"
    shop.key = READ_KEY
    assert shop.post("/v1/admin/reload").status_code == 403


def test_that_there_is_no_bundle_is_logged_once_with_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundles = Bundles(DirectorySource(tmp_path / "none"), lambda: NOW)
    assert [bundles.refresh(), bundles.refresh()] == [False, False]
    assert bundles.last_error is not None
    assert bundles.last_error.startswith(f"no bundle at {tmp_path / 'none'}: answers rest on quotes and calendars;")
    assert caplog.messages == [bundles.last_error]


def test_a_server_without_a_bundle_says_that_it_is_degraded(tmp_path: Path) -> None:
    with open_shop(tmp_path, source=FakeSource(published=None)) as shop:
        told = shop.get("/readyz").json()
        assert (told["status"], told["bundle"]["age_days"]) == ("degraded", None)
        assert told["last_error"].startswith("no bundle at ")
        assert "bundle_age_days" not in shop.get("/metrics").text
        assert shop.post("/v1/promises", json=PRODUCT).status_code == 200


def test_a_directory_source_follows_its_link(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path / "current")
    assert source.identity() is None
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
    (tmp_path / "current").symlink_to("one")
    first = source.identity()
    with pytest.raises(ArtefactError):
        source.load()  # a manifest alone is no bundle
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("two")
    assert first is not None
    assert first != source.identity()
