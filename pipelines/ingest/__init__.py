"""Foreign data as canonical tables."""

from pipelines.ingest.stage import SOURCES, ingest
from pipelines.ingest.storage import arrow_schema, load_tables

__all__ = ["SOURCES", "arrow_schema", "ingest", "load_tables"]
