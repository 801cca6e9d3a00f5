"""Daily tables on disk: the counts of each build, and a manifest that tells which build's counts of a day hold.

Files are written under new names and never changed; the manifest is replaced in one step at the end of a build. So a
reader always sees a whole build, and a build that was killed leaves nothing behind but files that nobody names. The
next build begins by removing those, and those of builds before the last one. One process builds at a time.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from parcelcast.errors import DataError, InputError

FORMAT = 5
_MANIFEST = "manifest.json"
# The folders of a store, all whose Parquet files are ours.
FOLDERS = ("days", "open", "settled")
_LOCK = ".lock"


@dataclass(frozen=True)
class Manifest:
    """What a store holds: UTC days from `first` to `until` are counted for `families`; `days` names each one's build.

    `counts` names the files of those builds; what they count on days of which another build tells does not hold.
    `open` is the file of parcels of which more can become known, `settled` those of parcels whose spells are all over.
    `registry` is the JSON form of `features.engine.dimensions.Registry`. Files are relative to the store's folder.
    """

    first: int
    until: int
    build: int
    registry: Mapping[str, Any]
    families: tuple[str, ...]
    open: str
    settled: tuple[str, ...]
    days: Mapping[int, int]
    counts: Mapping[int, tuple[str, ...]]

    def files(self) -> set[str]:
        """Return all files that count."""
        return {self.open, *self.settled, *chain.from_iterable(self.counts.values())}


def read_manifest(store: Path) -> Manifest | None:
    """Return the manifest of a store, None where nothing was built; DataError when this version cannot read it."""
    path = store / _MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content.pop("format")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, AttributeError) as error:
        raise DataError(
            f"not a manifest: {error}", file=str(path), remedy="remove the folder and build again"
        ) from error
    if found != FORMAT:
        raise DataError(
            f"format {found}; expected {FORMAT}", file=str(path), remedy="remove the folder and build again"
        )
    days = {int(day): build for day, build in content.pop("days").items()}
    counts = {int(build): tuple(files) for build, files in content.pop("counts").items()}
    families, settled = (tuple(content.pop(name)) for name in ("families", "settled"))
    return Manifest(families=families, settled=settled, days=days, counts=counts, **content)


def write_manifest(store: Path, manifest: Manifest) -> None:
    """Let a build count, in one step."""
    path, draft = store / _MANIFEST, store / f"{_MANIFEST}.draft"
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"format": FORMAT, **vars(manifest)}))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Hold a store for one process, and make its folder; InputError while another one builds in it.

    The lock ends with the process, however that ends.
    """
    store.mkdir(parents=True, exist_ok=True)
    with (store / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"another process builds in {store}; expected one at a time: wait until it has ended"
            ) from error
        yield


def sweep(store: Path, manifest: Manifest | None) -> None:
    """Remove our Parquet files that the manifest does not name, and the folders that this leaves empty."""
    kept = {os.path.join(store, name) for name in manifest.files()} if manifest else set()  # noqa: PTH118 - hundreds
    for folder, _, names in chain.from_iterable(os.walk(store / ours, topdown=False) for ours in FOLDERS):
        files = [os.path.join(folder, name) for name in names]  # noqa: PTH118 - hundreds
        unnamed = [path for path in files if path.endswith(".parquet") and path not in kept]
        for path in unnamed:
            Path(path).unlink()
        if len(unnamed) == len(files):
            with suppress(OSError):  # there are folders in it
                Path(folder).rmdir()
