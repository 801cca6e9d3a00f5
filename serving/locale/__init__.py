"""Dates and sentences in the shopper's language; the only place that imports Babel."""
