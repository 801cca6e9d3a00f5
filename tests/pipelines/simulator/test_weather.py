import numpy as np
import pytest

from pipelines.simulator.weather import LEADS, climate_of, first_weather, forecast, next_day, today, winter_of

LATITUDE, LONGITUDE = np.array([48.1, 48.4, 52.5, 53.6]), np.array([11.6, 10.9, 13.4, 10.0])


@pytest.fixture(scope="module")
def years():
    """Forecasts issued on 1500 January days, seen from the cell of each: gust by issue day and lead."""
    rng = np.random.default_rng(3)
    weather = first_weather(climate_of(LATITUDE, LONGITUDE, 1.0), rng)
    fields, bulletins = [], []
    for _ in range(1500):
        next_day(weather, 1.0, rng)
        fields.append(weather.fields[0, 0].copy())
        expected, ahead = weather.fields, [weather.fields[0, 0]]
        for lead in range(LEADS):
            expected = expected @ weather.climate.transition.T + weather.known[lead]
            ahead.append(expected[0, 0])
        bulletins.append(ahead)
    return np.array(fields), np.array(bulletins)


def test_weather_keeps_its_climate(years):
    fields, _ = years
    assert np.abs(fields.mean(axis=0)).max() < 0.15
    assert np.abs(fields.std(axis=0) - 1).max() < 0.1


def test_neighbours_share_their_weather_more_than_distant_places(years):
    correlation = np.corrcoef(years[0].T)
    assert correlation[0, 1] > 0.8
    assert 0.0 < correlation[0, 3] < 0.5


def test_a_forecast_is_unbiased_and_the_worse_the_farther_it_looks(years):
    fields, bulletins = years
    errors = [fields[lead:] - bulletins[: len(fields) - lead, lead] for lead in range(LEADS + 1)]
    spread = [float(error.std()) for error in errors]
    assert spread[0] == 0.0
    assert spread == sorted(spread)
    assert spread[-1] < 1.0
    for lead, error in enumerate(errors[1:], start=1):
        # Nothing in the forecast tells on which side it will be wrong.
        issued = bulletins[: len(fields) - lead, lead]
        assert abs(np.corrcoef(error.ravel(), issued.ravel())[0, 1]) < 0.1


def test_severe_weather_is_what_the_measurements_say():
    rng = np.random.default_rng(4)
    weather = first_weather(climate_of(LATITUDE, LONGITUDE, 2.0), rng)
    harmless = severe = 0
    for _ in range(400):
        next_day(weather, 1.0, rng)
        now = today(weather, 1.0)
        calm = (now.gust_kmh <= 75) & ((now.precipitation_mm <= 4) | (now.temperature_c >= 0.5))
        assert (now.severity[calm] == 0).all()
        assert (now.severity[~calm] > 0).all()
        harmless, severe = harmless + calm.sum(), severe + (~calm).sum()
    assert harmless > severe > 0


def test_todays_forecast_is_todays_weather():
    rng = np.random.default_rng(4)
    weather = first_weather(climate_of(LATITUDE, LONGITUDE, 1.0), rng)
    issued = forecast(weather, np.full(LEADS + 1, 0.5))
    assert (issued[0].gust_kmh == today(weather, 0.5).gust_kmh).all()
    assert len(issued) == LEADS + 1


def test_january_is_winter():
    assert winter_of(np.array(["2026-01-16", "2026-07-17"], "datetime64[D]")).round(2).tolist() == [1.0, -1.0]
