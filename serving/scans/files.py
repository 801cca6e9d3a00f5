"""Files of scans, read in batches: killed at any moment, reading goes on where it ended."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from parcelcast.codes.mapping import CodeTables
from parcelcast.errors import DataError
from serving.clock import Clock
from serving.problems import FieldProblem
from serving.scans.intake import Batch, Intake, Reader
from serving.scans.lines import Line, LongLine, Part, lines_of
from serving.scans.tabular import Header, records
from serving.stores.database import Database
from serving.stores.drops import Drop, find_drop, keep_drop
from serving.stores.scans import record_scans, refuse

BATCH_ROWS = 2_000
_TABULAR = {".csv", ".tsv"}
_LINES = {".ndjson", ".jsonl"}
_IDENTITY_BYTES = 65_536
_TOLD_REFUSALS = 5

NO_ROW = FieldProblem(
    pointer="", detail="another number of values than the header has, or open quotation marks", got="this row"
)

# Name of the file, and the share of it that is read.
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class FileRead:
    """What became of a file in this run, and the row at which it began."""

    name: str
    began_at: int
    intake: Intake

    @property
    def is_useless(self) -> bool:
        """Whether rows were refused, and not one was a scan."""
        return self.intake.refused > 0 and not self.intake.accepted + self.intake.duplicates

    def __str__(self) -> str:
        """Tell it in a line, and what is wrong with the first rows that were refused."""
        done = self.intake
        counts = f"{done.accepted} new scans, {done.duplicates} known, {done.refused} refused"
        codes = f", {done.unknown_codes} with unknown codes" if done.unknown_codes else ""
        codes += f", {done.clocks_ahead} from clocks that are ahead" if done.clocks_ahead else ""
        since = f" (rows before {self.began_at} were read earlier)" if self.began_at else ""
        return "\n".join([f"{self.name}: {counts}{codes}{since}", *self._refusals()])

    def _refusals(self) -> Iterator[str]:
        for one in self.intake.refusals[:_TOLD_REFUSALS]:
            where = f", {one.pointer.removeprefix('/')}" if one.pointer else ""
            yield f"  row {self.began_at + one.index + 1}{where}: got {one.got}; {one.detail}"
        if self.intake.refused > _TOLD_REFUSALS:
            yield f"  and {self.intake.refused - _TOLD_REFUSALS} more"


def read_files(
    database: Database, paths: Sequence[Path], tables: CodeTables, clock: Clock, tell: Tell
) -> Iterator[FileRead]:
    """Read files of scans into the database, one after the other: CSV or JSON lines, either may be packed (.gz).

    DataError for a file that cannot be read or has wrong columns; all headers are checked before the first row is kept.
    """
    files = [_File(path) for path in paths]
    for file in files:
        yield _read(database, file, Reader(tables, "file"), clock, tell)


class _File:
    """A file that can be read again from a place in its unpacked bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        kind = (Path(path.stem).suffix if path.suffix == ".gz" else path.suffix).lower()
        if kind not in _TABULAR | _LINES:
            expected = "name it .csv, .tsv, .ndjson or .jsonl, and .gz after that if it is packed"
            raise DataError(f"cannot tell what {kind or 'no ending'} means", file=str(path), remedy=expected)
        with self.reading() as (content, _):
            beginning = content.read(_IDENTITY_BYTES)
        # A file that grew goes on where it ended once its beginning is whole; before that it is read again.
        identity = blake2b(os.fsencode(path.resolve()) + b"\0" + beginning, digest_size=16)
        # Names of files may be any bytes; the one that is told and kept is UTF-8.
        self.drop = Drop(identity.hexdigest(), os.fsencode(path.name).decode(errors="replace"))
        self.header = Header(beginning.partition(b"\n")[0], str(path)) if kind in _TABULAR else None

    @contextmanager
    def reading(self) -> Iterator[tuple[BinaryIO, Callable[[], float]]]:
        """Open it, with a function that tells how much of it is read; DataError when that fails."""
        try:
            opened = self.path.open("rb")
        except OSError as error:
            remedy = "name a file that is there and may be read"
            raise DataError(f"cannot be opened ({error.strerror})", file=str(self.path), remedy=remedy) from error
        try:
            with opened as raw:
                size = max(self.path.stat().st_size, 1)
                content = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.path.suffix == ".gz" else raw
                yield content, lambda: min(raw.tell() / size, 1.0)
        except (OSError, EOFError, zlib.error) as error:
            remedy = "give a whole file; what was read is kept, and reading goes on there"
            raise DataError(f"cannot be read ({error})", file=str(self.path), remedy=remedy) from error

    def batches(self, content: BinaryIO, done: Part, reader: Reader, clock: Clock) -> Iterator[Batch]:
        """Yield batches of the rows after those that are done, and add each batch to these."""
        lines = lines_of(content)
        if self.header is not None and not done.size:
            for line in islice(lines, 1):
                done.add(line)
        begin = done.size
        batch = Batch(clock())
        for record in ([line] for line in lines) if self.header is None else records(lines):
            for line in record:
                done.add(line)
            self._read(batch, record, reader)
            if batch.received >= BATCH_ROWS:
                yield batch
                batch = Batch(clock())
        if done.size > begin:
            yield batch

    def _read(self, batch: Batch, record: list[Line], reader: Reader) -> None:
        for line in record:
            if isinstance(line.told, LongLine):
                reader.line(batch, line.told)
                return
        content = b"".join(line.told for line in record if isinstance(line.told, bytes))
        if not content.strip():
            return
        if self.header is None:
            reader.line(batch, content.strip())
        elif (row := self.header.row(content)) is not None:
            reader.row(batch, row, content)
        elif len(record) > 1:  # a stray quotation mark must not cost the lines after it
            for line in record:
                self._read(batch, [line], reader)
        else:
            reader.refuse(batch, content, NO_ROW)


def _read(database: Database, file: _File, reader: Reader, clock: Clock, tell: Tell) -> FileRead:
    with database.reading() as connection:
        drop = find_drop(connection, file.drop.drop_id) or file.drop
    total = Intake()
    with file.reading() as (content, share):
        done = _first_lines(content, drop.bytes_done)
        if (done.size, done.digest) != (drop.bytes_done, drop.digest):
            # What was read is not there any more; what still is will be found known.
            drop, done = file.drop, Part()
            content.seek(0)
        began_at = drop.lines_done
        for batch in file.batches(content, done, reader, clock):
            with database.writing() as connection:
                recorded = record_scans(connection, batch.scans, batch.recorded_at)
                refuse(connection, batch.refused, batch.recorded_at)
                lines, refused = drop.lines_done + batch.received, drop.refused + len(batch.refused)
                drop = replace(drop, bytes_done=done.size, lines_done=lines, refused=refused, digest=done.digest)
                keep_drop(connection, drop, batch.recorded_at)
            total = total.followed_by(batch.intake(set(recorded.new)))
            tell(drop.name, share())
    with database.writing() as connection:
        keep_drop(connection, replace(drop, finished_at=clock()), clock())
    return FileRead(drop.name, began_at, total)


def _first_lines(content: BinaryIO, size: int) -> Part:
    """Read lines until so many bytes are read; a line that is longer now makes them more."""
    part = Part()
    lines = lines_of(content)
    while part.size < size and (line := next(lines, None)) is not None:
        part.add(line)
    return part
