import os
import shutil

import pytest

from models.tracking import CHALLENGER, CHAMPION, Version
from parcelcast.errors import ArtefactError
from pipelines.publish import publish


class FakeRegistry:
    def __init__(self, store) -> None:
        self._store = store
        self._names: dict[str, Version] = {}

    def crown(self, number: str) -> None:
        bundle = self._store / number
        bundle.mkdir(parents=True)
        (bundle / "manifest.json").write_text(number)
        self._names[CHAMPION] = Version(number, f"run-{number}")

    def challenge(self, number: str) -> None:
        self._names[CHALLENGER] = Version(number, f"run-{number}")

    def named(self, alias: str) -> Version | None:
        return self._names.get(alias)

    def fetch_bundle(self, version: Version, into):
        return shutil.copytree(self._store / version.number, into / "bundle")


@pytest.fixture
def registry(tmp_path) -> FakeRegistry:
    return FakeRegistry(tmp_path / "store")


@pytest.fixture
def home(tmp_path):
    return tmp_path / "bundle"


def _accept(path) -> None: ...


def _online(path, version) -> None: ...


def _refuse(path) -> None:
    raise ArtefactError("hash mismatch")


def _served(home, link="current") -> str:
    return (home / link / "manifest.json").read_text()


def test_the_champions_bundle_is_served(registry, home):
    registry.crown("1")

    published = publish(registry, home, _accept, _online)

    assert published.changed
    assert _served(home) == "1"


def test_the_bundle_served_before_is_kept_and_older_ones_are_not(registry, home):
    for number in ("1", "2", "3"):
        registry.crown(number)
        publish(registry, home, _accept, _online)

    assert (_served(home), _served(home, "previous")) == ("3", "2")
    assert sorted(path.name for path in home.iterdir()) == ["current", "previous", "v2", "v3"]


def test_publishing_the_same_champion_again_changes_nothing(registry, home):
    registry.crown("1")
    publish(registry, home, _accept, _online)

    assert not publish(registry, home, _accept, _online).changed
    assert not (home / "previous").exists()


def test_a_bundle_that_does_not_load_is_not_served(registry, home):
    registry.crown("1")
    publish(registry, home, _accept, _online)
    registry.crown("2")

    with pytest.raises(ArtefactError, match="hash mismatch"):
        publish(registry, home, _refuse, _online)

    assert _served(home) == "1"
    assert sorted(path.name for path in home.iterdir()) == ["current", "v1"]


def test_a_bundle_is_not_served_when_the_online_store_tells_something_else(registry, home):
    def astray(path, version):
        (path / "manifest.json").write_text("astray")
        raise ArtefactError("not the one that the bundle was judged with")

    registry.crown("1")
    publish(registry, home, _accept, _online)
    registry.crown("2")

    with pytest.raises(ArtefactError, match="judged"):
        publish(registry, home, _accept, astray)

    assert _served(home) == "1"
    assert sorted(path.name for path in home.iterdir()) == ["current", "v1"]


def test_the_bundle_is_verified_as_it_comes_from_the_online_store(registry, home):
    seen = []

    def rewritten(path, version):
        (path / "manifest.json").write_text(f"{version.number} online")

    registry.crown("1")
    publish(registry, home, lambda path: seen.append((path / "manifest.json").read_text()), rewritten)

    assert seen == ["1", "1 online"]
    assert _served(home) == "1 online"


def test_a_champion_that_is_served_already_fills_the_online_store_again(registry, home):
    brought = []
    registry.crown("1")
    publish(registry, home, _accept, _online)

    published = publish(registry, home, _accept, lambda path, version: brought.append(version.number))

    assert (published.changed, brought) == (False, ["1"])


def test_without_a_champion_there_is_nothing_to_publish(registry, home):
    with pytest.raises(ArtefactError, match=r"no champion.*train first: ./run dvc repro publish"):
        publish(registry, home, _accept, _online)
    registry.challenge("1")
    with pytest.raises(ArtefactError, match=r"no champion.*did not pass its checks"):
        publish(registry, home, _accept, _online)


def test_a_reader_that_opened_the_old_bundle_can_finish_reading_it(registry, home):
    registry.crown("1")
    publish(registry, home, _accept, _online)
    opened = os.open(home / "current", os.O_RDONLY)
    registry.crown("2")
    publish(registry, home, _accept, _online)

    assert os.listdir(opened) == ["manifest.json"]  # noqa: PTH208 - a path would find the new one
    os.close(opened)
