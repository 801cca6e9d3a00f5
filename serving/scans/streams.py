"""A stream of scans, one JSON value a line: read and kept in batches, in constant memory."""

from asyncio import wrap_future
from collections.abc import AsyncIterator

from serving.body_limit import too_large
from serving.scans.intake import Intake
from serving.scans.lines import Lines, LongLine
from serving.scans.reading import ReadingDesk
from serving.scans.recorder import Recorder

BATCH_LINES = 1_000
BATCH_BYTES = 1_048_576
MAX_STREAM_BYTES = 2**30


async def keep_stream(pieces: AsyncIterator[bytes], desk: ReadingDesk, recorder: Recorder) -> Intake:
    """Keep the scans of a stream; each batch is committed before the next is read, and stays whatever comes after it.

    A 413 when the stream has more than 1 GiB.
    """
    lines = Lines()
    total = Intake()
    waiting: list[bytes | LongLine] = []
    received = size = 0

    async def commit() -> None:
        nonlocal total, size
        if waiting:
            batch = await desk.lines(list(waiting))
            total = total.followed_by(await wrap_future(recorder.submit(batch)))
            waiting.clear()
        size = 0

    async for piece in pieces:
        received += len(piece)
        size += len(piece)
        if received > MAX_STREAM_BYTES:
            raise too_large(MAX_STREAM_BYTES)
        for line in lines.feed(piece):
            waiting.append(line)
            if len(waiting) >= BATCH_LINES:
                await commit()
        if size >= BATCH_BYTES:
            await commit()
    waiting += lines.finish()
    await commit()
    return total
