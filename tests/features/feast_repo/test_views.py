"""Histories as rows of the feature store, and back to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings

from features.assembly import FAMILIES
from features.feast_repo.views import HISTORY_KEY, VIEWS, WEATHER, differing, histories_of, rows_of
from features.history import SnapshotHistory, WindowSums
from features.sketches import AGES
from features.weather import SPAN, SnapshotWeather
from models.snapshots import write_histories
from parcelcast.errors import DataError
from tests.features.worlds import day, rows_of_worlds, shipment, sketches_of

TODAY = day("2026-03-16")


def bundled(histories, folder):
    """Return the bytes of the snapshot files of a bundle."""
    folder.mkdir()
    write_histories(histories, folder / "history", folder / "weather")
    return (folder / "history").read_bytes(), (folder / "weather").read_bytes()


@settings(max_examples=20)
@given(rows_of_worlds(most=12))
def test_a_snapshot_comes_back_from_its_rows_as_the_same_bytes(tmp_path_factory, rows):
    histories = sketches_of(rows, TODAY).snapshot(TODAY + 1)

    again = histories_of(rows_of(histories), TODAY + 1)

    folder = tmp_path_factory.mktemp("bundles")
    assert bundled(again, folder / "again") == bundled(histories, folder / "before")


def test_a_row_tells_the_counts_up_to_the_last_age_that_has_any():
    rows = [shipment(1, "2026-03-11 09:00", carrier="kranich", delivered_at="2026-03-13 15:00")]

    lead = rows_of(sketches_of(rows, TODAY).snapshot(TODAY))["lead"]

    told = {row.pop(HISTORY_KEY): row for row in lead.to_pylist()}
    assert told["all *"] == {
        "at_risk_28d": [1, 1, 1],
        "ended_28d": [0, 0, 1],
        "at_risk_120d": [1, 1, 1],
        "ended_120d": [0, 0, 1],
    }
    assert {key.partition(" ")[0] for key in told} == {"all", "carrier", "country", "region", "lane"}


def test_severities_keep_their_bits_and_regions_their_order():
    days = np.linspace(0, 3, 2 * SPAN).reshape(2, SPAN)
    days[1, 3:7] = np.nan
    weather = SnapshotWeather(TODAY, ("BR-", "DE-BY"), days)
    histories = sketches_of([shipment(1, "2026-03-11 09:00")], TODAY).snapshot(TODAY)

    rows = rows_of(type(histories)(**{name: getattr(histories, name) for name in FAMILIES}, weather=weather))
    again = histories_of(rows, TODAY).weather

    assert (again.day, again.regions) == (TODAY, weather.regions)
    assert again.days.tobytes() == days.tobytes()
    assert not differing(rows[WEATHER], rows[WEATHER]).any()


def test_half_a_parcel_is_refused():
    half = np.full((2, AGES), 0.5)
    windows, levels = FAMILIES["lead"]
    history = SnapshotHistory({window: [WindowSums({"*": 0}, half, half)] * len(levels) for window in windows})
    histories = sketches_of([shipment(1, "2026-03-11 09:00")], TODAY).snapshot(TODAY)
    others = {name: getattr(histories, name) for name in FAMILIES if name != "lead"}

    with pytest.raises(DataError, match="not whole numbers"):
        rows_of(type(histories)(lead=history, **others, weather=histories.weather))


def test_a_row_holds_for_as_long_as_its_longest_window_and_a_forecast_for_its_day():
    assert {name: view.days for name, view in VIEWS.items()} == {
        **{name: max(windows) for name, (windows, _) in FAMILIES.items()},
        WEATHER: 1,
    }
