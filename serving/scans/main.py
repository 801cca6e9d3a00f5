"""Read files of scans into the database: the composition root of `./run ingest scans`."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from parcelcast.codes.mapping import REFERENCE, CodeTables
from parcelcast.settings import Settings
from serving.clock import system_clock
from serving.scans.files import FileRead, Tell, read_files
from serving.stores.database import Database


def ingest(settings: Settings, paths: Sequence[Path], tell: Tell) -> Iterator[FileRead]:
    """Read files into the database that the settings name; a server may run meanwhile."""
    with closing(Database(settings.database)) as database:
        database.migrate()
        tables = CodeTables.load(REFERENCE, settings.codes)
        yield from read_files(database, paths, tables, system_clock, tell)
