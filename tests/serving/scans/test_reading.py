"""Large batches are read beside other answers, one after the other."""

import asyncio
from datetime import UTC, datetime, timedelta
from threading import get_ident
from time import sleep

import pytest

from serving.scans.reading import QUICK_BYTES, QUICK_ROWS, ReadingDesk

NOW = datetime(2027, 3, 1, tzinfo=UTC)


class Slow:
    """Reads nothing, takes its time, and remembers who read how many rows, and how many read at once."""

    def __init__(self):
        self.seen = []
        self.inside = self.most = 0

    def rows(self, told, now):
        self.inside += 1
        self.most = max(self.most, self.inside)
        sleep(0.01)
        self.inside -= 1
        self.seen.append((get_ident(), len(told), now))
        return len(told)

    lines = rows


def read(name, *sizes):
    """Read batches of these sizes at once; return what came of each, and the reader."""

    async def all_at_once():
        desk = ReadingDesk(reader, clock)
        told = ([b"{}"] * size for size in sizes)
        return await asyncio.gather(
            *(desk.lines(one) if name == "lines" else desk.rows(lambda _, one=one: one, b"[]") for one in told)
        )

    reader = Slow()

    def clock():
        return NOW + timedelta(minutes=len(reader.seen))

    return asyncio.run(all_at_once()), reader


@pytest.mark.parametrize("name", ["rows", "lines"])
def test_large_batches_are_read_in_another_thread_one_at_a_time(name):
    sizes = [QUICK_ROWS + 1, 300, 1000, 50]
    found, reader = read(name, *sizes)
    assert found == sizes
    assert sorted(reader.seen[number][1] for number in range(4)) == sorted(sizes)
    assert reader.most == 1
    assert [now for _, _, now in reader.seen] == [NOW + timedelta(minutes=done) for done in range(4)]
    assert get_ident() not in {thread for thread, _, _ in reader.seen}


@pytest.mark.parametrize("name", ["rows", "lines"])
def test_a_few_are_read_at_once(name):
    found, reader = read(name, QUICK_ROWS, 1)
    assert found == [QUICK_ROWS, 1]
    assert {thread for thread, _, _ in reader.seen} == {get_ident()}


def test_few_rows_of_many_bytes_are_decoded_and_read_in_another_thread():
    reader, own, seen = Slow(), Slow(), []

    def decode(body):
        seen.append(get_ident())
        return [body]

    async def ask():
        desk = ReadingDesk(reader, lambda: NOW)
        await desk.rows(decode, b"x" * QUICK_BYTES)
        await desk.lines([b"x" * QUICK_BYTES])
        await desk.rows(decode, b"x" * (QUICK_BYTES + 1))
        await desk.lines([b"x" * (QUICK_BYTES + 1)])
        await desk.rows(decode, b"x" * (QUICK_BYTES + 1), own)

    asyncio.run(ask())

    here = get_ident()
    assert [thread == here for thread in seen] == [True, False, False]
    assert [thread == here for thread, _, _ in reader.seen] == [True, True, False, False]
    assert [thread == here for thread, _, _ in own.seen] == [False]


def test_a_batch_that_fails_does_not_hold_up_the_next():
    class Failing(Slow):
        def rows(self, told, now):
            if len(told) == 100:
                raise ValueError("no rows")
            return super().rows(told, now)

    async def both():
        desk = ReadingDesk(Failing(), lambda: NOW)
        asked = (desk.rows(lambda _, size=size: [1] * size, b"[]") for size in (100, 200))
        return await asyncio.gather(*asked, return_exceptions=True)

    failed, done = asyncio.run(both())
    assert isinstance(failed, ValueError)
    assert done == 200
