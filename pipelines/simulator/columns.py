"""Arrow columns from arrays, without a Python object per row."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from parcelcast.tables import Table
from pipelines.ingest.storage import arrow_schema
from pipelines.simulator.arrays import AnyInts, Bools, Days, Floats


def numbered(prefix: str, numbers: AnyInts, width: int) -> pa.Array:
    """Ids of a fixed width.

    >>> import numpy as np
    >>> numbered("p", np.array([7, 12]), 4).to_pylist()
    ['p0007', 'p0012']
    """
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, padding="0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, pa.scalar(""))


def named(names: Sequence[str | None], numbers: AnyInts, known: Bools | None = None) -> pa.Array:
    """Names by number; missing where the number is negative, the name is None, or not ``known``.

    >>> import numpy as np
    >>> named(["hub", "depot"], np.array([1, -1, 0])).to_pylist()
    ['depot', None, 'hub']
    """
    missing = numbers < 0 if known is None else (numbers < 0) | ~known
    return pc.take(pa.array(names, pa.string()), pa.array(numbers, pa.int64(), mask=missing))


def instants(moments: Days, known: Bools | None = None) -> pa.Array:
    """UTC instants (any datetime64), missing where not ``known``."""
    return pa.array(moments.astype("datetime64[us]"), pa.timestamp("us", "UTC"), mask=None if known is None else ~known)


def dates(days: Days, known: Bools | None = None) -> pa.Array:
    """Dates (datetime64[D]), missing where not ``known``."""
    return pa.array(days.astype("datetime64[D]"), pa.date32(), mask=None if known is None else ~known)


def numbers(values: Floats | AnyInts, known: Bools | None = None) -> pa.Array:
    """Floats or whole numbers, missing where not ``known``."""
    return pa.array(values, mask=None if known is None else ~known)


def table_of(table: Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """Canonical table from its columns, in its order and types."""
    schema = arrow_schema(table)
    return pa.Table.from_arrays([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)
