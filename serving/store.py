"""Every promise that left the server, so that it can be shown again exactly. SQLite in WAL mode.

Equal answers are kept once, under the hash of their content; a promise is then one short row. With `synchronous =
NORMAL` a promise survives the end of the process at any instant; a power failure may lose the last ones.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from parcelcast.errors import NotFound
from parcelcast.ids import ulid
from serving.errors import StoreUnavailableError

SCHEMA_VERSION = 1
_SCHEMA = f"""
create table if not exists answers (
    answer_id integer primary key,
    digest blob not null unique,
    spliced integer not null,
    body blob not null,
    inputs blob not null,
    model_version text not null,
    calendar_version text not null,
    policy text not null,
    locale text not null
);
create table if not exists promises (
    promise_id text primary key,
    as_of text not null,
    key_id text not null,
    answer_id integer not null references answers
) without rowid;
create index if not exists promises_answer on promises (answer_id);
pragma user_version = {SCHEMA_VERSION};
"""
_BUSY_SECONDS = 1.0
_BATCH = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and all that it was made from. A `spliced` body lacks its id and instant at the front."""

    spliced: bool
    body: bytes
    inputs: bytes
    model_version: str
    calendar_version: str
    policy: str
    locale: str

    def digest(self) -> bytes:
        """Return the hash of everything in it."""
        parts = (self.model_version, self.calendar_version, self.policy, self.locale)
        texts = [bytes([self.spliced]), self.body, self.inputs, *(part.encode() for part in parts)]
        found = hashlib.sha256()
        for text in texts:
            found.update(len(text).to_bytes(8))
            found.update(text)
        return found.digest()[:20]


@dataclass(frozen=True, slots=True)
class StoredPromise:
    """A promise as it was given."""

    promise_id: str
    as_of: str
    key_id: str
    answer: Answer

    @property
    def body(self) -> bytes:
        """Return the very bytes that were answered."""
        return splice(self.promise_id, self.as_of, self.answer.body) if self.answer.spliced else self.answer.body


def splice(promise_id: str, as_of: str, rest: bytes) -> bytes:
    """Put the two things in front that differ between equal answers.

    >>> splice("01J", "2026-11-23T13:00:00Z", b'"locale":"en"}')
    b'{"promise_id":"01J","as_of":"2026-11-23T13:00:00Z","locale":"en"}'
    """
    return f'{{"promise_id":"{promise_id}","as_of":"{as_of}",'.encode() + rest


class PromiseStore:
    """Keeps promises. Used from one thread at a time; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; StoreUnavailableError when that fails or another version wrote it."""
        with _translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=32
            )
            self._database.execute("pragma journal_mode = wal")
            self._database.execute("pragma synchronous = normal")
            self._database.execute("pragma foreign_keys = on")
            self._check_version(path)
            self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def keep_answer(self, answer: Answer) -> int:
        """Keep an answer, once, and return its number."""
        row = (answer.digest(), answer.spliced, answer.body, answer.inputs, answer.model_version)
        rest = (answer.calendar_version, answer.policy, answer.locale)
        with _translated():
            self._database.execute(
                "insert or ignore into answers (digest, spliced, body, inputs, model_version, calendar_version, "
                "policy, locale) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, *rest),
            )
            found = self._database.execute("select answer_id from answers where digest = ?", row[:1]).fetchone()
        return int(found[0])

    def keep_promise(self, promise_id: str, as_of: str, key_id: str, answer_id: int) -> None:
        """Keep one promise. When this returns, it survives the end of the process."""
        with _translated():
            self._database.execute(
                "insert into promises (promise_id, as_of, key_id, answer_id) values (?, ?, ?, ?)",
                (promise_id, as_of, key_id, answer_id),
            )

    def find(self, promise_id: str) -> StoredPromise:
        """Return the promise with that id; NotFound when there is none."""
        with _translated():
            row = self._database.execute(
                "select as_of, key_id, spliced, body, inputs, model_version, calendar_version, policy, locale "
                "from promises join answers using (answer_id) where promise_id = ?",
                (promise_id,),
            ).fetchone()
        if row is None:
            raise NotFound(
                f"no promise has the id {ascii(promise_id)[:60]}; expected the promise_id of an earlier answer"
            )
        return StoredPromise(promise_id, row[0], row[1], Answer(bool(row[2]), *row[3:]))

    def remove(self, before: datetime, most: int = _BATCH) -> int:
        """Remove up to `most` promises given before an instant (aware), and answers that were given in no other one.

        Return how many promises went.
        """
        with _translated(), self._database:
            self._database.execute("begin immediate")
            gone = self._database.execute(
                "delete from promises where promise_id in (select promise_id from promises where promise_id < ? "
                "order by promise_id limit ?) returning answer_id",
                (ulid(max(before, _EPOCH), bytes(10)), most),
            ).fetchall()
            self._database.executemany(
                "delete from answers where answer_id = ?1 and not exists (select 1 from promises where answer_id = ?1)",
                sorted(set(gone)),
            )
        return len(gone)

    def check(self) -> None:
        """Raise StoreUnavailableError when the file cannot be written."""
        with _translated():
            self._database.execute("begin immediate")
            self._database.execute("rollback")

    def _check_version(self, path: Path) -> None:
        version = self._database.execute("pragma user_version").fetchone()[0]
        if version not in {0, SCHEMA_VERSION}:
            raise StoreUnavailableError(
                f"{path} has schema version {version}, this server expects {SCHEMA_VERSION}: name another store"
            )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailableError(
            f"the promise store failed ({error}); promises that are not kept are not given"
        ) from error
