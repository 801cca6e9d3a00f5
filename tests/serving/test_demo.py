"""The demo's pages: served in demo mode only, with nothing from elsewhere."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.demo.catalogue import PRODUCTS, catalogue_for
from serving.demo.pages import WEB, add_demo
from tests.serving.fakes import FakeBundle, origin
from tests.serving.shop import ALL_KEY, Shop, open_shop

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BRAZIL = {name: origin(name, "BR", "01310-100") for name in ("seller-1", "seller-2")}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as shop:
        add_demo(shop.app, ALL_KEY)
        shop.key = None
        yield shop


def test_a_server_without_the_demo_has_no_pages_and_gives_no_key_away(shop: Shop) -> None:
    shop.key = None
    for path in ("/", "/demo/product", "/demo/config.json", "/demo/static/shop.js"):
        assert shop.get(path).status_code == 404


def test_the_pages_are_complete_and_may_load_nothing_from_elsewhere(demo: Shop) -> None:
    for path in ("/demo/product", "/demo/cart"):
        page = demo.get(path)
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert demo.get(address).status_code == 200, address
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page.text)
    for path in ("/", "/demo"):
        assert demo.get(path).headers["location"] == "/demo/product"
    assert demo.get(demo.get("/favicon.ico").headers["location"]).headers["content-type"].startswith("image/svg")
    for file in WEB.rglob("*.*"):
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", file.read_text()), file.name


def test_every_script_finds_the_elements_that_it_names() -> None:
    shared = (WEB / "shop.js").read_text()
    for name in ("product", "cart"):
        named = set(re.findall(r'find\("([\w-]+)"\)', shared + (WEB / f"{name}.js").read_text()))
        present = set(re.findall(r'id="([\w-]+)"', (WEB / f"{name}.html").read_text()))
        assert named <= present, named - present


def test_every_word_is_known_in_every_language() -> None:
    text = (WEB / "words.js").read_text()
    blocks = re.findall(r"^  (\w\w): \{\n(.*?)^  \},$", text, re.DOTALL | re.MULTILINE)
    keys = {language: set(re.findall(r"(\w+): [\"\[]", block)) for language, block in blocks}
    assert set(keys) == {"de", "en", "es", "fr", "it", "nl", "pt"}
    assert all(found == keys["en"] for found in keys.values())
    pages = "".join((WEB / name).read_text() for name in ("product.html", "cart.html"))
    assert set(re.findall(r'data-word="(\w+)"', pages)) <= keys["en"]


def test_what_the_shop_sells_can_be_asked_for_with_its_key(demo: Shop) -> None:
    config = demo.get("/demo/config.json").json()
    assert config["key"] == ALL_KEY
    demo.key = config["key"]
    for product in config["products"]:
        item = {"id": product["id"], "origins": product["origins"], "weight_g": product["weight_g"]}
        demo.promise(items=[item], options=product["options"] or None)


def test_the_shop_sells_what_the_bundles_warehouses_hold() -> None:
    simulated = FakeBundle(origins={"wh-venlo": origin("wh-venlo", "NL", "5912AB")}, as_of=NOW)
    shown = catalogue_for(simulated, NOW)
    assert [(product.id, product.origins) for product in shown.products] == [("tulips", ("wh-venlo",))]
    assert "BR" not in shown.countries
    assert shown.simulated
    assert {option["carrier"] for option in shown.products[0].options} == {"kranich", "postfuchs"}


def test_a_foreign_bundle_is_shown_with_its_own_sellers_at_the_end_of_its_history() -> None:
    shown = catalogue_for(FakeBundle(origins=BRAZIL, carriers={}, as_of=NOW - timedelta(days=400)), NOW)
    assert [product.origins for product in shown.products] == [("seller-1",), ("seller-2",)]
    assert shown.countries == ("BR",)
    assert not shown.simulated
    assert shown.pretend_at == NOW - timedelta(days=400)


def test_without_a_bundle_the_shop_still_opens() -> None:
    empty = replace(FakeBundle(), origins={}, carriers={}, as_of=None)
    shown = catalogue_for(empty, NOW)
    assert shown.products == PRODUCTS
    assert shown.pretend_at is None
