"""A client of its own process that sends scans at a steady pace and watches the feed for the alerts they raise.

Run as `python -m serving.bench.scans.paced SPEC.json RESULT.json`.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from serving.bench.load import request

POLL_S = 0.05
_PAGE = 500


@dataclass(frozen=True)
class Pace:
    """What to send: bodies, so many a second; `alarming` names the parcel of each body that raises an alert, else "".

    After the last one the feed is watched for `patience` seconds at most.
    """

    host: str
    port: int
    key: str
    per_second: float
    connections: int
    patience: float
    bodies: tuple[str, ...]
    alarming: tuple[str, ...]


@dataclass(frozen=True)
class Delays:
    """Seconds from when a scan was due to be sent to its answer, and to its alert in the feed.

    None were lost if there are as many alerts as alarming scans.
    """

    answers: list[float]
    alerts: list[float]
    failures: int
    seconds: float
    client_busy: float


@dataclass
class _Run:
    pace: Pace
    due_at: dict[str, float] = field(default_factory=dict)
    answers: list[float] = field(default_factory=list)
    alerts: dict[str, float] = field(default_factory=dict)
    failures: int = 0


async def run(pace: Pace) -> Delays:
    """Send everything, and return the delays. A scan that had to wait for a free connection was due before."""
    state = _Run(pace)
    begin, busy = perf_counter(), process_time()
    todo: asyncio.Queue[tuple[float, int] | None] = asyncio.Queue()
    senders = [asyncio.create_task(_send(state, todo)) for _ in range(pace.connections)]
    watcher = asyncio.create_task(_watch(state))
    for number in range(len(pace.bodies)):
        due = begin + number / pace.per_second
        if (wait := due - perf_counter()) > 0:
            await asyncio.sleep(wait)
        todo.put_nowait((due, number))
    for _ in senders:
        todo.put_nowait(None)
    await asyncio.gather(*senders)
    seconds = perf_counter() - begin
    await asyncio.wait({watcher}, timeout=pace.patience)
    watcher.cancel()
    return Delays(
        state.answers,
        list(state.alerts.values()),
        state.failures,
        seconds,
        (process_time() - busy) / seconds,
    )


async def _send(state: _Run, todo: "asyncio.Queue[tuple[float, int] | None]") -> None:
    pace = state.pace
    reader, writer = await asyncio.open_connection(pace.host, pace.port)
    while (taken := await todo.get()) is not None:
        due, number = taken
        if pace.alarming[number]:
            state.due_at[pace.alarming[number]] = due
        status, _ = await _ask(reader, writer, "POST", "/v1/scans", pace, pace.bodies[number])
        state.failures += status != 200
        state.answers.append(perf_counter() - due)
    writer.close()


async def _watch(state: _Run) -> None:
    """Follow the feed until every alarming scan has its alert."""
    pace = state.pace
    reader, writer = await asyncio.open_connection(pace.host, pace.port)
    expected = sum(map(bool, pace.alarming))
    cursor = ""
    while len(state.alerts) < expected:
        after = f"&after={cursor}" if cursor else ""
        _, body = await _ask(reader, writer, "GET", f"/v1/alerts?limit={_PAGE}{after}", pace, "")
        seen_at = perf_counter()
        page = json.loads(body)
        cursor = page["cursor"]
        for event in page["events"]:
            shipment_id = event["subject"]
            if shipment_id in state.due_at and shipment_id not in state.alerts:
                state.alerts[shipment_id] = seen_at - state.due_at[shipment_id]
        if not page["more"]:
            await asyncio.sleep(POLL_S)
    writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, pace: Pace, body: str
) -> tuple[int, bytes]:
    headers = {"authorization": f"Bearer {pace.key}"}
    writer.write(request(method, path, pace.host, body, headers).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    length = next(int(one.split(b":")[1]) for one in fields if one.startswith(b"content-length:"))
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


def main(path: str, result: str) -> None:
    """Run the pace of a file and write the delays to another."""
    import uvloop  # noqa: PLC0415  # the client alone needs it here

    spec: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    spec |= {name: tuple(spec[name]) for name in ("bodies", "alarming")}
    delays = uvloop.run(run(Pace(**spec)))
    Path(result).write_text(json.dumps(asdict(delays)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
