"""A running application with fakes around it, and a shop that calls it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from parcelcast.settings import Settings
from serving.app import create_app
from serving.keys import SCOPES, KeyRing, new_key
from serving.promises.memory import Memory
from serving.state import Services
from tests.serving.fakes import FakeClock, FakeSource

ALL_KEY, _all = new_key(bytes(range(38)), SCOPES, "all")
READ_KEY, _read = new_key(bytes(range(1, 39)), ["promises:read"], "page")
WRITE_KEY, _write = new_key(bytes(range(2, 40)), ["promises:write"], "checkout")
KEYS = KeyRing([_all, _read, _write])

PRODUCT: dict[str, Any] = {
    "destination": {"country": "DE", "postal_code": "80331"},
    "items": [{"id": "sneaker", "weight_g": 900, "origins": ["wh-leipzig"]}],
    "options": [{"carrier": "kranich", "service": "standard"}],
}


@dataclass
class Shop:
    """Calls the application in its own event loop, as `key`."""

    app: FastAPI
    state: dict[str, Any]
    portal: BlockingPortal
    clock: FakeClock
    source: FakeSource
    key: str | None = ALL_KEY

    @property
    def services(self) -> Services:
        return self.state["services"]

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**({"authorization": f"Bearer {self.key}"} if self.key else {}), **request.pop("headers", {})}
        return self.portal.call(self._call, method, path, headers, request)

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self.call("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self.call("POST", path, **request)

    def promise(self, question: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Ask for a promise, the product's unless told otherwise, and expect one."""
        response = self.post("/v1/promises", json={**(question or PRODUCT), **changes})
        assert response.status_code == 200, response.text
        return response.json()

    def option(self, question: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        return self.promise(question, **changes)["options"][0]

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request with the lifespan's state, as a server would."""
        if scope["type"] == "http":
            await self.app({**scope, "state": dict(self.state)}, receive, send)

    async def _call(self, method: str, path: str, headers: dict[str, str], request: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            return await client.request(method, path, headers=headers, **request)


@contextmanager
def open_shop(
    folder: Path,
    now: str = "2026-11-23T10:00:05+01:00",
    source: FakeSource | None = None,
    memory: Memory | None = None,
    **settings: Any,
) -> Iterator[Shop]:
    """Start an application on a folder; by default on Monday, 23 November 2026, in the morning."""
    clock = FakeClock(None)  # type: ignore[arg-type]  # set at once
    clock.set(now)
    found = source or FakeSource()
    app = create_app(
        Settings(
            **{
                "store": folder / "promises.sqlite",
                "database": f"sqlite:///{folder / 'parcels.sqlite'}",
                "bundle_poll_seconds": 0.0,
                "worker": False,
                **settings,
            }
        ),
        clock,
        found,
        KEYS,
        memory_factory=lambda: Memory() if memory is None else memory,
    )
    with running(app) as (portal, state):
        yield Shop(app, state, portal, clock, found)


@contextmanager
def running(app: FastAPI) -> Iterator[tuple[BlockingPortal, dict[str, Any]]]:
    """Run an application's lifespan in an event loop of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)) as state,
    ):
        yield portal, dict(state)
