"""The configuration of the Feast repository, `feature_store.yaml`, made from our parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from parcelcast.errors import InputError

CONFIG = "feature_store.yaml"
REGISTRY = "registry.db"
_ONLINE = "online.db"
_ROWS_AT_ONCE = 10_000
_EXAMPLE = "redis://:password@redis.example:6379/0"


@dataclass(frozen=True)
class OnlineParameters:
    """Section online of params.yaml.

    `store` is sqlite or redis, whose address is in the environment variable `url_env`. Workspaces that share a Redis
    need different `project` names.
    """

    store: str
    url_env: str
    project: str


def configuration(parameters: OnlineParameters, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what Feast wants to be told; files are relative to the repository's folder.

    InputError for an unknown store, and for an address that is missing or no Redis URL.
    """
    return {
        "project": parameters.project,
        "provider": "local",
        "registry": {"registry_type": "file", "path": REGISTRY},
        # The default, type file, loses rows of the historical join.
        "offline_store": {"type": "duckdb"},
        "online_store": _online_store(parameters, environ),
        "materialization": {"online_write_batch_size": _ROWS_AT_ONCE},
        "entity_key_serialization_version": 3,
    }


def write_configuration(home: Path, config: Mapping[str, Any], url_env: str) -> None:
    """Write `feature_store.yaml` for the feast command, without the password of a Redis."""
    shown = dict(config)
    online = dict(config["online_store"])
    if "connection_string" in online:
        parts = online["connection_string"].split(",")
        secret = f"password=${{{url_env}_PASSWORD}}"
        online["connection_string"] = ",".join(secret if part.startswith("password=") else part for part in parts)
    shown["online_store"] = online
    home.mkdir(parents=True, exist_ok=True)
    (home / CONFIG).write_text(yaml.safe_dump(shown, sort_keys=False), encoding="utf-8")


def connection_string(url: str) -> str:
    """Return a Redis URL as Feast writes it; InputError when it is none.

    >>> connection_string("rediss://shop:s3cret@redis.example:6380/2")
    'redis.example:6380,db=2,ssl=true,username=shop,password=s3cret'
    """
    parts = urlsplit(url)
    database = parts.path.strip("/") or "0"
    try:
        port = parts.port or 6379
    except ValueError as error:
        raise InputError(f"the port of the Redis URL is no number; expected one like {_EXAMPLE}") from error
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or not database.isdecimal():
        raise InputError(f"got no Redis URL; expected one like {_EXAMPLE}, rediss:// for TLS")
    options = {
        "db": database,
        "ssl": "true" if parts.scheme == "rediss" else None,
        "username": parts.username and unquote(parts.username),
        "password": parts.password and unquote(parts.password),
    }
    given = {name: value for name, value in options.items() if value}
    if any("," in value for value in given.values()):
        raise InputError("a comma in the user name or password of the Redis URL; Feast cannot take one, choose another")
    return ",".join([f"{parts.hostname}:{port}", *(f"{name}={value}" for name, value in given.items())])


def _online_store(parameters: OnlineParameters, environ: Mapping[str, str]) -> dict[str, Any]:
    if parameters.store == "sqlite":
        return {"type": "sqlite", "path": _ONLINE}
    if parameters.store != "redis":
        raise InputError(f"online.store is {parameters.store!r}; expected sqlite or redis")
    if not (url := environ.get(parameters.url_env)):
        raise InputError(f"online.store is redis and {parameters.url_env} is not set; set it to a URL like {_EXAMPLE}")
    # Feast would skip a row as of a day that it already has, and so a day that is published again.
    return {"type": "redis", "connection_string": connection_string(url), "skip_dedup": True}
