"""The gates between ingest and features: rules per table, judged by Great Expectations."""
