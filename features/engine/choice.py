"""Which engine a parameter names."""

from dataclasses import dataclass
from pathlib import Path

from features.engine.engines import Engine
from parcelcast.errors import InputError

ENGINES = ("duckdb", "spark")


@dataclass(frozen=True)
class EngineParameters:
    """Section features of params.yaml: which engine builds the daily tables, and what it may use.

    `memory_limit` is a size such as "4GB"; what does not fit goes to `temp_directory`. `master` is the address of the
    Spark cluster ("local[2]": this machine); DuckDB does not look at it.
    """

    engine: str
    memory_limit: str
    temp_directory: Path
    master: str


def engine_of(parameters: EngineParameters) -> Engine:
    """Return the engine that the parameters name; InputError when it is none of `ENGINES`."""
    # Each engine is imported only where it runs: a machine without Spark builds with DuckDB.
    if parameters.engine == "duckdb":
        from features.engine.duck import DuckDB  # noqa: PLC0415 - as above

        return DuckDB(parameters.memory_limit, parameters.temp_directory)
    if parameters.engine == "spark":
        from features.engine.spark import Spark  # noqa: PLC0415 - as above

        return Spark(parameters.master, parameters.memory_limit, parameters.temp_directory)
    raise InputError(f"features.engine is {parameters.engine!r}; expected one of {', '.join(ENGINES)}")
