"""The stage without a source outside: the shop's own table, or none; and what the other stages read of it."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from parcelcast.errors import InputError
from parcelcast.tables import ORIGINS, SHIPMENTS, WEATHER_DAILY
from pipelines.ingest.storage import conformed, write_table
from pipelines.parameters import read_section
from pipelines.weather import WeatherParameters, tables_with_weather, told_of_weather, weather
from pipelines.weather.stage import areas_of
from tests.features.worlds import PLACES, frame_of, shipment
from tests.pipelines.conftest import ROOT

NOW = datetime(2026, 3, 20, tzinfo=UTC)
SHIPPED = read_section(WeatherParameters, "weather", ROOT / "params.yaml")


def parameters(**changes):
    return WeatherParameters(**(vars(SHIPPED) | changes))


@pytest.fixture
def validated(tmp_path):
    write_table(frame_of([shipment(1, "2026-03-10 09:00")]), SHIPMENTS, tmp_path / "validated")
    own = pd.DataFrame([{"country": "DE", "region": "BY", "day": pd.Timestamp("2026-03-10"), "wind_gust_kmh": 44.0,
                         "issued_at": pd.Timestamp("2026-03-09 22:00", tz="UTC")}])  # fmt: skip
    write_table(conformed(own, WEATHER_DAILY), WEATHER_DAILY, tmp_path / "validated")
    origins = pd.DataFrame([{"origin_id": "leipzig", "country": "DE", "calendar": "{}", "handling_days": 0}])
    write_table(conformed(origins, ORIGINS), ORIGINS, tmp_path / "validated")
    return tmp_path / "validated"


def test_the_shops_own_weather_is_the_default_and_passes_as_it_is(validated, tmp_path):
    assert SHIPPED.source == "table"
    assert weather(validated, tmp_path / "weather", SHIPPED, PLACES, NOW) == {"source": "table", "rows": 1}
    assert told_of_weather(tmp_path / "never ran") == {}
    told = {"source": "table", "forecast": None, "optimistic": False}
    assert told_of_weather(tmp_path / "weather") == told
    before = tables_with_weather(validated, tmp_path / "never ran")["weather_daily"]
    pd.testing.assert_frame_equal(tables_with_weather(validated, tmp_path / "weather")["weather_daily"], before)


def test_none_takes_the_weather_away_and_a_later_run_brings_it_back(validated, tmp_path):
    out = tmp_path / "weather"
    weather(validated, out, parameters(source="none"), PLACES, NOW)
    assert "weather_daily" not in tables_with_weather(validated, out)
    weather(validated, out, parameters(), PLACES, NOW)
    assert len(tables_with_weather(validated, out)["weather_daily"]) == 1


def test_an_error_inside_leaves_the_shops_own_table(validated, tmp_path):
    (validated / "origins.parquet").unlink()
    told = weather(validated, tmp_path / "weather", parameters(source="meteostat"), PLACES, NOW)
    assert "origins.parquet" in told["problems"][0]
    assert told["rows"] == 1


def test_areas_lie_in_the_middle_of_their_addresses():
    orders = frame_of([
        shipment(1, "2026-03-10 09:00"), shipment(2, "2026-03-10 09:00"),
        shipment(3, "2026-03-10 09:00", to=("DE", None)),
        shipment(4, "2026-03-10 09:00", to=("KI", "1")), shipment(5, "2026-03-10 09:00", to=("ZZ", "77")),
    ])  # fmt: skip
    origins = pd.DataFrame({"country": ["DE", "DE"], "postal_code": ["04109", "80331"]})
    got = {one.key: (one.latitude, one.time_zone) for one in areas_of(orders, origins, None, PLACES)}
    assert got == {
        "DE-": (51.2, "Europe/Berlin"),
        "DE-BY": (pytest.approx(48.1), "Europe/Berlin"),
        "DE-SN": (51.3, "Europe/Berlin"),
    }


def test_areas_of_hubs_are_asked_for_too():
    orders = frame_of([shipment(1, "2026-03-10 09:00", to=("DE", "04109"))])
    origins, hubs = (pd.DataFrame({"country": countries, "postal_code": codes}) for countries, codes in (
        ([], []), (["AT", "DE"], ["1010", None]),
    ))  # fmt: skip
    assert [one.key for one in areas_of(orders, origins, hubs, PLACES)] == ["AT-9", "DE-", "DE-SN"]


@pytest.mark.parametrize("wrong", [{"source": "crystal ball"}, {"forecast": "oracle"}, {"attempts": 0}])
def test_parameters_that_mean_nothing_are_refused(wrong):
    with pytest.raises(InputError, match="weather"):
        parameters(**wrong)
