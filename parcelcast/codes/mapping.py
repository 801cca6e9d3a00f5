"""From a carrier's raw code to the canonical one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

from parcelcast.codes.table import CodeTable, read_table

REFERENCE = Path(__file__).parents[2] / "data" / "reference" / "codes"


class MappedCode(NamedTuple):
    """A canonical code with reason and party, and the version of the table that said so; None where nothing is told."""

    code: str
    reason: str | None
    party: str | None
    map_version: str | None


@dataclass(frozen=True)
class CodeTables:
    """Code tables by carrier id."""

    tables: Mapping[str, CodeTable]

    @classmethod
    def load(cls, *folders: Path) -> Self:
        """Read every ``*.csv`` of the folders; a carrier's table in a later folder replaces that of an earlier one."""
        found = [read_table(path) for folder in folders for path in sorted(folder.glob("*.csv"))]
        return cls({table.carrier: table for table in found})

    @staticmethod
    def default() -> "CodeTables":
        """The tables that come with the project."""
        return _reference()

    def map(self, carrier: str, raw_code: str) -> MappedCode | None:
        """Map a raw code; None when there is no table for the carrier or no row for the code.

        Texts are never searched for words: they change with the language and the season, and "not delivered" holds
        "delivered".

        >>> CodeTables.default().map("x12_214", "SD/AO")
        MappedCode(code='exception', reason='weather', party='nature', map_version='x12_214-1')
        """
        table = self.tables.get(carrier.strip().casefold())
        if table is None:
            return None
        row, detail = table.find(raw_code)
        if row is None or row.code is None:
            return None
        told = row if row.reason or row.party or detail is None else detail
        return MappedCode(row.code, told.reason, told.party, table.map_version)


@cache
def _reference() -> CodeTables:
    return CodeTables.load(REFERENCE)
