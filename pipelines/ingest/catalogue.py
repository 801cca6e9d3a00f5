"""The canonical tables in docs/data.md, written from the tables themselves.

python -m pipelines.ingest.catalogue > docs/data.md
"""

import sys

from parcelcast.tables import TABLES, Column, Table
from pipelines.ingest.canonical import FILLED
from pipelines.ingest.mapping import VOCABULARIES
from pipelines.ingest.units import FACTORS

_INTRODUCTION = """\
# Your data

Written by `python -m pipelines.ingest.catalogue > docs/data.md` from the canonical tables; do not edit by hand.

A folder with a file for each table, as CSV, CSV.gz or Parquet, is what `./run backtest --source canonical` and the
stage `ingest` read. Only `shipments` must be there. CSV is UTF-8 with a header in its first line; texts with
delimiters or line ends are in quotation marks.

A mapping file says which of your files and columns is what, how they are written, in which units and time zones, and
what your codes mean: [example.yaml](../data/reference/mappings/example.yaml) shows every key. What it does not name
is taken from a file and a column of the name below. For example, `export/orders.csv` with semicolons and German
numbers:

```yaml
tables:
  shipments:
    file: orders
    delimiter: ";"
    decimal: ","
    time_zone: Europe/Berlin
    columns:
      shipment_id: Parcel no
      merchant_id: {constant: my-shop}
      destination_country: {column: Country, codes: {Deutschland: DE, Österreich: AT}}
      ordered_at: {column: Ordered, format: "%d.%m.%Y %H:%M"}
      weight_g: {column: Weight, unit: kg}
```

Single values that cannot be read are taken out, or set aside with their row where a row cannot do without; a column
in which more than 5 % cannot be read (`critical_share` in `params.yaml`), or countries and words of a vocabulary are
not ours, stops the stage: nearly always the mapping is wrong then, and the message says what to add. `ingest` ends
with what was read and set aside, `validate` with the rules that were broken; `data/validated/data_docs/index.html`
has examples.

Postal codes are normalised. Where most of a country's codes in a column are whole, shorter ones get the leading
zeros back that a spreadsheet dropped; a shop that keeps only the first digits keeps them.

In the tables, *needed* is what every row has; *filled in* can do without a column in the file. Instants are UTC in
what is written; in your files they carry an offset, or the mapping names the time zone.
"""


def catalogue() -> str:
    """Return the page in Markdown."""
    return "\n".join([_INTRODUCTION, *map(_section, TABLES.values())])


def _section(table: Table) -> str:
    keys = ", ".join(f"`{name}`" for name in table.key)
    rows = [("Column", "Type", "Needed", "Unit", "Meaning"), ("---",) * 5, *(_row(table, one) for one in table.columns)]
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"## `{table.name}`\n\nOne row for each {keys}.\n\n{lines}"


def _row(table: Table, column: Column) -> tuple[str, ...]:
    needed = "filled in" if column.name in FILLED.get(table.name, ()) else "yes" if column.required else ""
    words = VOCABULARIES.get((table.name, column.name))
    meaning = column.description if words is None else f"one of {', '.join(f'`{word}`' for word in words)}"
    foreign = [unit for unit in FACTORS.get(column.unit, {}) if unit != column.unit]
    unit = f"{column.unit} (or {', '.join(foreign)})" if foreign else column.unit
    return f"`{column.name}`", column.dtype, needed, unit, meaning


if __name__ == "__main__":
    sys.stdout.write(catalogue())
