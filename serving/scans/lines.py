"""Lines of a stream, of which no more than a stated size is held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import BinaryIO, NamedTuple

MAX_LINE_BYTES = 65_536
_KEPT = 2_048
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class LongLine:
    """The beginning of a line that is longer than allowed; the rest of it is gone. `digest` is of all of it."""

    beginning: bytes
    digest: bytes = field(default=b"", repr=False)


class Lines:
    r"""Cuts pieces of a stream into lines without their ends; blank lines are left out.

    >>> lines = Lines(limit=5)
    >>> [*lines.feed(b"one\ntw"), *lines.feed(b"o\n\nthree and more\nfour"), *lines.finish()]
    [b'one', b'two', LongLine(beginning=b'three'), b'four']
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._held = bytearray()
        self._too_long: LongLine | None = None

    def feed(self, piece: bytes) -> Iterator[bytes | LongLine]:
        """Yield the lines that end in a piece."""
        *ended, rest = piece.split(b"\n")
        for end in ended:
            self._hold(end)
            yield from self.finish()
        self._hold(rest)

    def finish(self) -> Iterator[bytes | LongLine]:
        """Yield the line that is held, if there is one."""
        if self._too_long is not None:
            yield self._too_long
        elif line := bytes(self._held).strip():
            yield line
        self._held.clear()
        self._too_long = None

    def _hold(self, more: bytes) -> None:
        if self._too_long is not None:
            return
        self._held += more
        if len(self._held) > self._limit:
            self._too_long = LongLine(bytes(self._held[: min(self._limit, _KEPT)]))
            self._held.clear()


class Line(NamedTuple):
    """A line of a file, with its end, and how many bytes it takes there."""

    told: bytes | LongLine
    size: int


def lines_of(file: BinaryIO, limit: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Yield the lines of a file from where it is."""
    while line := file.readline(limit + 1):
        size = len(line)
        if size <= limit or line.endswith(b"\n"):
            yield Line(line, size)
            continue
        whole = blake2b(line, digest_size=_DIGEST_BYTES)
        while rest := file.readline(limit):
            size += len(rest)
            whole.update(rest)
            if rest.endswith(b"\n"):
                break
        yield Line(LongLine(line[:_KEPT], whole.digest()), size)


class Part:
    r"""Lines from the start of a file on: how many bytes they take there, and a digest of them.

    >>> part, other = Part(), Part()
    >>> part.add(Line(b"one\n", 4)), other.add(Line(b"two\n", 4))
    (None, None)
    >>> part.size, part.digest == other.digest
    (4, False)
    """

    def __init__(self) -> None:
        self.size = 0
        self._hash = blake2b(digest_size=_DIGEST_BYTES)

    @property
    def digest(self) -> str:
        """Tell them from other lines."""
        return self._hash.hexdigest()

    def add(self, line: Line) -> None:
        """Take in the next line."""
        self.size += line.size
        self._hash.update(line.told.digest if isinstance(line.told, LongLine) else line.told)
