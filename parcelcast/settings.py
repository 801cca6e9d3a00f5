"""Settings of a running process, from environment variables ``PARCELCAST_*``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from parcelcast.errors import InputError

_MINUTE, _HOUR = 60.0, 3_600.0
# The example of Standard Webhooks 1.0.0, counted from the first attempt.
WEBHOOK_RETRY_SECONDS = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
_SWITCHES = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True)
class Settings:
    """Where things are and what the server allows; each field is read from ``PARCELCAST_`` plus its name in capitals.

    ``bundle`` is the serving bundle's directory or a link to it, looked at for changes every ``bundle_poll_seconds``
    (0: never). ``store`` is the SQLite file of promises, ``database`` the address of parcels, scans and alerts
    (``sqlite:///FILE`` or ``postgresql://...``), ``keys`` the JSON file of API keys. ``cors_origins`` is a
    comma-separated allow-list. ``service_level`` is the default promise policy.

    Webhooks reach public addresses only, besides the networks of ``webhook_targets_allowed`` (``10.1.0.0/16``); a
    failed delivery is tried again ``webhook_retry_seconds`` after the first attempt. ``bus`` is the address of an event
    bus (``nats://...``, ``amqp://...`` or ``kafka://...``), where scans arrive at ``bus_scans`` and events leave from
    ``bus_events``.

    ``worker`` tells whether the server itself looks at parcels (else ``./run worker`` does); a worker that dies leaves
    its parcels to others after ``worker_lease_seconds``. Workers remove from the database what is older than
    ``keep_days`` (0: never): deliveries that arrived, events of alerts that are over, and what was refused; and parcels
    of which nothing was told for ``keep_parcel_days`` (0: none), with all that is kept of them, and promises as old.
    ``alert_policies`` is the JSON file of merchants' policies, ``alert_texts`` a folder of templates that replace ours.

    ``codes`` is a folder of carriers' code tables that replace ours. ``aftership_secret`` and ``easypost_secret`` sign
    those trackers' webhooks, which are refused without.
    """

    bundle: Path = Path("data/bundle/current")
    bundle_poll_seconds: float = 5.0
    store: Path = Path("data/serving.sqlite")
    database: str = "sqlite:///data/parcels.sqlite"
    keys: Path = Path("data/api-keys.json")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    cors_origins: tuple[str, ...] = ()
    max_body_bytes: int = 65_536
    service_level: float = 0.9
    webhook_targets_allowed: tuple[str, ...] = ()
    webhook_retry_seconds: tuple[float, ...] = WEBHOOK_RETRY_SECONDS
    bus: str = field(default="", repr=False)  # it may hold a password
    bus_scans: str = "parcelcast.scans"
    bus_events: str = "parcelcast.events"
    worker: bool = True
    worker_lease_seconds: float = 60.0
    keep_days: int = 180
    keep_parcel_days: int = 0
    alert_policies: Path = Path("data/alert-policies.json")
    alert_texts: Path = Path("data/alert-texts")
    codes: Path = Path("data/codes")
    aftership_secret: str = field(default="", repr=False)
    easypost_secret: str = field(default="", repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the given variables (``os.environ`` in a process); InputError for a value that does not fit.

        >>> Settings.from_env({"PARCELCAST_PORT": "9000", "PARCELCAST_CORS_ORIGINS": "https://shop.example"}).port
        9000
        """
        found = {
            name: environ[key] for name in cls.__dataclass_fields__ if (key := f"PARCELCAST_{name.upper()}") in environ
        }
        return cls(**{name: _parsed(name, text, getattr(cls, name)) for name, text in found.items()})


def _parsed(name: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, tuple):
            kind = type(default[0]) if default else str
            return tuple(kind(part.strip()) for part in text.split(",") if part.strip())
        if isinstance(default, bool):
            return _SWITCHES[text.strip().lower()]
        return type(default)(text)
    except (ValueError, KeyError) as error:
        expected = type(default).__name__
        raise InputError(f"PARCELCAST_{name.upper()} is {text!r}; expected a value of type {expected}") from error
