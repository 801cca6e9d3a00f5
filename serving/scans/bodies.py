"""Request bodies of scans: whole or as a stream, plain or gzip, never more of them in memory than is stated."""

import zlib
from collections.abc import AsyncIterator, Iterator

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from parcelcast.errors import InputError
from serving.body_limit import too_large
from serving.scans.intake import decoded

_PIECE = 65_536
_GZIP = 31  # zlib's word for: a gzip header is expected


async def whole(request: Request, limit: int) -> bytes:
    """Return the body; a 413 when it has more than `limit` bytes, packed or unpacked."""
    found = bytearray()
    async for piece in pieces(request):
        found += piece
        if len(found) > limit:
            raise too_large(limit)
    return bytes(found)


async def as_it_came(request: Request) -> bytes:
    """Return a body that is signed; a 400 (which nobody reads) when the client is gone."""
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400, "the body broke off; nothing of it is kept") from error


def json_of(body: bytes) -> object:
    """Decode a body; a 400 when it is not JSON."""
    try:
        return decoded(body)
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it comes, unpacked.

    A 415 for another packing than gzip, InputError for broken gzip, a 400 (which nobody reads) when the client is gone.
    """
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip"}:
        raise HTTPException(415, f"got Content-Encoding {ascii(packing)[:40]}; expected gzip or none")
    unpacking = Unpacking() if packing == "gzip" else None
    try:
        async for piece in request.stream():
            if unpacking is None:
                yield piece
            else:
                for unpacked in unpacking.feed(piece):
                    yield unpacked
    except ClientDisconnect as error:
        raise HTTPException(400, "the body broke off; scans before this point are kept") from error
    if unpacking is not None:
        unpacking.finish()


class Unpacking:
    """Unpacks gzip in pieces of at most 64 KB, however much a few bytes may stand for."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(_GZIP)
        self._began = False

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield what some packed bytes stand for; InputError when they are no gzip."""
        full = False
        while packed or full:
            if self._engine.eof:  # several files may follow each other
                self._engine = zlib.decompressobj(_GZIP)
            try:
                unpacked = self._engine.decompress(packed, _PIECE)
            except zlib.error as error:
                raise InputError(f"the body is no gzip ({error}); scans before this point are kept") from error
            self._began = True
            full = len(unpacked) == _PIECE and not self._engine.eof  # there may be more of it inside
            packed = self._engine.unconsumed_tail or self._engine.unused_data
            if unpacked:
                yield unpacked

    def finish(self) -> None:
        """Raise InputError when the end is missing."""
        if self._began and not self._engine.eof:
            raise InputError("the gzip body ends too early; scans before this point are kept, send all of them again")
