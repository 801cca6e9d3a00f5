"""Serve the demo: the API, the pages, and keys that live as long as the process."""

import json
import os

from parcelcast.settings import Settings
from serving.app import create_app
from serving.bundle_sources import DirectorySource
from serving.clock import system_clock
from serving.demo.catalogue import Catalogue, catalogue_for
from serving.demo.pages import add_demo
from serving.keys import ADMIN, PROMISES_READ, PROMISES_WRITE, SCOPES, load_keys, new_key
from serving.main import run


def serve_demo(settings: Settings) -> None:
    """Serve until interrupted; print where the pages are and a key to try the API with."""
    text, key = new_key(os.urandom(64), [scope for scope in SCOPES if scope != ADMIN], "demo")
    # Whoever opens the pages can read theirs.
    pages_text, pages_key = new_key(os.urandom(64), [PROMISES_READ, PROMISES_WRITE], "demo pages")
    known = load_keys(settings.keys, os.environ.get("PARCELCAST_API_KEYS"))
    keys = known.with_key(key).with_key(pages_key)
    source = DirectorySource(settings.bundle)
    shop = catalogue_for(source.load(), system_clock())
    app = create_app(settings, system_clock, source, keys)
    add_demo(app, pages_text)
    home = f"http://{settings.host}:{settings.port}"
    invitation = INVITATION.format(
        home=home, key=text, question=_question(shop), bundle=os.path.relpath(settings.bundle)
    )
    print(invitation, flush=True)  # noqa: T201  # the command's own words
    run(app, settings)


def _question(shop: Catalogue) -> str:
    product, town = shop.products[0], shop.towns[0]
    question = {
        "destination": {"country": town.country, "postal_code": town.postal_code},
        "items": [{"id": product.id, "weight_g": product.weight_g, "origins": list(product.origins)}],
    }
    return json.dumps(question)


INVITATION = """
  Product page   {home}/demo/product
  Cart page      {home}/demo/cart
  API            {home}/openapi.json
  API key        {key}   (until this server stops)

  curl {home}/v1/promises -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{question}'

  Without the pages, with keys of your own (./run key NAME):
    ./run serve --bundle {bundle}
"""
