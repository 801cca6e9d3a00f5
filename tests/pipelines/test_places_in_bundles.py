import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import lightgbm
import numpy as np
import pytest

from features.orders import orders_of
from models.bundle import PLACES, SELF_TEST, Bundle, underway_case
from models.bundle_writer import write_bundle
from models.living.training import LivingParameters
from models.training import TrainParameters, train
from parcelcast.alerts import FittedAlerts
from parcelcast.errors import ArtefactError
from parcelcast.place import area_of
from parcelcast.shipment import Shipment
from pipelines.ingest.storage import STORED, conformed
from pipelines.living.feed import feed_of
from pipelines.living.training import train_on_feed
from pipelines.places import PlacesParameters, read_places
from pipelines.places.making import make_table
from pipelines.preparation import last_known_day, prepare
from pipelines.simulator.library import small_world
from tests.pipelines.living.world import doubting
from tests.pipelines.places.geonames_files import lines

QUICK = TrainParameters(rounds=5, calibration_days=15)
QUICK_LIVING = LivingParameters(rounds=5, landmarks=2000, calibration_days=15)
GEONAMES = lines("""
DE 80331 München BY 48.1345 11.571
DE 80999 Allach BY 48.19 11.46
DE 81929 Daglfing BY 48.15 11.65
""")
CODES = ("80331", "80995", "81929", "04109", "?")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    (folder / "DE.txt").write_text(GEONAMES, encoding="utf-8")
    table = make_table([folder / "DE.txt"], folder / "places.csv.gz").table
    return read_places(PlacesParameters("iso", "h3:6", table))


@pytest.fixture(scope="module")
def bundle(places, tmp_path_factory):
    world = small_world(11, shipments=2000, days=60)
    tables = {name: conformed(world[name].to_pandas(), STORED[name]) for name in ("shipments", "origins", "carriers")}
    prepared = prepare(tables, places)
    today = last_known_day(prepared.history) + 1
    trained = train(prepared.history, prepared.assembled, today, QUICK)
    out = tmp_path_factory.mktemp("bundle") / "bundle"
    samples = [asked(prepared.network, code) for code in CODES]
    living = train_on_feed(prepared, feed_of(prepared.history, tables["shipments"], None), today, QUICK_LIVING)
    living = replace(living, loss=doubting("since_scan_days"))
    histories = prepared.sketches.snapshot(today)
    return write_bundle(
        out, trained, living, histories, today, (0.0, 0.0), prepared.network, samples, FittedAlerts(())
    ), out


def asked(knowing, code):
    """An order of the last days, from a network or a bundle."""
    origin = next(iter(knowing.origins.values()))
    carrier = next(iter(knowing.carriers.values()))
    place = knowing.places.find("DE", code)
    ordered_at = datetime(2026, 2, 25, 9, tzinfo=UTC)
    return Shipment(ordered_at, origin, place, carrier.carrier_id, carrier.services[0].service_id)


def test_a_bundle_finds_places_as_its_model_did_when_it_learned(bundle, places):
    served, _ = bundle

    assert served.places.grouping == places.grouping
    assert [served.places.find("DE", code) for code in CODES] == [places.find("DE", code) for code in CODES]
    told = [orders_of([asked(served, code)], served.carriers).destination_area[0] for code in CODES]
    assert told == [area_of(places.find("DE", code)) for code in CODES]
    assert len({area for area in told if area}) > 2


def test_a_bundle_without_its_places_is_refused(bundle):
    _, path = bundle
    (path / PLACES).write_bytes(b"")

    with pytest.raises(ArtefactError, match=r"places.csv.gz in .* is missing or was changed"):
        Bundle.load(path)


def test_a_bundle_holds_the_model_of_the_handover_and_tries_it(bundle):
    served, path = bundle
    assert {"handover-anchored.txt", "handover-free.txt"} <= set(served.manifest["files"])
    cases = json.loads((path / SELF_TEST).read_text(encoding="utf-8"))
    just_now = served.as_of + timedelta(hours=9)
    etas = served.living.etas([underway_case(asked(served, CODES[0]), just_now, timedelta(minutes=1))])
    assert etas[0].distribution.anchor == just_now.date()
    changed = [case | {"handover_cdf": case["eta_cdf"]} for case in cases]
    with pytest.raises(ArtefactError, match="self-test"):
        served.self_test(changed)


def test_a_bundle_holds_the_booster_that_tells_losses(bundle):
    served, path = bundle
    assert "living-loss.txt" in served.manifest["files"]
    written = lightgbm.Booster(model_file=path / "living-loss.txt")
    asked_of = np.zeros((1, written.num_feature()))
    assert served.living._model.loss.predict(asked_of) == written.predict(asked_of) != 0.5


def test_a_bundle_forecasts_parcels_on_their_way(bundle):
    served, _ = bundle
    parcels = [underway_case(asked(served, code), served.as_of + timedelta(days=30)) for code in CODES]
    told = served.living.etas(parcels)

    assert [eta.stage for eta in told] == ["first_mile"] * len(CODES)
    assert [eta.distribution.anchor for eta in told] == [parcel.today for parcel in parcels]
    assert all(eta.silence is not None for eta in told)
