"""How a serving process is put together."""

import os
import time
from pathlib import Path

import pytest
from fastapi import FastAPI

from parcelcast.errors import InputError
from parcelcast.settings import Settings
from serving import main
from serving.demo import server as demo_server
from serving.keys import key_document, new_key
from tests.serving.fakes import FakeBundle, FakeClock, FakeSource
from tests.serving.shop import PRODUCT, Shop, open_shop, running

TEXT, KEY = new_key(bytes(range(38)), ["promises:read"], "page")


def test_the_environment_describes_the_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        bundle=tmp_path / "none", store=tmp_path / "p.sqlite", keys=tmp_path / "none.json", max_body_bytes=7
    )
    for name, value in main.environment_of(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PARCELCAST_API_KEYS", key_document([KEY]))
    assert Settings.from_env(main.environment_of(settings)) == settings
    assert isinstance(main.application(), FastAPI)


@pytest.mark.parametrize("content", ['{"default": {"quiet_hour": null}}', "{"])
def test_alert_policies_that_cannot_be_used_are_told_with_their_file_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = tmp_path / "policies.json"
    file.write_text(content)
    monkeypatch.setenv("PARCELCAST_ALERT_POLICIES", str(file))
    monkeypatch.setenv("PARCELCAST_KEYS", str(tmp_path / "none.json"))
    with pytest.raises(InputError) as told:
        main.application()
    assert str(told.value).count(str(file)) == 1


def test_a_server_without_keys_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PARCELCAST_KEYS", str(tmp_path / "none.json"))
    main.application()
    assert f"no API keys in {tmp_path / 'none.json'}: all questions are refused" in caplog.text


def test_workers_get_the_settings_through_their_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[object, dict[str, object]]] = []
    environment: dict[str, str] = {}
    monkeypatch.setattr(main.os, "environ", environment)
    monkeypatch.setattr(main.uvicorn, "run", lambda application, **how: ran.append((application, how)))
    main.serve(Settings(workers=3, port=9000))
    assert environment["PARCELCAST_WORKERS"] == "3"
    (application, how), = ran  # fmt: skip
    assert application == "serving.main:application"
    assert how["log_config"]["loggers"]["parcelcast"]["level"] == "INFO"
    assert (how["factory"], how["workers"], how["port"], how["access_log"]) == (True, 3, 9000, False)


def test_the_demo_prints_a_key_that_its_server_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[FastAPI] = []
    monkeypatch.setattr(demo_server, "run", lambda app, settings: ran.append(app))
    monkeypatch.setattr(demo_server, "DirectorySource", lambda path: FakeSource())
    settings = Settings(
        bundle=tmp_path / "none",
        store=tmp_path / "p.sqlite",
        database=f"sqlite:///{tmp_path / 'parcels.sqlite'}",
        keys=tmp_path / "none.json",
    )
    demo_server.serve_demo(settings)
    printed = capsys.readouterr().out
    assert "http://127.0.0.1:8000/demo/product" in printed
    assert f"./run serve --bundle {os.path.relpath(tmp_path / 'none')}" in printed
    key = next(word for word in printed.split() if word.startswith("pck_"))
    with running(ran[0]) as (portal, state):
        shop = Shop(ran[0], state, portal, FakeClock(None), FakeSource(), key)
        assert shop.get("/demo/cart").status_code == 200
        assert shop.post("/v1/promises", json=PRODUCT).status_code == 200
        assert shop.get("/v1/alerts").status_code == 200
        assert shop.get("/v1/reports/codes").status_code == 200
        assert shop.post("/v1/admin/reload").status_code == 403
        shop.key = shop.get("/demo/config.json").json()["key"]
        assert shop.post("/v1/promises", json=PRODUCT).status_code == 200
        assert shop.get("/v1/alerts").status_code == 403


def test_a_published_bundle_is_found_without_being_asked(tmp_path: Path) -> None:
    with open_shop(tmp_path, bundle_poll_seconds=0.02) as shop:
        shop.source.publish(FakeBundle("fake-2"))
        assert _version_within(shop, 5.0) == "fake-2"


def _version_within(shop: Shop, seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while (version := shop.get("/readyz").json()["bundle"]["version"]) == "fake-1" and time.monotonic() < deadline:
        time.sleep(0.02)
    return version
