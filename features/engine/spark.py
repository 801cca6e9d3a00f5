"""Spark runs the definitions on a cluster, or on the cores of this machine; it needs a Java runtime."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import DataFrame, SparkSession

from features.engine.engines import Session, Source, sql_of
from parcelcast.errors import InputError

_DIALECT = "pyspark"


@dataclass(frozen=True)
class Spark:
    """Opens sessions on one Spark application; `master` such as "local[2]" or "spark://host:7077".

    `memory_limit` ("4GB") is the driver's memory. InputError where no Java runtime is found.
    """

    master: str = "local[2]"
    memory_limit: str | None = None
    temp_directory: Path | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session with no tables; the application goes on for the next one."""
        session = _Session(self._application().newSession())
        try:
            yield session
        finally:
            session.close()

    def _application(self) -> SparkSession:
        builder = SparkSession.builder.master(self.master).appName("parcelcast")
        settings = {
            # Instants are cut into days by the session's clock.
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.execution.arrow.pyspark.enabled": "true",
            "spark.ui.enabled": "false",
        }
        if self.memory_limit is not None:
            settings["spark.driver.memory"] = self.memory_limit.lower().removesuffix("b")
        if self.temp_directory is not None:
            settings["spark.local.dir"] = str(self.temp_directory)
        if self.master.startswith("local"):
            cores = self.master.removeprefix("local[").removesuffix("]")
            settings["spark.sql.shuffle.partitions"] = cores if cores.isdigit() else "8"
            settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            return builder.getOrCreate()
        except PySparkRuntimeError as error:
            raise InputError("Spark found no Java runtime; install Java 17 or 21, or name it in JAVA_HOME") from error


class _Session:
    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._kept: list[DataFrame] = []

    def give(self, name: str, source: Source) -> None:
        if isinstance(source, pa.Table):
            frame = self._spark.createDataFrame(source)
        else:
            frame = self._spark.read.parquet(*(str(path) for path in source))
        frame.createOrReplaceTempView(name)

    def define(self, name: str, expression: ibis.Table) -> None:
        self._run(expression).createOrReplaceTempView(name)

    def keep(self, name: str, expression: ibis.Table) -> None:
        # A checkpoint, so that what builds on it is planned from here and not from the beginning.
        frame = self._run(expression).localCheckpoint(eager=True)
        self._kept.append(frame)
        frame.createOrReplaceTempView(name)

    def translate(self, *expressions: ibis.Table) -> None:
        for expression in expressions:
            sql_of(expression, _DIALECT)

    def table(self, expression: ibis.Table) -> pa.Table:
        return self._run(expression).toArrow()

    def write(self, expression: ibis.Table, path: Path) -> int:
        folder = path.with_name(f"{path.name}.{uuid4().hex}")
        self._run(expression).coalesce(1).write.parquet(str(folder))
        (written,) = folder.glob("*.parquet")
        written.replace(path)
        _remove(folder)
        return int(pq.read_metadata(path).num_rows)

    def write_parts(self, expression: ibis.Table, folder: Path) -> list[Path]:
        self._run(expression).write.parquet(str(folder))
        return sorted(folder.glob("*.parquet"))

    def close(self) -> None:
        for frame in self._kept:
            frame.unpersist()

    def _run(self, expression: ibis.Table) -> DataFrame:
        return self._spark.sql(sql_of(expression, _DIALECT))


def _remove(folder: Path) -> None:
    """Remove a folder of the notes that Spark leaves beside its files."""
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
