"""The pages and their catalogue, with a key that the server made for them."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from serving.demo.catalogue import catalogue_for
from serving.state import services_of

WEB = Path(__file__).with_name("web")
# Everything comes from this server; nothing is inline, nothing is framed.
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_demo(app: FastAPI, key: str) -> None:
    """Let an application serve the pages; `key` is an API key that anybody who opens them may use."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    @router.get("/demo")
    async def start() -> Response:
        return RedirectResponse("/demo/product")

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse("/demo/static/art/parcel.svg")

    @router.get("/demo/product")
    async def product() -> Response:
        return FileResponse(WEB / "product.html", headers=_SAFE)

    @router.get("/demo/cart")
    async def cart() -> Response:
        return FileResponse(WEB / "cart.html", headers=_SAFE)

    @router.get("/demo/config.json")
    async def config(request: Request) -> dict[str, Any]:
        services = services_of(request)
        bundle = services.bundles.current.bundle
        return {"key": key, **catalogue_for(bundle, services.clock()).to_json()}

    app.include_router(router)
    app.mount("/demo/static", StaticFiles(directory=WEB), name="demo")
