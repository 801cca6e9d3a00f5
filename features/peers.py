"""Peers of a silent parcel: the share of those with the same scan at the same facility about then that has moved on.

The column is among those of the family progress; `parcelcast.peers` says who is a peer.
"""

import numpy as np

from features.columns import Column
from features.orders import Floats
from parcelcast.peers import HOURS

COLUMNS = (
    Column(
        "peers_moved",
        "progress",
        "share",
        f"of others last scanned alike at that facility, in an hour up to {HOURS} from the own, with a later scan",
        "no such scan, the own one less than half a day ago, or nobody else",
    ),
)


def peer_features(peers: Floats, moved: Floats) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns), of counts (n), NaN where nothing was counted."""
    share = np.full(len(peers), np.nan)
    return np.asarray(np.divide(moved, peers, out=share, where=peers > 0))[:, None]
