"""Serve the demo: the API, the pages, and a key that lives as long as the process."""

import os

from parcelcast.settings import Settings
from serving.app import create_app
from serving.bundle_sources import DirectorySource
from serving.clock import system_clock
from serving.demo.pages import add_demo
from serving.keys import PROMISES_READ, PROMISES_WRITE, load_keys, new_key
from serving.main import run


def serve_demo(settings: Settings) -> None:
    """Serve until interrupted; print where the pages are and a key to try the API with."""
    text, key = new_key(os.urandom(64), [PROMISES_READ, PROMISES_WRITE], "demo")
    keys = load_keys(settings.keys, os.environ.get("PARCELCAST_API_KEYS")).with_key(key)
    app = create_app(settings, system_clock, DirectorySource(settings.bundle), keys)
    add_demo(app, text)
    home = f"http://{settings.host}:{settings.port}"
    print(INVITATION.format(home=home, key=text), flush=True)  # noqa: T201  # the command's own words
    run(app, settings)


INVITATION = """
  Product page   {home}/demo/product
  Cart page      {home}/demo/cart
  API            {home}/openapi.json
  API key        {key}   (until this server stops)

  curl {home}/v1/promises -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{"destination": {{"country": "DE", "postal_code": "80331"}}, "items": [{{"weight_g": 900}}]}}'
"""
