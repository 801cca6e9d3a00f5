"""Names that hang, beside others."""

import asyncio
import threading
from contextlib import contextmanager

import pytest

from serving.webhooks import lookups
from serving.webhooks.lookups import PER_NAME, THREADS
from serving.webhooks.post import NoAnswerError, Post
from serving.webhooks.targets import Targets
from tests.serving.webhooks.receiver import LOCAL, Receiver, receiving


@contextmanager
def _posting(timeout_s=5.0):
    """Yield a poster to which names that begin with "dead" hang until the end, and those names as they are asked."""
    end, asked = threading.Event(), []

    def resolver(host, port):
        asked.append(host)
        if host.startswith("dead"):
            end.wait(20)
            raise OSError
        return ["127.0.0.1"]

    post = Post(Targets(LOCAL, resolver), timeout_s=timeout_s)
    try:
        yield post, asked
    finally:
        end.set()
        post.close()


async def _hanging(post, names, attempts=8):
    """Begin attempts to names that hang, as many for each as one endpoint may have."""
    urls = [f"https://dead{name}.example/" for name in range(names) for _ in range(attempts)]
    tasks = [asyncio.create_task(post.post(url, {}, b"")) for url in urls]
    await asyncio.sleep(0.1)
    return tasks


@pytest.mark.parametrize("names", [4, THREADS // PER_NAME - 1])
def test_names_that_hang_do_not_hold_up_others(names):
    receiver = Receiver()

    async def main(post):
        async with receiving(receiver):
            dead = await _hanging(post, names)
            replies = await asyncio.gather(*(post.post(receiver.url, {}, b"{}") for _ in range(8)))
            assert [reply.status for reply in replies] == [204] * 8
            for task in dead:
                task.cancel()
            await asyncio.gather(*dead, return_exceptions=True)

    with _posting() as (post, asked):
        asyncio.run(main(post))

    assert sum(host.startswith("dead") for host in asked) == names * PER_NAME


def test_attempts_to_a_name_that_hangs_fail_at_once(monkeypatch):
    monkeypatch.setattr(lookups, "HANGS_AFTER_S", 0.2)

    async def main(post):
        dead = await _hanging(post, 1)
        found = await asyncio.gather(*dead, return_exceptions=True)
        told = [str(error) for error in found]
        assert (told.count("no answer within 1 s"), len(told)) == (PER_NAME, 8)
        begun = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswerError, match="the look-up of the receiver's name hangs"):
            await post.post("https://dead0.example/", {}, b"")
        assert asyncio.get_running_loop().time() - begun < 0.1

    with _posting(timeout_s=1.0) as (post, _):
        asyncio.run(main(post))
