"""Bringing a day's histories through the feature store: written, registered, materialised, read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.assembly import Histories
from features.feast_repo.offline import Known
from features.feast_repo.store import NEVER, Repository
from features.feast_repo.views import VIEWS, View, differing, histories_of, rows_of
from features.orders import day_of
from parcelcast.errors import ArtefactError


@dataclass(frozen=True)
class Refreshed:
    """What the online store tells of the day, and how many rows of each view were new."""

    histories: Histories
    written: Mapping[str, int]


def refresh(
    repository: Repository, histories: Histories, day: int, created: datetime, service: str, tags: Mapping[str, str]
) -> Refreshed:
    """Let the online store tell `histories`, those of UTC day `day`, and return what it tells.

    Only rows that are new since the last day are written and materialised. Where the online store then tells something
    else (it was emptied, changed by others, or left by a process that was killed) all rows that hold are brought again;
    ArtefactError when that does not help.
    """
    rows = rows_of(histories)
    written = {name: repository.offline.write(view, day, rows[name], created) for name, view in VIEWS.items()}
    repository.apply(service, tags)
    online = {name: _brought(repository, view, day) for name, view in VIEWS.items()}
    return Refreshed(histories_of(online, day), written)


def astray(online: Known, offline: Known) -> NDArray[np.bool_]:
    """Return of each row whether the online store has none, one of another day, or one with other values."""
    return np.asarray((online.days != offline.days) | differing(online.rows, offline.rows))


def _brought(repository: Repository, view: View, day: int) -> pa.Table:
    """Materialise a view and return its rows as the online store tells them."""
    offline = repository.offline.known(view, day)
    keys = offline.rows[view.key].to_pylist()
    for whole in (False, True):
        repository.materialise(view, day, whole=whole)
        online = repository.online(view, keys)
        wrong = np.flatnonzero(astray(online, offline))
        if not len(wrong):
            return online.rows
    raise ArtefactError(_told(view, online, offline, wrong))


def _told(view: View, online: Known, offline: Known, wrong: NDArray[np.intp]) -> str:
    row = int(wrong[0])
    days = [None if one.days[row] == NEVER else str(day_of(int(one.days[row]))) for one in (online, offline)]
    got, expected = (one.rows.slice(row, 1).to_pylist()[0] for one in (online, offline))
    return (
        f"the online store tells {view.name} wrongly for {len(wrong)} of {len(offline.days)} keys, the first "
        f"{got.pop(view.key)!r}: got {got} of {days[0]}, expected {list(expected.values())[1:]} of {days[1]}; "
        "see that nobody else writes to it under this project name, and publish again"
    )
