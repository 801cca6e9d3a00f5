"""The one entrance of scans: rows are read, the good ones are kept, the others are set aside and told."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

import orjson

from parcelcast.codes.mapping import CodeTables
from parcelcast.tracking.scan import Scan
from serving.problems import FieldProblem
from serving.scans.lines import MAX_LINE_BYTES, LongLine
from serving.scans.rows import RefusedRowError, scan_of
from serving.stores.database import Database
from serving.stores.scans import REFUSED_BYTES, Refused, record_scans, refuse

TOLD_REFUSALS = 100
_REMEMBERED_CODES = 1_000
TOO_LONG = FieldProblem(
    pointer="", detail=f"a line of more than {MAX_LINE_BYTES} bytes; expected one scan", got="a longer line"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with row `index` of those that were handed over."""

    index: int
    pointer: str
    detail: str
    got: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of rows. Of the refusals the first 100 are told.

    Among the scans read, `unknown_codes` counts those whose code no table knew, `clocks_ahead` those whose time is more
    than 15 minutes after ours.
    """

    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    unknown_codes: int = 0
    clocks_ahead: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()

    def followed_by(self, other: "Intake") -> "Intake":
        """Return what became of these rows and of those that came after them."""
        room = max(TOLD_REFUSALS - len(self.refusals), 0)
        later = (replace(one, index=one.index + self.received) for one in other.refusals[:room])
        return Intake(
            self.received + other.received,
            self.accepted + other.accepted,
            self.duplicates + other.duplicates,
            self.unknown_codes + other.unknown_codes,
            self.clocks_ahead + other.clocks_ahead,
            self.refused + other.refused,
            (*self.refusals, *later),
        )


@dataclass(slots=True)
class Batch:
    """Rows that were read and are not kept yet."""

    recorded_at: datetime
    received: int = 0
    scans: list[Scan] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def intake(self, new: set[str]) -> Intake:
        """Tell what became of the rows, and take the ids of its scans out of those that were new."""
        ours = {scan.scan_id for scan in self.scans} & new
        new -= ours
        accepted = len(ours)
        return Intake(
            received=self.received,
            accepted=accepted,
            duplicates=len(self.scans) - accepted,
            unknown_codes=sum(scan.is_unread for scan in self.scans),
            clocks_ahead=sum(scan.is_ahead for scan in self.scans),
            refused=len(self.refusals),
            refusals=tuple(self.refusals[:TOLD_REFUSALS]),
        )


class Reader:
    """Reads rows with code tables; everything in one batch is recorded at one instant."""

    def __init__(self, tables: CodeTables, source: str, vocabulary: str | None = None) -> None:
        self._source = source
        self._vocabulary = vocabulary
        self._map = lru_cache(_REMEMBERED_CODES)(tables.map)  # a batch has many scans and few codes

    def rows(self, told: Iterable[object], now: datetime) -> Batch:
        """Read decoded JSON values."""
        batch = Batch(now)
        for row in told:
            self.row(batch, row, b"")
        return batch

    def lines(self, told: Iterable[bytes | LongLine], now: datetime) -> Batch:
        """Read texts of one JSON value each."""
        batch = Batch(now)
        for line in told:
            self.line(batch, line)
        return batch

    def row(self, batch: Batch, told: object, content: bytes) -> None:
        """Read one decoded value into a batch; `content` is how it came, where that is at hand."""
        try:
            scan = scan_of(told, batch.recorded_at, self._source, self._map, self._vocabulary)
        except RefusedRowError as error:
            self.refuse(batch, content or _encoded(told), error.problem)
        else:
            batch.scans.append(scan)
            batch.received += 1

    def line(self, batch: Batch, told: bytes | LongLine) -> None:
        """Read a text of one JSON value into a batch."""
        if isinstance(told, LongLine):
            self.refuse(batch, told.beginning, TOO_LONG)
            return
        try:
            row = decoded(told)
        except ValueError as error:
            self.refuse(batch, told, FieldProblem(pointer="", detail=f"no JSON: {error}", got="this line"))
        else:
            self.row(batch, row, told)

    def refuse(self, batch: Batch, content: bytes, problem: FieldProblem) -> None:
        """Set the next row of a batch aside."""
        batch.refusals.append(Refusal(batch.received, problem.pointer, problem.detail, problem.got))
        told = f"{problem.pointer}: {problem.detail}" if problem.pointer else problem.detail
        batch.refused.append(Refused(self._source, content[:REFUSED_BYTES], told))
        batch.received += 1


def accept_scans(
    database: Database, rows: Iterable[object], source: str, now: datetime, tables: CodeTables | None = None
) -> Intake:
    """Keep the scans among decoded JSON values; what is none is set aside and told. Blocking.

    StoreUnavailableError when nothing was written. The same rows again are duplicates and change nothing.
    """
    return keep(database, [Reader(tables or CodeTables.default(), source).rows(rows, now)])[0]


def accept_lines(
    database: Database, lines: Iterable[bytes | LongLine], source: str, now: datetime, tables: CodeTables | None = None
) -> Intake:
    """Keep the scans among texts of one JSON value each, as `accept_scans` does."""
    return keep(database, [Reader(tables or CodeTables.default(), source).lines(lines, now)])[0]


def decoded(text: bytes) -> object:
    r"""Decode JSON (ValueError), after a byte order mark if there is one.

    Bytes that are not UTF-8 and halves of characters spoil only the strings they are in.

    >>> decoded(b'[1, "\\ud800"]')
    [1, '\ud800']
    """
    text = text.removeprefix(BOM_UTF8)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(text.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            raise ValueError(str(error)) from None


def _encoded(row: object) -> bytes:
    try:
        return orjson.dumps(row)
    except TypeError:  # halves of characters, large numbers, lists in lists in lists
        with suppress(RecursionError):
            return repr(row).encode("ascii", "backslashreplace")
        return b"(too deep to be shown)"


def keep(database: Database, batches: Sequence[Batch]) -> list[Intake]:
    """Write batches in one transaction, and tell what became of each; an event in two of them is new in the first."""
    now = max(batch.recorded_at for batch in batches)
    with database.writing() as connection:
        recorded = record_scans(connection, [scan for batch in batches for scan in batch.scans], now)
        for batch in batches:
            refuse(connection, batch.refused, batch.recorded_at)
    new = set(recorded.new)
    return [batch.intake(new) for batch in batches]
