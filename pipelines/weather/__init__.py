"""The weather of the days and regions that parcels travel through, as canonical table weather_daily."""

from pipelines.weather.stage import WeatherParameters, tables_with_weather, told_of_weather, weather

__all__ = ["WeatherParameters", "tables_with_weather", "told_of_weather", "weather"]
