"""Forecasts of parcels on their way: what was reported of them, landmarks, training, backtest and benchmark."""
