"""Weather fronts over the network's regions, as it comes and as it is forecast.

Two latent fields (storminess and temperature anomaly) follow a first-order autoregression that drifts eastwards. The
innovation of a day becomes known piece by piece on the five days before it, so the forecast that is published on a day
is exactly what can be known then: a forecaster who reads it knows as much about the weather as the world itself.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.arrays import Days, Floats
from pipelines.simulator.geography import great_circle_km

LEADS = 5
# Share of an innovation's variance that becomes known so many days ahead.
_KNOWN_AT_LEAD = np.array([0.12, 0.14, 0.16, 0.18, 0.20, 0.20])
_PERSISTENCE = 0.62
_REACH_KM = 380.0
_DRIFT_DEGREES = 2.5


@dataclass(frozen=True)
class Climate:
    """What the weather of all days has in common: transition and innovation of the fields over cells (n)."""

    transition: Floats  # (n, n): tomorrow's expectation from today
    innovation: Floats  # (n, n): lower triangular factor
    latitude: Floats
    storminess: float


@dataclass(slots=True)
class Weather:
    """State of the weather at the start of a day, for R replicas: today's fields, what is known of the next days, snow.

    ``fields`` has shape (2, R, n); ``known`` (LEADS, 2, R, n) are innovations of tomorrow and after, as far as known;
    ``snow_cm`` (R, n) lies on the ground.
    """

    climate: Climate
    fields: Floats
    known: Floats
    snow_cm: Floats

    def repeat(self, replicas: int) -> "Weather":
        """Return the same weather in so many replicas; only for a single one."""
        return Weather(
            self.climate,
            np.repeat(self.fields, replicas, axis=1),
            np.repeat(self.known, replicas, axis=2),
            np.repeat(self.snow_cm, replicas, axis=0),
        )


@dataclass(frozen=True, slots=True)
class Conditions:
    """Weather of one day by replica and cell; ``severity`` is how much it hinders lorries (0 is not at all)."""

    temperature_c: Floats
    precipitation_mm: Floats
    gust_kmh: Floats
    snow_cm: Floats
    severity: Floats


def climate_of(latitude: Floats, longitude: Floats, storminess: float) -> Climate:
    """Climate of cells at these positions, scaled so that both fields have unit variance in every cell."""
    near = np.exp(-great_circle_km(latitude[:, None], longitude[:, None], latitude, longitude) / _REACH_KM)
    upwind = great_circle_km(latitude[:, None], longitude[:, None] - _DRIFT_DEGREES, latitude, longitude)
    transition = np.exp(-upwind / 150.0)
    transition *= _PERSISTENCE / transition.sum(axis=1, keepdims=True)
    variance = near.copy()
    for _ in range(40):
        variance = transition @ variance @ transition.T + near
    scale = np.sqrt(np.diag(variance))
    transition = transition * scale[None, :] / scale[:, None]
    return Climate(
        transition, np.linalg.cholesky(near + 1e-9 * np.eye(len(near))) / scale[:, None], latitude, storminess
    )


def first_weather(climate: Climate, rng: np.random.Generator) -> Weather:
    """Weather of the first day, drawn from the climate."""
    cells = len(climate.latitude)
    weather = Weather(climate, np.zeros((2, 1, cells)), np.zeros((LEADS, 2, 1, cells)), np.zeros((1, cells)))
    for _ in range(30):
        next_day(weather, 0.0, rng)
    return weather


def next_day(weather: Weather, winter: float, rng: np.random.Generator) -> None:
    """Move to the next day; ``winter`` (1 in January, -1 in July) is that day's, for the snow on the ground."""
    climate = weather.climate
    news = rng.standard_normal((LEADS + 1, *weather.fields.shape)) @ climate.innovation.T
    news *= np.sqrt(_KNOWN_AT_LEAD)[:, None, None, None]
    weather.fields = weather.fields @ climate.transition.T + weather.known[0] + news[0]
    weather.known = np.concatenate([weather.known[1:], np.zeros_like(weather.known[:1])]) + news[1:]
    weather.snow_cm = conditions(climate, weather.fields, weather.snow_cm, winter).snow_cm


def today(weather: Weather, winter: float) -> Conditions:
    """Conditions of the day that has begun; its snow has fallen."""
    return conditions(weather.climate, weather.fields, weather.snow_cm, winter, fallen=True)


def forecast(weather: Weather, winter: Floats) -> list[Conditions]:
    """Conditions expected of today and the next ``LEADS`` days; ``winter`` has one value for each of them."""
    fields, snow = weather.fields, weather.snow_cm
    days = [today(weather, float(winter[0]))]
    for lead in range(LEADS):
        fields = fields @ weather.climate.transition.T + weather.known[lead]
        days.append(conditions(weather.climate, fields, snow, float(winter[lead + 1])))
        snow = days[-1].snow_cm
    return days


def conditions(climate: Climate, fields: Floats, snow_cm: Floats, winter: float, *, fallen: bool = False) -> Conditions:
    """What the fields mean for a day; ``snow_cm`` lay before it, or after it when the day's snow has ``fallen``."""
    storm, warmth = fields
    temperature = 9.5 - 9.0 * winter - 0.9 * (climate.latitude - 50.5) + 3.6 * warmth
    precipitation = 5.0 * np.maximum(storm - 0.2, 0.0) ** 1.4
    gust = np.maximum(
        32 + 11 * storm * (1 + 0.25 * winter) + 6 * climate.storminess**0.5 * np.maximum(storm, 0) ** 1.5, 4.0
    )
    fresh = np.where(temperature < 0.5, precipitation, 0.0)
    melting = np.clip(1.0 - 0.12 * np.maximum(temperature, 0.0), 0.0, 0.97)
    ground = snow_cm if fallen else np.minimum(snow_cm * melting + fresh, 80.0)
    severity = climate.storminess * (np.clip((gust - 75) / 35, 0, 1.5) + np.clip((fresh - 4) / 8, 0, 1.5))
    return Conditions(temperature, precipitation, gust, ground, severity)


def winter_of(dates: Days) -> Floats:
    """How wintry each date is: 1 in mid January, -1 in mid July."""
    day = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(float)
    winter: Floats = np.cos(2 * np.pi * (day - 15) / 365.25)
    return winter
