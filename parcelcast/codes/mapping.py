"""From a carrier's raw code to the canonical one; what no table knows becomes `info_only`, and is counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self

from parcelcast.codes.table import CodeTable, read_table
from parcelcast.scan import UNKNOWN_CODE

REFERENCE = Path(__file__).parents[2] / "data" / "reference" / "codes"

# Hostile or broken feeds can invent codes without end; the report does not grow with them.
_MOST_CODES = 1000
_EXAMPLE_CHARACTERS = 120


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
        """Map a raw code; None when there is no table for the carrier or no row for the code."""
        table = self.tables.get(carrier.strip().casefold())
        if table is None:
            return None
        row, detail = table.find(raw_code)
        if row is None or row.code is None:
            return None
        told = row if row.reason or row.party or detail is None else detail
        return MappedCode(row.code, told.reason, told.party, table.map_version)


class CodeReport:
    """How many codes were mapped, and which were not: by carrier, with counts and the first text that came with each.

    At most 1000 different unknown codes are kept for a carrier; further ones are counted together as ``(others)``.
    """

    def __init__(self) -> None:
        self.mapped: Counter[str] = Counter()
        self._unknown: dict[str, Counter[str]] = {}
        self._examples: dict[tuple[str, str], str] = {}

    def note(self, carrier: str, raw_code: str, raw_text: str | None, mapped: MappedCode | None) -> None:
        """Count one code."""
        if mapped is not None:
            self.mapped[carrier] += 1
            return
        counts = self._unknown.setdefault(carrier, Counter())
        if raw_code not in counts and len(counts) >= _MOST_CODES:
            counts["(others)"] += 1
            return
        counts[raw_code] += 1
        if raw_text:
            self._examples.setdefault((carrier, raw_code), raw_text[:_EXAMPLE_CHARACTERS])

    @property
    def unknown(self) -> dict[str, dict[str, int]]:
        """Counts of the unknown raw codes by carrier, most frequent first."""
        return {carrier: dict(_ranked(counts)) for carrier, counts in sorted(self._unknown.items())}

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "mapped": dict(sorted(self.mapped.items())),
            "unknown": {
                carrier: [
                    {"raw_code": code, "count": count, "example": self._examples.get((carrier, code))}
                    for code, count in counts.items()
                ]
                for carrier, counts in self.unknown.items()
            },
        }


def map_code(
    carrier: str,
    raw_code: str | None,
    raw_text: str | None = None,
    *,
    tables: CodeTables | None = None,
    report: CodeReport | None = None,
) -> MappedCode:
    """Map a carrier's raw code to (code, reason, party, map_version); an unknown one to `info_only`, and count it.

    Texts are never searched for words: they change with the language and the season, and "not delivered" holds
    "delivered". ``raw_text`` is only the example in the report. Without ``tables`` those of the project are used.

    >>> map_code("x12_214", "SD/AO")
    MappedCode(code='exception', reason='weather', party='nature', map_version='x12_214-1')
    >>> map_code("dpd", "77").code
    'info_only'
    """
    known = tables or CodeTables.default()
    code = raw_code or ""
    mapped = known.map(carrier, code)
    if report is not None:
        report.note(carrier, code, raw_text, mapped)
    return mapped or MappedCode(UNKNOWN_CODE, None, None, None)


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


@cache
def _reference() -> CodeTables:
    return CodeTables.load(REFERENCE)
