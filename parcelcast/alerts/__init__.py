"""Alerts: one for each incident of a parcel, updated rather than repeated, taken back when it recovers."""

from parcelcast.alerts.compensation import Tier, compensation_tier
from parcelcast.alerts.fitted import FittedAlerts, FittedPoint
from parcelcast.alerts.incident import Incident
from parcelcast.alerts.machine import Change, Decision, decide
from parcelcast.alerts.payload import alert_data
from parcelcast.alerts.policy import AlertPolicy, Threshold
from parcelcast.alerts.quiet import QuietHours
from parcelcast.alerts.situation import Situation
from parcelcast.alerts.vocabulary import FAMILIES, TYPES

__all__ = [
    "FAMILIES",
    "TYPES",
    "AlertPolicy",
    "Change",
    "Decision",
    "FittedAlerts",
    "FittedPoint",
    "Incident",
    "QuietHours",
    "Situation",
    "Threshold",
    "Tier",
    "alert_data",
    "compensation_tier",
    "decide",
]
