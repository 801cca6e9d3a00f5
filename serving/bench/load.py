"""A load client of its own process: raw HTTP/1.1 over kept connections, so that the server is what is measured.

Run as `python -m serving.bench.load SPEC.json`; prints one JSON line.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import cast

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Load:
    """What to ask, over how many connections, for how long. Requests are whole, as they go over the wire."""

    host: str
    port: int
    connections: int
    seconds: float
    requests: tuple[str, ...]
    repeat: bool = True  # begin again when all requests were sent, until the time is over


@dataclass(frozen=True)
class Measured:
    """What came of it; latencies in milliseconds."""

    answers: int
    seconds: float
    failures: int
    p50: float
    p99: float
    client_busy: float

    @property
    def per_second(self) -> float:
        """Return answers per second."""
        return self.answers / self.seconds if self.seconds else 0.0


def request(method: str, path: str, host: str, body: str = "", headers: dict[str, str] | None = None) -> str:
    """Return the text of an HTTP request.

    >>> request("GET", "/healthz", "localhost").splitlines()[:2]
    ['GET /healthz HTTP/1.1', 'host: localhost']
    """
    fields = {"host": host, **(headers or {})}
    if body:
        fields |= {"content-type": "application/json", "content-length": str(len(body.encode()))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines) + "\r\n\r\n" + body


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], until: float, latencies: list[float]) -> None:
        self._requests = requests
        self._until = until
        self._latencies = latencies
        self._buffer = b""
        self._wanted = -1
        self._sent_at = 0.0
        self.failures = 0
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._wanted < 0 and (end := self._buffer.find(_END)) >= 0:
            head = self._buffer[:end].lower()
            start = head.find(_LENGTH) + len(_LENGTH)
            self._wanted = end + len(_END) + int(head[start:].split(b"\r\n", 1)[0])
            self.failures += head.split(b" ", 2)[1] != b"200"
        if 0 <= self._wanted <= len(self._buffer):
            self._latencies.append(perf_counter() - self._sent_at)
            self._buffer, self._wanted = b"", -1
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(exc)

    def _next(self) -> None:
        text = next(self._requests, None) if perf_counter() < self._until else None
        if text is None:
            self._transport.close()
            return
        self._sent_at = perf_counter()
        self._transport.write(text)


async def run(load: Load) -> Measured:
    """Put a load on a server and return what was measured."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    start, busy = perf_counter(), process_time()
    requests = _endless(load) if load.repeat else iter([text.encode() for text in load.requests])
    made = [
        await loop.create_connection(
            lambda: _Connection(requests, start + load.seconds, latencies), load.host, load.port
        )
        for _ in range(load.connections)
    ]
    await asyncio.gather(*(connection.closed for _, connection in made))
    seconds = perf_counter() - start
    ordered = sorted(latencies) or [float("nan")]
    return Measured(
        answers=len(latencies),
        seconds=seconds,
        failures=sum(connection.failures for _, connection in made),
        p50=ordered[len(ordered) // 2] * 1000,
        p99=ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)] * 1000,
        client_busy=(process_time() - busy) / seconds,
    )


def _endless(load: Load) -> Iterator[bytes]:
    encoded = [text.encode() for text in load.requests]
    while True:
        yield from encoded


def main(path: str) -> None:
    """Run the load of a file and print the result."""
    import uvloop  # noqa: PLC0415  # the client alone needs it here

    spec = json.loads(Path(path).read_text(encoding="utf-8"))
    measured = uvloop.run(run(Load(**{**spec, "requests": tuple(spec["requests"])})))
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
