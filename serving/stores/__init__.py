"""The database of parcels, scans, alerts and their delivery: SQLite by default, PostgreSQL in production."""
