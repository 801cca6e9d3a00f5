"""Where webhooks may go: public addresses, and the private networks that the operator names.

A subscriber chooses the URL, so the server must not be led to machines that only it can reach. The name is resolved
here, every address is checked, and the connection is made to the very address that was checked: a name that answers
differently the second time gains nothing.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from parcelcast.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host name; OSError when there are none."""

MAX_URL_LENGTH = 2_048
PORTS = "80, 443 or 1024 to 65535"

# Beside what the ipaddress module calls not global, whose list differs between versions of Python (IANA's registries of
# special purpose addresses).
_REFUSED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's metadata, at a public address
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",  # 6to4 holds an IPv4 address
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class RefusedTargetError(InputError):
    """A URL that webhooks may not go to."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL, and the addresses that its host had when it was checked."""

    url: SplitResult
    host: str
    port: int
    addresses: tuple[Address, ...]


class Targets:
    """Checks URLs; `allowed` networks may be reached although they are private, and by plain http.

    InputError for a network that is none.
    """

    def __init__(self, allowed: Iterable[str] = (), resolver: Resolver | None = None) -> None:
        self._allowed = tuple(_network(text) for text in allowed)
        self._resolve = resolver or resolve

    def check(self, url: str) -> Target:
        """Return where the URL leads now; RefusedTargetError says what is wrong with it. Waits for the name server."""
        parts = checked_url(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            addresses = tuple(ipaddress.ip_address(text.partition("%")[0]) for text in self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise RefusedTargetError(
                "got a host without an address; expected one that the name service knows"
            ) from error
        if not addresses:
            raise RefusedTargetError("got a host without an address; expected one that the name service knows")
        for address in addresses:
            self._check_address(address, parts.scheme)
        return Target(parts, host, port, addresses)

    def _check_address(self, address: Address, scheme: str) -> None:
        is_allowed = any(address in network for network in self._allowed)
        if not is_allowed and not is_public(address):
            raise RefusedTargetError(
                "got a host in a private, local or reserved network; expected a public one, or a network that the "
                "setting webhook_targets_allowed names"
            )
        if not is_allowed and scheme != "https":
            raise RefusedTargetError("got http; expected https, as the network is not in webhook_targets_allowed")


def checked_url(url: str) -> SplitResult:
    """Take a URL apart; RefusedTargetError, which never repeats it, unless it is http(s) to a host and nothing odd."""
    if len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise RefusedTargetError(
            f"got a URL that is too long or has characters that URLs do not have; expected at most {MAX_URL_LENGTH} "
            "printable ASCII characters"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedTargetError("got a URL that cannot be read; expected https://HOST/PATH") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or "%" in parts.netloc:
        raise RefusedTargetError("got another kind of URL; expected https://HOST/PATH")
    if "@" in parts.netloc or "#" in url:
        raise RefusedTargetError("got a URL with a user, password or fragment; expected https://HOST/PATH")
    if port is not None and port not in {80, 443} and not 1024 <= port <= 65_535:
        raise RefusedTargetError(f"got port {port}; expected {PORTS}")
    return parts


def is_public(address: Address) -> bool:
    """Tell whether everybody can reach an address, so that we may be sent there too.

    >>> [is_public(ipaddress.ip_address(text)) for text in ("93.184.215.14", "10.0.0.1", "::ffff:10.0.0.1")]
    [True, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    is_special = not address.is_global or address.is_multicast or address.is_reserved
    return not is_special and not any(address in network for network in _REFUSED)


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InputError(
            f"webhook_targets_allowed has {text!a}, expected networks such as 10.1.0.0/16 or fd00::/8"
        ) from error
