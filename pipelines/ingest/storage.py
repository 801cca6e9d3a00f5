"""Canonical tables on disk: Parquet with exactly the columns and types of `parcelcast.tables`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from parcelcast.errors import DataError
from parcelcast.tables import TABLES, Column, Table
from pipelines.ingest.reading import read_frame

if TYPE_CHECKING:
    from pathlib import Path

# Not one of the shared tables: the lines of an order where the source has them, for validation and for evidence.
ITEMS = Table(
    "items",
    ("shipment_id", "line"),
    (
        Column("shipment_id", "string", required=True, unit="", description="the parcel"),
        Column("line", "int", required=True, unit="", description="number of the order line, from 1"),
        Column("product_id", "string", required=False, unit="", description="the shop's product"),
        Column("origin_id", "string", required=True, unit="", description="warehouse or seller of this line"),
        Column("weight_g", "float", required=False, unit="g", description="weight as exported"),
        Column("length_mm", "float", required=False, unit="mm", description="longest side"),
        Column("width_mm", "float", required=False, unit="mm", description="second side"),
        Column("height_mm", "float", required=False, unit="mm", description="third side"),
        Column("item_category", "string", required=False, unit="", description="the shop's category"),
        Column("price", "float", required=False, unit="currency", description="price of the line"),
        Column("freight_cost", "float", required=False, unit="currency", description="freight of the line"),
        Column("dispatch_by", "instant", required=False, unit="UTC", description="the seller's limit to dispatch"),
    ),
)
STORED = {**TABLES, ITEMS.name: ITEMS}

ARROW_TYPES = {
    "string": pa.string(),
    "instant": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
}
_PANDAS_TYPES: dict[str, Any] = {
    "string": pd.StringDtype("pyarrow"),
    "instant": "datetime64[us, UTC]",
    "date": "datetime64[us]",
    "float": "float64",
    "int": pd.Int64Dtype(),
    "bool": pd.BooleanDtype(),
}


def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a canonical table; instants are timestamp[us, UTC], dates date32."""
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.dtype]) for column in table.columns])


def conformed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the frame with all columns of the table in order and in its pandas types; absent ones are all missing.

    Text is Arrow-backed, instants datetime64[us, UTC], dates datetime64[us] at midnight, whole numbers Int64.
    """
    columns = {}
    for column in table.columns:
        dtype: Any = _PANDAS_TYPES[column.dtype]
        absent = column.name not in frame
        columns[column.name] = (
            pd.Series(None, index=frame.index, dtype=dtype) if absent else frame[column.name].astype(dtype)
        )
    return pd.DataFrame(columns, index=frame.index)


def write_table(frame: pd.DataFrame, table: Table, folder: Path) -> Path:
    """Write a frame as `<folder>/<table>.parquet` in the table's schema and return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.name}.parquet"
    arrow = pa.Table.from_pandas(conformed(frame, table), schema=arrow_schema(table), preserve_index=False)
    pq.write_table(arrow.replace_schema_metadata(None), path, compression="zstd")
    return path


def load_table(folder: Path, table: Table) -> pd.DataFrame:
    """Read `<folder>/<table>.parquet`; a missing column or file raises DataError."""
    frame, _ = read_frame(folder / f"{table.name}.parquet", table.column_names)
    return conformed(frame, table)


def load_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read every canonical table that the folder holds, by name (see `conformed` for the types).

    Tables that are absent are absent from the result; without shipments there is nothing to work on: DataError.
    """
    present = [table for table in STORED.values() if (folder / f"{table.name}.parquet").is_file()]
    tables = {table.name: load_table(folder, table) for table in present}
    if "shipments" not in tables:
        raise DataError("no such file", file=str(folder / "shipments.parquet"), remedy="run the stage before this one")
    return tables
