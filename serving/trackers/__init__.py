"""Webhooks of trackers that follow parcels with many carriers."""
