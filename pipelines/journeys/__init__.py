"""The backtest of journeys: freight legs forecast at every milestone."""

from pipelines.journeys.backtest import backtest_journeys
from pipelines.journeys.report import journeys_text

__all__ = ["backtest_journeys", "journeys_text"]
