"""Alerts on the past: replay parcels through the alert machine, fit its thresholds, judge it beside simple rules."""
