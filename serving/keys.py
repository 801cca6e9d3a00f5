"""API keys: made here, kept as hashes, recognised in constant time."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from parcelcast.errors import InputError

PROMISES_WRITE = "promises:write"
PROMISES_READ = "promises:read"
PARCELS_WRITE = "parcels:write"
PARCELS_READ = "parcels:read"
ALERTS_WRITE = "alerts:write"
ALERTS_READ = "alerts:read"
ADMIN = "admin"
SCOPES = (PROMISES_READ, PROMISES_WRITE, PARCELS_READ, PARCELS_WRITE, ALERTS_READ, ALERTS_WRITE, ADMIN)

_MARK = "pck"
_ID_HEX = 12
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What the server keeps of a key: its public id, the hash of its secret, what it may do.

    The secret is 256 random bits, so one round of SHA-256 is enough: there is nothing to guess.
    """

    key_id: str
    digest: bytes
    scopes: frozenset[str]
    name: str = ""


def new_key(entropy: bytes, scopes: Iterable[str], name: str = "") -> tuple[str, ApiKey]:
    """Make a key from random bytes: the secret text to hand out once, and the record to keep.

    Raises InputError when there are not 38 bytes of entropy or a scope is unknown.

    >>> text, record = new_key(bytes(range(38)), ["promises:read"], "shop")
    >>> text[:17], record.key_id
    ('pck_202122232425_', '202122232425')
    >>> KeyRing([record]).find(text) == record
    True
    """
    id_bytes = _ID_HEX // 2
    if len(entropy) < _SECRET_BYTES + id_bytes:
        raise InputError(f"got {len(entropy)} random bytes, expected at least {_SECRET_BYTES + id_bytes}: pass more")
    secret = entropy[:_SECRET_BYTES].hex()
    key_id = entropy[_SECRET_BYTES : _SECRET_BYTES + id_bytes].hex()
    return f"{_MARK}_{key_id}_{secret}", ApiKey(key_id, _hash(secret), _checked_scopes(scopes), name)


class KeyRing:
    """The keys a server accepts."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._by_id = {key.key_id: key for key in keys}

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, presented: str) -> ApiKey | None:
        """Return the key that this text proves, or None. The id is public; the secret is compared in constant time."""
        mark, _, rest = presented.partition("_")
        key_id, _, secret = rest.partition("_")
        key = self._by_id.get(key_id)
        matches = hmac.compare_digest(_hash(secret), key.digest if key else bytes(32))
        return key if matches and mark == _MARK else None

    def with_key(self, key: ApiKey) -> "KeyRing":
        """Return a ring that accepts this key too."""
        return KeyRing([*self._by_id.values(), key])


def read_keys(text: str, source: str) -> KeyRing:
    """Read a key file's text. Raises InputError that names the source and never quotes a hash."""
    try:
        return KeyRing(_key(entry) for entry in json.loads(text)["keys"])
    except (ValueError, KeyError, TypeError) as error:
        expected = 'JSON like {"keys": [{"key_id": ..., "sha256": ..., "scopes": [...]}]}'
        raise InputError(
            f"{source} is not a key file ({type(error).__name__}); expected {expected}: repair it, or move it away"
        ) from error


def load_keys(path: Path | None, environment_text: str | None) -> KeyRing:
    """Read the keys of a file, else of the environment; no source at all means that no key is accepted."""
    if path is not None and path.exists():
        return read_keys(_text_of(path), str(path))
    if environment_text:
        return read_keys(environment_text, "PARCELCAST_API_KEYS")
    return KeyRing()


def create_key(path: Path, scopes: Iterable[str], name: str, created_at: datetime, entropy: bytes) -> str:
    """Add a new key to a key file and return the secret text, which is shown only this once.

    The file is replaced atomically and readable by its owner alone. InputError for one that is no key file, which
    stays as it is.
    """
    text, key = new_key(entropy, scopes, name)
    document: dict[str, Any] = {"keys": []}
    if path.exists():
        told = _text_of(path)
        read_keys(told, str(path))
        document = json.loads(told)
    document["keys"].append({**_entry(key), "created_at": created_at.isoformat()})
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    draft.replace(path)
    return text


def key_document(keys: Iterable[ApiKey]) -> str:
    """Return the text of a key file; also what PARCELCAST_API_KEYS takes."""
    return json.dumps({"keys": [_entry(key) for key in keys]})


def _text_of(path: Path) -> str:
    """Read a key file; bytes that are not UTF-8 make it none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); expected a key file, or none") from error


def _entry(key: ApiKey) -> dict[str, Any]:
    return {"key_id": key.key_id, "sha256": key.digest.hex(), "scopes": sorted(key.scopes), "name": key.name}


def _key(entry: Mapping[str, Any]) -> ApiKey:
    digest = bytes.fromhex(entry["sha256"])
    if len(digest) != hashlib.sha256().digest_size:
        raise ValueError("not a SHA-256")
    return ApiKey(str(entry["key_id"]), digest, _checked_scopes(entry["scopes"]), str(entry.get("name", "")))


def _checked_scopes(scopes: Iterable[str]) -> frozenset[str]:
    found = frozenset(scopes)
    if not found or not found <= set(SCOPES):
        raise InputError(f"got scopes {sorted(found)}, expected one or more of {', '.join(SCOPES)}")
    return found


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
