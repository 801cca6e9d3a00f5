"""Alerts over HTTP, and the words that are proposed for them."""
