"""The promise store."""

import os
import signal
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from parcelcast.errors import NotFound
from parcelcast.ids import ulid
from serving.errors import StoreUnavailableError
from serving.store import Answer, PromiseStore

ANSWER = Answer(True, b'"locale":"en"}', b'{"items": []}', "m1", "holidays 0.109", "{}", "en")
ID = "01KAFAKE0000000000000000ZZ"


def test_what_is_kept_is_found_as_it_was(tmp_path: Path) -> None:
    store = PromiseStore(tmp_path / "new" / "promises.sqlite")
    store.keep_promise(ID, "2026-11-23T09:00:00Z", "key", store.keep_answer(ANSWER))
    found = store.find(ID)
    assert (found.answer, found.as_of, found.key_id) == (ANSWER, "2026-11-23T09:00:00Z", "key")
    assert found.body == b'{"promise_id":"' + ID.encode() + b'","as_of":"2026-11-23T09:00:00Z","locale":"en"}'
    whole = replace(ANSWER, spliced=False, body=b"{}")
    store.keep_promise(ID[:-1] + "A", "2026-11-23T09:00:00Z", "key", store.keep_answer(whole))
    assert store.find(ID[:-1] + "A").body == b"{}"
    with pytest.raises(NotFound, match="no promise has the id"):
        store.find("01KNOBODY")
    store.close()


def test_equal_answers_are_kept_once_and_different_ones_apart(tmp_path: Path) -> None:
    store = PromiseStore(tmp_path / "promises.sqlite")
    first = store.keep_answer(ANSWER)
    assert store.keep_answer(ANSWER) == first
    changes = {"spliced": False, "body": b"x", "inputs": b"x", "model_version": "x", "calendar_version": "x",
               "policy": "x", "locale": "x"}  # fmt: skip
    others = {store.keep_answer(replace(ANSWER, **{name: value})) for name, value in changes.items()}
    assert len(others | {first}) == len(changes) + 1
    # Moving bytes between two fields is another answer too.
    assert replace(ANSWER, body=b"ab", inputs=b"c").digest() != replace(ANSWER, body=b"a", inputs=b"bc").digest()
    store.close()


def test_a_promise_survives_a_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "promises.sqlite"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(Exception, match="terminated"):
        pool.submit(_keep_and_die, path).result()
    assert PromiseStore(path).find(ID).answer == ANSWER


def _keep_and_die(path: Path) -> None:
    store = PromiseStore(path)
    store.keep_promise(ID, "2026-11-23T09:00:00Z", "key", store.keep_answer(ANSWER))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_store_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be read as one" * 10)
    with pytest.raises(StoreUnavailableError, match="the promise store failed"):
        PromiseStore(tmp_path / "text")
    with pytest.raises(StoreUnavailableError):
        PromiseStore(tmp_path / "text" / "promises.sqlite")
    future = sqlite3.connect(tmp_path / "future.sqlite")
    future.execute("pragma user_version = 99")
    future.close()
    with pytest.raises(StoreUnavailableError, match="schema version 99"):
        PromiseStore(tmp_path / "future.sqlite")


def test_a_locked_store_gives_no_promise(tmp_path: Path) -> None:
    path = tmp_path / "promises.sqlite"
    store = PromiseStore(path)
    store.check()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreUnavailableError, match="locked"):
        store.check()
    with pytest.raises(StoreUnavailableError):
        store.keep_answer(ANSWER)
    other.execute("rollback")
    other.close()
    store.check()
    store.close()


def test_old_promises_go_with_the_answers_that_no_other_gave(tmp_path: Path) -> None:
    path = tmp_path / "promises.sqlite"
    store = PromiseStore(path)
    day, ids = datetime(2026, 11, 23, tzinfo=UTC), []
    for number in range(6):
        answer = replace(ANSWER, body=b"%d" % max(number, 3))  # the first four are of one answer
        ids.append(ulid(day + number * timedelta(days=1), bytes(10)))
        store.keep_promise(ids[-1], "2026-11-23T09:00:00Z", "key", store.keep_answer(answer))
    assert [store.remove(day + timedelta(days=2), most=1) for _ in range(3)] == [1, 1, 0]
    assert store.find(ids[2]).answer.body == store.find(ids[3]).answer.body == b"3"
    assert store.remove(day + timedelta(days=5)) == 3
    assert store.find(ids[5]).answer.body == b"5"
    for gone in ids[:5]:
        with pytest.raises(NotFound):
            store.find(gone)
    with sqlite3.connect(path) as database:
        assert database.execute("select count(*) from answers").fetchone() == (1,)
    assert store.remove(datetime(1926, 1, 1, tzinfo=UTC)) == 0
    store.close()


def test_no_promise_is_given_of_an_answer_that_is_gone(tmp_path: Path) -> None:
    store = PromiseStore(tmp_path / "promises.sqlite")
    with pytest.raises(StoreUnavailableError, match="promises that are not kept are not given"):
        store.keep_promise(ID, "2026-11-23T09:00:00Z", "key", 7)
    store.close()
