"""Shares, and how sure they are."""

from math import sqrt
from statistics import NormalDist

from pydantic import Field

from serving.promises.answers import Said

LEVEL = 0.95
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


class ShareAnswer(Said):
    """A share of parcels with its Wilson interval: how far it may lie from that of many more such parcels."""

    share: float = Field(description="0 to 1")
    low: float = Field(description=f"where the {LEVEL:.0%} interval begins")
    high: float = Field(description="where it ends")


def ratio(part: float, whole: int) -> float | None:
    """Return the share to four digits; None where there is nothing to divide by.

    >>> ratio(2, 3), ratio(0, 0)
    (0.6667, None)
    """
    return round(part / whole, 4) if whole else None


def share_of(part: int, whole: int) -> ShareAnswer | None:
    """Return a share with its interval (E. B. Wilson 1927, without continuity correction); None of nothing.

    >>> share_of(9, 10)
    ShareAnswer(share=0.9, low=0.5958, high=0.9821)
    >>> share_of(0, 10), share_of(0, 0)
    (ShareAnswer(share=0.0, low=0.0, high=0.2775), None)
    """
    if not whole:
        return None
    share, scale = part / whole, 1 + _Z**2 / whole
    middle = (share + _Z**2 / (2 * whole)) / scale
    half = _Z * sqrt(share * (1 - share) / whole + _Z**2 / (4 * whole**2)) / scale
    return ShareAnswer(
        share=round(share, 4), low=round(max(middle - half, 0.0), 4), high=round(min(middle + half, 1.0), 4)
    )
