"""Carriers' reports made fit for use: duplicates, disorder, wrong clocks, corrections, numbers used twice."""
