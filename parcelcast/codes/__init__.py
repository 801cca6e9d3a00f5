"""Carriers' own codes as canonical ones: versioned tables with a source for every row, and what nobody has told us.

>>> CodeTables.default().map("dpd", "13").code
'delivered'
"""

from parcelcast.codes.mapping import CodeTables, MappedCode
from parcelcast.codes.table import CodeRow, CodeTable, read_table
from parcelcast.codes.vocabulary import PARTIES, REASONS

__all__ = [
    "PARTIES",
    "REASONS",
    "CodeRow",
    "CodeTable",
    "CodeTables",
    "MappedCode",
    "read_table",
]
