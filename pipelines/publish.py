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


def publish(
    registry: Registry,
    home: Path,
    verify: Callable[[Path], object],
    from_online: Callable[[Path, Version], object],
) -> Published:
    """Publish the champion's bundle below `home` and keep the previous one.

    `verify` loads a bundle, `from_online` lets its snapshot come from the online store; either raises ArtefactError
    when it cannot be served, and then `current` stays as it is. ArtefactError also when there is no champion. One that
    is served already is brought online all the same: the store may be a new one.
    """
    champion = registry.named(CHAMPION)
    if champion is None:
        raise ArtefactError(
            "there is no champion to publish; the challenger did not pass its checks (see reports/checks.json)"
        )
    target = home / f"v{champion.number}"
    current = home / CURRENT
    is_served = current.exists() and current.resolve() == target.resolve()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=home) as incoming:
        fetched = registry.fetch_bundle(champion, Path(incoming))
        if not is_served:
            verify(fetched)
        from_online(fetched, champion)
        if is_served:
            return Published(champion, target, changed=False)
        verify(fetched)
        _place(fetched, target)
    if current.exists():
        _link(home / PREVIOUS, current.resolve().name)
    _link(current, target.name)
    _sweep(home)
    return Published(champion, target, changed=True)


def _place(fetched: Path, target: Path) -> None:
    """Rename a directory that lies beside the target: the target is whole or absent."""
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
