"""Run the server: the composition root of the serving process."""

import gc
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import fields

import uvicorn
from fastapi import FastAPI
from uvicorn.config import LOGGING_CONFIG

from parcelcast.settings import Settings
from serving.app import create_app
from serving.bundle_sources import DirectorySource
from serving.clock import system_clock
from serving.keys import load_keys
from serving.worker.policies import Policies

logger = logging.getLogger("parcelcast.serving")

# Python lets a thread run for 5 ms before another may. A thread that writes rows asks for its turn after each of them,
# so beside a busy worker it would write 200 rows a second.
_TURN_SECONDS = 0.0005
# Our own words beside the server's, among them which bundle answers.
_LOGGERS = {**LOGGING_CONFIG["loggers"], "parcelcast": {"handlers": ["default"], "level": "INFO"}}


def application() -> FastAPI:
    """Return the application that the environment describes; each worker process calls this."""
    sys.setswitchinterval(_TURN_SECONDS)
    settings = Settings.from_env(os.environ)
    keys = load_keys(settings.keys, os.environ.get("PARCELCAST_API_KEYS"))
    if not len(keys):
        logger.warning("no API keys in %s: all questions are refused; ./run key NAME makes one", settings.keys)
    if settings.worker:
        Policies.read(settings.alert_policies)  # here, so that a wrong one is told in a line
    app = create_app(settings, system_clock, DirectorySource(settings.bundle), keys)
    gc.freeze()  # what is imported stays; to look through it again and again costs more than a batch of scans
    return app


def serve(settings: Settings) -> None:
    """Serve until interrupted."""
    os.environ.update(environment_of(settings))
    run("serving.main:application", settings)


def run(application: str | FastAPI, settings: Settings) -> None:
    """Run an application, or the factory that makes one in each of several workers, until interrupted."""
    uvicorn.run(
        application,
        factory=isinstance(application, str),
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config={**LOGGING_CONFIG, "loggers": _LOGGERS},
        access_log=False,  # it would hold addresses
        server_header=False,
    )


def environment_of(settings: Settings) -> Mapping[str, str]:
    """Return the variables from which `Settings.from_env` makes the same settings: worker processes get them so.

    >>> environment_of(Settings(cors_origins=("https://a.example", "https://b.example")))["PARCELCAST_CORS_ORIGINS"]
    'https://a.example,https://b.example'
    """
    found = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {
        f"PARCELCAST_{name.upper()}": ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in found.items()
    }


if __name__ == "__main__":
    serve(Settings.from_env(os.environ))
