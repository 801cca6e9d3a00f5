"""One attempt to post a webhook: to a checked address, without redirects, proxies or kept connections."""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx

from parcelcast.errors import ParcelcastError
from serving.webhooks.lookups import HangingNameError, Lookups
from serving.webhooks.targets import Address, Target, Targets

TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
READ_BYTES = 1_024

_READ_TIMEOUT_S = 1.0


class NoAnswerError(ParcelcastError):
    """The receiver gave no answer; the message says why, without naming it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered."""

    status: int
    retry_after: str | None


class Post:
    """Posts to receivers, each attempt by a connection of its own."""

    def __init__(self, targets: Targets, tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._lookups = Lookups(targets)
        self._tls = tls or httpx.create_ssl_context()
        self._timeout_s = timeout_s

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post a body; NoAnswerError when no status arrives in time, RefusedTargetError when it may not go there."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(await self._lookups.check(url), headers, body)
        except HangingNameError as error:
            raise NoAnswerError(str(error)) from error
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {self._timeout_s:g} s") from error
        except httpx.ConnectTimeout as error:
            raise NoAnswerError(f"no connection within {CONNECT_TIMEOUT_S:g} s") from error
        except httpx.ConnectError as error:
            raise NoAnswerError("TLS failed" if _is_tls(error) else "no connection") from error
        except httpx.HTTPError as error:
            raise NoAnswerError(f"the connection broke ({type(error).__name__})") from error

    def close(self) -> None:
        """Let the threads go."""
        self._lookups.close()

    async def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Reply:
        *others, last = target.addresses
        for address in others:
            # While nothing was sent, another address of the same host may be tried.
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._send(target, address, headers, body)
        return await self._send(target, last, headers, body)

    async def _send(self, target: Target, address: Address, headers: Mapping[str, str], body: bytes) -> Reply:
        request = httpx.Request(
            "POST",
            _url(target, address),
            headers={**headers, "host": target.url.netloc, "connection": "close", "accept-encoding": "identity"},
            content=body,
            # The certificate is that of the name, though the connection goes to the address.
            extensions={"sni_hostname": target.host, "timeout": {"connect": CONNECT_TIMEOUT_S}},
        )
        # A transport alone follows no redirects, keeps no cookies and logs no URLs; one for each attempt shares no
        # connection between receivers at one address.
        async with httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            try:
                await _read_a_little(response)
            finally:
                await response.aclose()
        return Reply(response.status_code, response.headers.get("retry-after"))


async def _read_a_little(response: httpx.Response) -> None:
    """Let a receiver finish its words, if they are few: only the status counts."""
    received = 0
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_READ_TIMEOUT_S):
            async for chunk in response.aiter_raw():
                received += len(chunk)
                if received >= READ_BYTES:
                    return


def _url(target: Target, address: Address) -> str:
    host = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)
    query = f"?{target.url.query}" if target.url.query else ""
    return f"{target.url.scheme}://{host}:{target.port}{target.url.path or '/'}{query}"


def _is_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
