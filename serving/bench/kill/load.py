"""Shops that register parcels and send scans without end, and repeat what was not acknowledged."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from random import Random
from threading import Event, Thread
from typing import Any

from parcelcast.errors import ParcelcastError
from serving.bench.kill.parcels import Story, story

_PATIENCE_S = 5.0
_GIVE_UP_S = 120.0
_PAUSE_S = 0.02
_MOST_AT_ONCE = 8


class Shop:
    """Tells stories from `start` until it is asked to finish, several at once, each scan in its order, some twice.

    ``acknowledged`` are the ids of the scans that were answered with 200; ``repeats`` counts requests that were sent
    again because no answer came.
    """

    def __init__(self, port: int, key: str, numbers: Iterator[int], random: Random) -> None:
        self.acknowledged: set[str] = set()
        self.told: list[Story] = []
        self.repeats = 0
        self._address = ("127.0.0.1", port)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._numbers = numbers
        self._error: Exception | None = None
        self._random = random
        self._ending = Event()
        self._connection: HTTPConnection | None = None
        self._thread = Thread(target=self._run, name="shop", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def ask_to_finish(self) -> None:
        """Begin no more stories, and end those that were begun."""
        self._ending.set()

    def wait(self, patience: float) -> None:
        """Wait until all stories are told; ParcelcastError when that took too long or something was refused."""
        self._thread.join(patience)
        if self._error is not None:
            raise self._error
        if self._thread.is_alive():
            raise ParcelcastError(f"the stories were not told after {patience} seconds")

    def post(self, path: str, body: Any) -> Any:
        """Send until it is acknowledged, and return the answer; ParcelcastError when it never is."""
        content = json.dumps(body).encode()
        deadline = time.monotonic() + _GIVE_UP_S
        while (answer := self._try(path, content)) is None:
            if time.monotonic() > deadline:
                raise ParcelcastError(f"{path} was not acknowledged for {_GIVE_UP_S} seconds")
            self.repeats += 1
            time.sleep(_PAUSE_S)
        return json.loads(answer)

    def _try(self, path: str, content: bytes) -> bytes | None:
        try:
            if self._connection is None:
                self._connection = HTTPConnection(*self._address, timeout=_PATIENCE_S)
            self._connection.request("POST", path, content, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (HTTPException, OSError):
            self._hang_up()
            return None
        if response.status in {200, 201}:
            return answer
        if response.status < 500:
            raise ParcelcastError(f"{path} was refused with {response.status}: {answer.decode()}")
        return None

    def _run(self) -> None:
        try:
            self._tell()
        except ParcelcastError as error:
            self._error = error
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tell(self) -> None:
        under_way: list[tuple[Story, list[dict[str, Any]]]] = []
        while under_way or not self._ending.is_set():
            if not self._ending.is_set() and len(under_way) < _MOST_AT_ONCE:
                new = story(f"{next(self._numbers):05}", self._random, datetime.now(UTC))
                self.post("/v1/shipments", new.parcel)
                self.told.append(new)
                under_way.append((new, list(new.scans)))
            chosen = self._random.sample(under_way, self._random.randint(1, len(under_way)))
            batch = [(told, left.pop(0)) for told, left in chosen]
            again = [self._random.choice(batch)] if self._random.random() < 0.2 else []
            self.post("/v1/scans", [row for _, row in batch + again])
            self.acknowledged.update(told.scan_id(row) for told, row in batch)
            under_way = [entry for entry in under_way if entry[1]]
            time.sleep(_PAUSE_S)
