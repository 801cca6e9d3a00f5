"""The stage `publish`: the champion's bundle becomes the one that the server reads.

Each bundle has a directory of its own below `data/bundle`: `v7` as version 7 was judged, `v7+2026-03-21` with the
histories of a later day. `current` and `previous` are links; `previous` is the last bundle of another model. The swap
is one rename of a link, so a server sees the old bundle or the new one and never a half-written directory.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.tracking import CHALLENGER, CHAMPION, Registry, Version
from parcelcast.errors import ArtefactError

CURRENT = "current"
PREVIOUS = "previous"
_INCOMING = ".incoming-"


@dataclass(frozen=True)
class Published:
    """What is served now; `changed` is False when it was served before."""

    version: Version
    directory: Path
    changed: bool


def publish(
    registry: Registry,
    home: Path,
    verify: Callable[[Path], object],
    from_online: Callable[[Path, Version], object],
) -> Published:
    """Publish the champion's bundle below `home` and keep the previous one.

    `verify` loads a bundle, `from_online` lets its snapshot come from the online store; either raises ArtefactError
    when it cannot be served, and then `current` stays as it is. ArtefactError also when there is no champion. One that
    is served already, be it with newer histories, is brought online all the same: the store may be a new one.
    """
    with incoming(home) as folder:
        champion = champion_of(registry)
        if served := served_of(home, champion):
            from_online(Path(shutil.copytree(served, folder / "served")), champion)
            return Published(champion, served, changed=False)
        fetched = registry.fetch_bundle(champion, folder)
        verify(fetched)
        from_online(fetched, champion)
        verify(fetched)
        target = home / _name(champion)
        swap_in(fetched, target)
    return Published(champion, target, changed=True)


def champion_of(registry: Registry) -> Version:
    """Return the champion; ArtefactError when there is none."""
    champion = registry.named(CHAMPION)
    if champion is None and registry.named(CHALLENGER) is None:
        raise ArtefactError(
            "there is no champion to publish, as nothing was trained; train first: ./run dvc repro publish"
        )
    if champion is None:
        raise ArtefactError(
            "there is no champion to publish; the challenger did not pass its checks (see reports/checks.json)"
        )
    return champion


def served_of(home: Path, version: Version) -> Path | None:
    """Return the directory that `current` means if it holds this version, with whatever histories; else None."""
    served = (home / CURRENT).resolve()
    return served if served.is_dir() and _model(served.name) == _name(version) else None


def refreshed_name(version: Version, as_of: str) -> str:
    """Return the name of the directory for a version with the histories of a day.

    >>> refreshed_name(Version("7", "8f3a"), "2026-03-21")
    'v7+2026-03-21'
    """
    return f"{_name(version)}+{as_of}"


@contextmanager
def incoming(home: Path) -> Iterator[Path]:
    """Give a folder beside the bundles, to make one in; one process at a time has one, others wait.

    What a process that was killed has left goes first.
    """
    home.mkdir(parents=True, exist_ok=True)
    with home.with_name(f".{home.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in home.glob(f"{_INCOMING}*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=_INCOMING, dir=home) as folder:
            yield Path(folder)


def swap_in(made: Path, target: Path) -> None:
    """Let `current` mean a bundle that was made beside the others, under its name `target`.

    The bundle that it replaces stays until the next time, for those who are reading it.
    """
    current, previous = (target.with_name(link) for link in (CURRENT, PREVIOUS))
    replaced = current.resolve()
    _place(made, target)
    if current.exists() and _model(replaced.name) != _model(target.name):
        _link(previous, replaced.name)
    _link(current, target.name)
    _sweep(target.parent, {current.resolve(), previous.resolve(), replaced})


def _name(version: Version) -> str:
    return f"v{version.number}"


def _model(name: str) -> str:
    """Return the directory's name without the day of its histories."""
    return name.partition("+")[0]


def _place(made: Path, target: Path) -> None:
    """Rename a directory that lies beside the target: the target is whole or absent."""
    if target.exists():
        shutil.rmtree(target)
    made.rename(target)


def _link(link: Path, name: str) -> None:
    """Let `link` point to its sibling `name`, in one step."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name, target_is_directory=True)
    fresh.replace(link)


def _sweep(home: Path, kept: set[Path]) -> None:
    """Remove all other bundles."""
    for directory in home.glob("v*"):
        if directory.is_dir() and directory.resolve() not in kept:
            shutil.rmtree(directory)
