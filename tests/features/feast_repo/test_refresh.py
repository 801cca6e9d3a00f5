"""Histories through real Feast, on a real SQLite and a real Redis."""

import time
from datetime import timedelta

import numpy as np
import pytest

from features.feast_repo.config import REGISTRY
from features.feast_repo.offline import start_of
from features.feast_repo.refresh import astray, refresh
from features.feast_repo.store import NEVER
from features.feast_repo.views import HISTORY_KEY, VIEWS, WEATHER, differing, histories_of, rows_of
from features.table import build_sketches
from parcelcast.errors import ArtefactError
from tests.features.test_weather import bulletins, forecast
from tests.features.worlds import NETWORK, day, history_of, shipment

LEAD = VIEWS["lead"]
FIRST = day("2026-03-12")
ROWS = [
    shipment(
        1, "2026-03-09 09:00", carrier="kranich", dispatched_at="2026-03-09 17:00", delivered_at="2026-03-11 15:00"
    ),
    shipment(2, "2026-03-10 09:00", carrier="kranich", dispatched_at="2026-03-10 17:00"),
    shipment(3, "2026-03-10 11:00", "wien", ("AT", "1010"), carrier="postfuchs", delivered_at="2026-03-12 15:00"),
    shipment(4, "2026-03-12 20:00", carrier="kranich"),
    shipment(5, "2026-03-03 20:00", "santos", ("BR", "01310100"), delivered_at="2026-03-06 20:00"),
]
SKETCHES = build_sketches(
    history_of(ROWS), NETWORK, FIRST + 200, bulletins([forecast("2026-03-13", "2026-03-11 07:00", wind_gust_kmh=90.0)])
)


def publish(repository, number):
    """Bring a day through the store as a run of the stage does, at six in the morning."""
    created = start_of(number) + timedelta(hours=6)
    return refresh(repository, SKETCHES.snapshot(number), number, created, f"model_of_{number}", {})


def check_online(repository, number):
    """Hold what the online store tells against the day's snapshot."""
    online = {}
    for name, view in VIEWS.items():
        offline = repository.offline.known(view, number)
        found = repository.online(view, offline.rows[view.key].to_pylist())
        assert not astray(found, offline).any()
        online[name] = found.rows
    check_same(histories_of(online, number), number)


def check_same(histories, number):
    got, expected = rows_of(histories), rows_of(SKETCHES.snapshot(number))
    for name, view in VIEWS.items():
        assert got[name][view.key].equals(expected[name][view.key])
        assert not differing(got[name], expected[name]).any()


def seen(repository, view=LEAD):
    """Watch which rows Feast writes online: their keys."""
    keys = []
    write = repository._store._get_provider().online_store.online_write_batch

    def noted(config, table, data, progress):
        if table.name == view.name:
            keys.extend(key.entity_values[0].string_val for key, *_ in data)
        return write(config, table, data, progress)

    repository._store._get_provider().online_store.online_write_batch = noted
    return keys


def test_each_day_brings_what_is_new_and_the_store_tells_the_day(repository):
    check_same(publish(repository(), FIRST).histories, FIRST)
    second = repository()
    keys = seen(second)

    refreshed = publish(second, FIRST + 1)

    check_same(refreshed.histories, FIRST + 1)
    check_online(repository(), FIRST + 1)
    old, new = (SKETCHES.snapshot(number) for number in (FIRST, FIRST + 1))
    known, told = (rows_of(one)["lead"].to_pylist() for one in (old, new))
    changed = {row[HISTORY_KEY] for row in told if row not in known}
    assert sorted(keys) == sorted(changed)
    assert 0 < len(changed) == refreshed.written["lead"] < len(told)
    assert refreshed.written[WEATHER] == len(new.weather.regions) == 2  # Bavaria, and the hub there


def test_a_key_whose_counts_left_all_windows_is_told_to_be_empty(repository):
    publish(repository(), FIRST)
    later = FIRST + 119  # of the parcels, only the last one is still counted
    publish(repository(), later)

    told = rows_of(SKETCHES.snapshot(FIRST))["lead"][HISTORY_KEY].to_pylist()
    gone = [key for key in told if key.startswith("lane") and "BR 01>BR 01" in key]
    found = repository().online(LEAD, gone)
    assert found.days.tolist() == [later]
    assert found.rows["at_risk_120d"].to_pylist() == [[]]
    check_online(repository(), later)


class Killed(BaseException):
    """The process ends here."""


def _killed(*args, **kwargs):
    raise Killed


@pytest.mark.parametrize("step", ["apply", "materialise the last view", "write half of the rows", "online"])
def test_a_run_that_was_killed_is_made_good_by_the_next(repository, monkeypatch, step):
    publish(repository(), FIRST)
    dying = repository()
    materialise, feasts_own = dying.materialise, dying._store._get_provider().online_store
    write = feasts_own.online_write_batch

    def all_but_the_last(view, number, **how):
        return _killed() if view.name == WEATHER else materialise(view, number, **how)

    def half(data, **others):
        write(data=data[::2], **others)
        _killed()

    if step == "write half of the rows":
        monkeypatch.setattr(feasts_own, "online_write_batch", half)
    elif step == "materialise the last view":
        monkeypatch.setattr(dying, "materialise", all_but_the_last)
    else:
        monkeypatch.setattr(dying, step, _killed)
    with pytest.raises(Killed):
        publish(dying, FIRST + 1)

    check_same(publish(repository(), FIRST + 1).histories, FIRST + 1)
    check_online(repository(), FIRST + 1)


def test_a_registry_that_was_cut_short_is_made_again(repository, tmp_path):
    publish(repository(), FIRST)
    registry = tmp_path / "online" / REGISTRY
    registry.write_bytes(registry.read_bytes()[:-40])

    check_same(publish(repository(), FIRST + 1).histories, FIRST + 1)


def test_going_back_to_an_older_day_and_on_again_tells_each_day(repository):
    for number in (FIRST, FIRST + 2, FIRST, FIRST + 1, FIRST + 3):
        check_same(publish(repository(), number).histories, number)


def test_clocks_that_skip_midnight_do_not_move_a_day(repository, monkeypatch):
    spring = day("2026-03-08")  # in Havana it begins at one
    monkeypatch.setenv("TZ", "America/Havana")
    time.tzset()
    try:
        check_same(publish(repository(), spring).histories, spring)
        check_online(repository(), spring)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_stale_value_is_known_by_its_day_and_replaced(repository):
    for number in (FIRST, FIRST + 1):
        publish(repository(), number)
    store = repository()
    offline = store.offline.known(LEAD, FIRST + 1)
    keys = offline.rows[HISTORY_KEY].to_pylist()
    store.push(LEAD, offline.rows.slice(0, 1), FIRST - 200, start_of(FIRST))  # the same values, said to be old

    online = store.online(LEAD, keys)

    assert online.days[0] == FIRST - 200  # Feast tells it, though it holds for 120 days at most
    assert np.flatnonzero(astray(online, offline)).tolist() == [0]
    publish(store, FIRST + 1)
    check_online(repository(), FIRST + 1)


def test_a_push_is_told_at_once_and_a_key_that_was_never_written_is_not_there(repository):
    publish(repository(), FIRST)
    tomorrow = rows_of(SKETCHES.snapshot(FIRST + 1))["lead"]
    store = repository()

    store.push(LEAD, tomorrow, FIRST + 1, start_of(FIRST + 1))

    found = repository().online(LEAD, [*tomorrow[HISTORY_KEY].to_pylist(), "lane nowhere"])
    assert found.days.tolist() == [FIRST + 1] * len(tomorrow) + [NEVER]
    assert not differing(found.rows.slice(0, len(tomorrow)), tomorrow).any()


def test_an_online_store_that_was_emptied_is_filled_again(repository):
    publish(repository(), FIRST)
    store = repository()
    store._store.teardown()
    store.apply("model_of_nothing", {})

    check_same(publish(repository(), FIRST + 1).histories, FIRST + 1)


def test_what_cannot_be_brought_online_is_an_error_that_names_the_key(repository):
    publish(repository(), FIRST)
    store = repository()
    store.materialise = lambda view, number, whole=False: None  # as if another wrote over it each time

    with pytest.raises(ArtefactError, match=r"online store tells \w+ wrongly .* expected .* of 2026-03-13"):
        publish(store, FIRST + 1)


def test_each_model_version_has_a_service_with_all_that_it_reads(repository):
    for number in (FIRST, FIRST + 1):
        publish(repository(), number)

    services = repository().services()

    assert services.keys() == {f"model_of_{FIRST}", f"model_of_{FIRST + 1}"}
    for reads in services.values():
        assert {name: set(features) for name, features in reads.items()} == {
            name: set(view.features) for name, view in VIEWS.items()
        }
