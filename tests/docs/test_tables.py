"""Tables of settings, limits, scopes, errors, endpoints and types say what the code says."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from features.feast_repo.config import OnlineParameters
from parcelcast.alerts import AlertPolicy
from parcelcast.alerts.vocabulary import FAMILIES, RECOVERED
from parcelcast.errors import ArtefactError, InputError, NotFound
from parcelcast.settings import WEBHOOK_RETRY_SECONDS, Settings
from pipelines.parameters import read_section
from serving.app import create_app
from serving.clock import system_clock
from serving.errors import ForbiddenError, StoreUnavailableError, UnauthorizedError
from serving.keys import SCOPES, KeyRing
from serving.problems import _REASONS
from serving.promises import planning
from serving.promises import requests as promises
from serving.reports import asked, groups
from serving.scans import endpoints as scans
from serving.scans import intake, lines, rows, streams
from serving.shipments import requests as shipments
from serving.trackers import endpoints as trackers
from serving.trackers import events
from serving.tracking import reading
from serving.webhooks import requests as webhooks
from serving.webhooks.targets import MAX_URL_LENGTH
from tests.docs.pages import PAGES, ROOT, page, quoted
from tests.serving.fakes import FakeSource

API, SCANS, ALERTS, WEBHOOKS = map(page, ("docs/api.md", "docs/scans.md", "docs/alerts.md", "docs/webhooks.md"))
REPORTS = page("docs/reports.md")
_UNITS = {"s": 1.0, "min": 60.0, "h": 3_600.0}
# Read beside the settings: keys where there is no file for them.
_BESIDE = {"PARCELCAST_API_KEYS"}


def test_every_setting_is_told_once_with_its_default():
    tables = [row for name in ("docs/operations.md", "docs/parcels.md") for row in page(name).rows("Variable")]
    told = {}
    for names, default, _ in tables:
        defaults = quoted(default) or [default] * len(quoted(names))
        for name, value in zip(quoted(names), defaults, strict=True):
            assert name not in told
            told[name] = value
    told["PARCELCAST_WEBHOOK_RETRY_SECONDS"] = ",".join(
        map(str, WEBHOOK_RETRY_SECONDS)
    )  # a table of its own, see below
    expected = {f"PARCELCAST_{field.name.upper()}": field.default for field in fields(Settings)}
    assert set(told) == set(expected) | _BESIDE
    assert Settings.from_env({name: value for name, value in told.items() if value}) == Settings()
    assert [name for name, default in expected.items() if not told[name] and default not in {"", ()}] == []


def test_retries_come_when_the_table_says():
    [instants] = WEBHOOKS.rows("Attempt")
    name, first, *later = instants
    assert (name, first) == ("after the first", "0")
    assert [float(n) * _UNITS[unit] for n, unit in map(str.split, later)] == list(WEBHOOK_RETRY_SECONDS)


def test_limits_are_those_of_the_code():
    assert [row[1] for row in API.rows("")] == [
        f"{Settings.max_body_bytes // 1024} KiB (`PARCELCAST_MAX_BODY_BYTES`)",
        f"{promises.MAX_ITEMS}, each of 1 to {promises.MAX_QUANTITY:,} pieces",
        f"{promises.MAX_ORIGINS_PER_ITEM} for a line, {promises.MAX_ORIGINS} in a cart",
        f"{promises.MAX_OPTIONS}",
        f"{planning.MAX_PARCELS:,}: (candidate origins with their handling times + lines) x options",
        f"{promises.MAX_WEIGHT_G:,} g",
        f"the years {promises.YEARS[0]} to {promises.YEARS[-1]}",
        f"the {reading.MAX_ORDER_PARCELS} that were registered first; `more` tells of others, which count as ordered",
    ]
    assert [row[1] for row in SCANS.rows("Limit")] == [
        f"{scans.MAX_BATCH_ROWS:,} scans, {scans.MAX_BATCH_BYTES >> 20} MB, unpacked too",
        (
            f"{lines.MAX_LINE_BYTES >> 10} KB a line (a longer one is refused, and not held in memory), "
            f"{streams.MAX_STREAM_BYTES >> 30} GB unpacked"
        ),
        f"{rows.MAX_TEXT:,} characters; other texts 100",
        (
            f"{events.MAX_CHECKPOINTS:,} checkpoints, {trackers.MAX_BODY_BYTES >> 20} MB; "
            "a larger one is refused as a whole"
        ),
        f"the first {intake.TOLD_REFUSALS}; in a 422 the first {scans.SHOWN_ERRORS}",
    ]
    assert f"a list of up to {shipments.MAX_PARCELS} ({shipments.MAX_BODY_BYTES >> 20} MB)" in SCANS.text
    assert (
        f"{webhooks.MAX_ENDPOINTS} webhooks per merchant (and {webhooks.MAX_ENDPOINTS} for all merchants), "
        f"{webhooks.MAX_TYPES} types each, {webhooks.MAX_DELIVERIES} deliveries a page, "
        f"URLs of {MAX_URL_LENGTH:,} characters."
    ) in WEBHOOKS.text


def test_every_scope_is_told():
    assert {scope for row in API.rows("Scope") for scope in quoted(row[0])} == set(SCOPES)


def test_every_error_is_told():
    told = {(int(status), code) for row in API.rows("Status") for status, code in _pairs(row)}
    errors = (InputError, NotFound, ArtefactError, UnauthorizedError, ForbiddenError, StoreUnavailableError)
    assert told >= {(error.status, error.code) for error in errors}
    assert {status for status, _ in told} >= set(_REASONS) - {304}


def _pairs(row: list[str]) -> list[tuple[str, str]]:
    """Status and code of a row: a code for each status, or several of one."""
    statuses, codes = row[0].split(", "), quoted(row[1])
    return list(zip(statuses if len(statuses) > 1 else statuses * len(codes), codes, strict=True))


@pytest.fixture(scope="module")
def operations() -> set[str]:
    """Methods and paths of the server, parameters as {}."""
    document = create_app(Settings(), system_clock, FakeSource(), KeyRing()).openapi()
    return {f"{method.upper()} {_path(path)}" for path, ways in document["paths"].items() for method in ways}


def _path(told: str) -> str:
    return re.sub(r"\{\w+\}", "{}", told.partition("?")[0])


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_endpoints_exist(page, operations):
    told = re.findall(r"\b(GET|POST|PATCH|DELETE) +(/v1/[\w/{}-]*[\w}])", page.text)
    assert [f"{method} {path}" for method, path in told if f"{method} {_path(path)}" not in operations] == []


def test_all_endpoints_of_webhooks_are_told(operations):
    told = re.findall(r"^(GET|POST|PATCH|DELETE) +(/v1/[\w/{}-]*[\w}])", WEBHOOKS.text, re.MULTILINE)
    assert {f"{method} {_path(path)}" for method, path in told} == {one for one in operations if "/v1/webhooks" in one}


def test_all_reports_on_parcels_are_told(operations):
    told = {term for row in REPORTS.rows("Report") for term in quoted(row[0])}
    elsewhere = {f"GET /v1/reports/{name}" for name in ("alerts", "codes", "refused")}
    assert told | elsewhere == {one for one in operations if "/v1/reports/" in one}


def test_limits_of_reports_are_those_of_the_code():
    limits = {quoted(name)[0]: (default, limit) for name, default, limit, _ in REPORTS.rows("Parameter")}
    assert limits["days"] == (f"{asked.DAYS}", f"1 to {asked.MOST_DAYS}")
    assert limits["lead_hours"] == (f"{asked.LEAD_HOURS:.0f}", f"0 to {asked.MOST_LEAD_HOURS}")
    assert f"the {groups.MOST_GROUPS} largest" in REPORTS.text
    assert f"{groups.MOST_HELD:,} groups are held" in REPORTS.text


def test_every_type_of_alert_is_told_in_its_family():
    told = [(row[0], *quoted(row[1])) for row in ALERTS.rows("Family")]
    types = [(family, type_) for family, types in FAMILIES.items() for type_ in types]
    assert set(told) == {*types, ("delay", RECOVERED)}
    assert [one for one in told if one[1] != RECOVERED] == types


def test_every_field_of_a_policy_is_told_with_its_default():
    plain = AlertPolicy().to_dict()
    told = [name for row in ALERTS.rows("Field") for name in quoted(row[0])]
    assert sorted(told) == sorted(plain)
    for names, default, _ in ALERTS.rows("Field"):
        try:
            values = json.loads(f"[{default.replace('`', '')}]")
        except json.JSONDecodeError:
            continue  # in words
        assert values in ([plain[name] for name in quoted(names)], []), names


def test_parameters_of_the_feature_store_are_read(tmp_path: Path):
    [block] = page("docs/feast.md").blocks("yaml")
    path = tmp_path / "params.yaml"
    path.write_text(block, encoding="utf-8")
    shipped = read_section(OnlineParameters, "online", ROOT / "params.yaml")
    assert read_section(OnlineParameters, "online", path) == OnlineParameters("redis", shipped.url_env, shipped.project)


def test_metrics_worth_an_alarm_are_told(shop):
    found = shop.get("/metrics").text
    named = re.findall(r"`(parcelcast_\w+)`", page("docs/parcels.md").text)
    assert named
    assert [name for name in named if f"\n{name} " not in found] == []
