"""Lines of a stream, of which no more than a stated size is held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

MAX_LINE_BYTES = 65_536
_KEPT = 2_048


@dataclass(frozen=True, slots=True)
class LongLine:
    """The beginning of a line that is longer than allowed; the rest of it is gone."""

    beginning: bytes


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
        while rest := file.readline(limit):
            size += len(rest)
            if rest.endswith(b"\n"):
                break
        yield Line(LongLine(line[:_KEPT]), size)
