"""The stage `publish`: the champion's bundle becomes the one that the server reads.

Each bundle has a directory of its own below `data/bundle`; `current` and `previous` are links. The swap is one rename
of a link, so a server sees the old bundle or the new one and never a half-written directory.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.tracking import CHAMPION, Registry, Version
from parcelcast.errors import ArtefactError

CURRENT = "current"
PREVIOUS = "previous"


@dataclass(frozen=True)
class Published:
    """What is served now; `changed` is False when it was served before."""

    version: Version
    directory: Path
    changed: bool


def publish(registry: Registry, home: Path, verify: Callable[[Path], object]) -> Published:
    """Publish the champion's bundle below `home` and keep the previous one.

    `verify` loads a bundle and raises ArtefactError when it cannot be served; then `current` stays as it is.
    ArtefactError also when there is no champion.
    """
    champion = registry.named(CHAMPION)
    if champion is None:
        raise ArtefactError(
            "there is no champion to publish; the challenger did not pass its checks (see reports/checks.json)"
        )
    target = home / f"v{champion.number}"
    current = home / CURRENT
    if current.exists() and current.resolve() == target.resolve():
        return Published(champion, target, changed=False)
    _bring(registry, champion, target, verify)
    if current.exists():
        _link(home / PREVIOUS, current.resolve().name)
    _link(current, target.name)
    _sweep(home)
    return Published(champion, target, changed=True)


def _bring(registry: Registry, version: Version, target: Path, verify: Callable[[Path], object]) -> None:
    """Fetch into a directory beside the target, verify, then rename: the target is whole or absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=target.parent) as incoming:
        fetched = registry.fetch_bundle(version, Path(incoming))
        verify(fetched)
        if target.exists():
            shutil.rmtree(target)
        fetched.rename(target)


def _link(link: Path, name: str) -> None:
    """Let `link` point to its sibling `name`, in one step."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name, target_is_directory=True)
    fresh.replace(link)


def _sweep(home: Path) -> None:
    """Remove bundles that neither link means."""
    kept = {(home / link).resolve() for link in (CURRENT, PREVIOUS)}
    for directory in home.glob("v*"):
        if directory.is_dir() and directory.resolve() not in kept:
            shutil.rmtree(directory)
