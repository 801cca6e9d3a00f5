"""API keys."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parcelcast.errors import InputError
from serving.keys import KeyRing, create_key, load_keys, new_key, read_keys

ENTROPY = bytes(range(38))
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_key_is_found_by_its_text_and_by_no_other() -> None:
    text, record = new_key(ENTROPY, ["promises:read"])
    ring = KeyRing([record])
    assert ring.find(text) == record
    for wrong in (
        "",
        "pck",
        "pck__",
        text[:-1],
        text + "0",
        text.upper(),
        text.replace("pck", "abc"),
        "\ud800",
        "é_é_é",
    ):
        assert ring.find(wrong) is None


def test_two_keys_with_the_same_id_do_not_open_for_each_other() -> None:
    text, record = new_key(ENTROPY, ["promises:read"])
    other, _ = new_key(bytes(32) + ENTROPY[32:], ["promises:read"])
    assert text.split("_")[1] == other.split("_")[1]
    assert KeyRing([record]).find(other) is None


def test_a_key_file_holds_hashes_only_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = create_key(path, ["promises:write"], "checkout", NOW, ENTROPY)
    second = create_key(path, ["admin"], "operator", NOW, ENTROPY[::-1])
    written = path.read_text()
    assert first.split("_")[2] not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ring = load_keys(path, None)
    assert len(ring) == 2
    found = ring.find(second)
    assert found is not None
    assert (found.scopes, found.name) == (frozenset({"admin"}), "operator")


def test_keys_may_come_from_the_environment_and_the_file_wins(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    text = create_key(path, ["promises:read"], "page", NOW, ENTROPY)
    from_environment = load_keys(tmp_path / "missing.json", path.read_text())
    assert from_environment.find(text) is not None
    assert len(load_keys(path, '{"keys": []}')) == 1
    assert len(load_keys(None, None)) == 0


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"keys": [{}]}', '{"keys": [{"key_id": "a", "sha256": "zz", "scopes": ["admin"]}]}',
     '{"keys": [{"key_id": "a", "sha256": "00", "scopes": ["admin"]}]}'],
)  # fmt: skip
def test_a_broken_key_file_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match=r"keys\.json is not a key file"):
        read_keys(text, "keys.json")


@pytest.mark.parametrize("content", [b"", b"junk", b'{"a": 1}', b"[]", b'{"keys": 1}', b"\xff"])
def test_no_key_is_added_to_a_broken_key_file_which_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"keys\.json is not a key file .* move it away"):
        create_key(path, ["admin"], "operator", NOW, ENTROPY)
    assert path.read_bytes() == content


def test_a_key_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        create_key(tmp_path, ["admin"], "operator", NOW, ENTROPY)


def test_unknown_scopes_are_refused() -> None:
    good = json.dumps({"keys": [{"key_id": "a", "sha256": "00" * 32, "scopes": ["admin", "root"]}]})
    with pytest.raises(InputError, match="expected one or more of"):
        read_keys(good, "keys.json")
    with pytest.raises(InputError, match="random bytes"):
        new_key(b"short", ["admin"])
