"""Peers of a silent parcel: the share of those with the same last scan at about the same time that has moved on.

The columns are among those of the family progress; `parcelcast.peers` says who is a peer.
"""

from collections.abc import Mapping

import numpy as np

from features.columns import Column
from features.orders import Floats
from parcelcast.peers import CARRIER_HOURS, HERE_HOURS

# What is counted of each parcel: scans beside its own last one and those that were followed, there and of its carrier.
COUNTS = ("peers_here", "moved_here", "peers_of_carrier", "moved_of_carrier")
_ALONE = "no such scan, or the own one less than half a day ago"


def _column(name: str, unit: str, description: str) -> Column:
    return Column(name, "progress", unit, description, _ALONE)


COLUMNS = (
    _column(
        "peers_here", "scans", f"with the code of the last scan, at its facility, up to {HERE_HOURS} hours from it"
    ),
    _column("peers_here_moved", "share", "of peers_here that another scan of the same parcel has followed"),
    _column("peers_moved", "share", f"as peers_here_moved, of all of the carrier, up to {CARRIER_HOURS} hours from it"),
)


def peer_features(counts: Mapping[str, Floats]) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns), of `COUNTS` by name, (n) each, NaN where nothing is counted."""
    here, moved_here, of_carrier, moved = (counts[name] for name in COUNTS)
    return np.column_stack([np.where(here > 0, here, np.nan), _share(moved_here, here), _share(moved, of_carrier)])


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))
