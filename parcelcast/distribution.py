"""The one type of every prediction: a probability distribution over local delivery dates at the destination."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parcelcast.errors import InputError

Floats = NDArray[np.float64]

# Rounding of sums that should be exact. Probabilities nearer than this are the same probability.
SUM_TOLERANCE = 1e-9
LEVEL_TOLERANCE = 1e-12

_LAST_ORDINAL = date.max.toordinal()


@dataclass(frozen=True, slots=True, eq=False)
class DeliveryDistribution:
    """Probabilities of the local delivery dates ``anchor + k days``, ``k = 0..H``, at the destination.

    ``pmf`` has shape (H+1,), is not negative and sums to at most 1; the rest is ``beyond``: delivered after the horizon
    or never. Every operation counts that mass as "not by any date we can name", so probabilities "by a day" are never
    overstated. ``pmf`` and ``cdf`` are read-only. Refused with InputError: a datetime as anchor, an empty, negative,
    not finite or over-full pmf, a horizon past the year 9999.

    >>> d = DeliveryDistribution(date(2027, 3, 1), [0.0, 0.5, 0.3, 0.1])
    >>> d.quantile(0.8), round(d.beyond, 3), round(d.probability_after(date(2027, 3, 2)), 3)
    (datetime.date(2027, 3, 3), 0.1, 0.5)
    """

    anchor: date
    pmf: Floats
    cdf: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_day("anchor", self.anchor)
        pmf = _vector("pmf", self.pmf)
        if not pmf.min() >= 0.0:
            raise InputError(f"pmf has a negative or undefined value ({pmf.min()}); expected probabilities of each day")
        cdf = np.cumsum(pmf)
        if not cdf[-1] <= 1.0 + SUM_TOLERANCE:
            raise InputError(f"pmf sums to {cdf[-1]}; expected at most 1, the rest being the mass beyond the horizon")
        if self.anchor.toordinal() + len(pmf) > _LAST_ORDINAL:
            raise InputError(f"{self.anchor} plus {len(pmf)} days is past the year 9999; expected an earlier anchor")
        np.minimum(cdf, 1.0, out=cdf)
        pmf.flags.writeable = False
        cdf.flags.writeable = False
        object.__setattr__(self, "pmf", pmf)
        object.__setattr__(self, "cdf", cdf)

    @classmethod
    def from_cdf(cls, anchor: date, cdf: ArrayLike) -> Self:
        """Distribution with the given CDF, shape (H+1,); a fall of at most 1e-9 is levelled, a deeper one refused."""
        values = _vector("cdf", cdf)
        rises = np.diff(values, prepend=0.0)
        if not (rises.min() >= -SUM_TOLERANCE and values[-1] <= 1.0 + SUM_TOLERANCE):
            k = int(rises.argmin())
            raise InputError(
                f"cdf ends at {values[-1]} and changes by {rises[k]} at step {k}; "
                "expected it to start at 0 or more, never to fall, and to end at 1 or less"
            )
        if rises.min() < 0.0:
            rises = np.diff(np.maximum.accumulate(np.maximum(values, 0.0)), prepend=0.0)
        return cls(anchor, rises)

    @classmethod
    def from_hazard(cls, anchor: date, hazard: ArrayLike) -> Self:
        """Distribution of a discrete-time hazard P(delivered in step k | not before), shape (H+1,), each in [0, 1]."""
        values = _vector("hazard", hazard)
        if not (values.min() >= 0.0 and values.max() <= 1.0):
            raise InputError(
                f"hazard runs from {values.min()} to {values.max()}; expected probabilities between 0 and 1"
            )
        at_risk = np.concatenate(([1.0], np.cumprod(1.0 - values[:-1])))
        return cls(anchor, values * at_risk)

    @classmethod
    def on(cls, day: date) -> Self:
        """Certain delivery on that local day."""
        return cls(day, np.ones(1))

    @property
    def horizon(self) -> int:
        """H, the number of the last step."""
        return len(self.pmf) - 1

    @property
    def last_day(self) -> date:
        """Local date of the last step."""
        return self.anchor + timedelta(days=self.horizon)

    @property
    def beyond(self) -> float:
        """Probability of a delivery after the horizon, or never."""
        return float(1.0 - self.cdf[-1])

    def quantile(self, p: float) -> date | None:
        """First local date whose CDF reaches ``p`` (0 to 1, tolerance 1e-12); None when it lies beyond the horizon."""
        return self.quantiles((p,))[0]

    def quantiles(self, levels: Sequence[float]) -> list[date | None]:
        """Dates of several levels at once, each as ``quantile`` gives it."""
        for p in levels:
            if not 0.0 <= p <= 1.0:
                raise InputError(f"quantile of {p}; expected a probability between 0 and 1")
        steps = self.cdf.searchsorted([p - LEVEL_TOLERANCE for p in levels]).tolist()
        return [self.anchor + timedelta(days=k) if k < len(self.cdf) else None for k in steps]

    def probability_by(self, day: date) -> float:
        """P(delivered on or before that local day); after the horizon, what is known at the horizon."""
        k = (day - self.anchor).days
        return float(self.cdf[min(k, self.horizon)]) if k >= 0 else 0.0

    def probability_after(self, day: date) -> float:
        """P(delivered later than that local day, or never)."""
        return 1.0 - self.probability_by(day)

    def mean_days(self) -> float:
        """Return the expected days after the anchor, the mass beyond counted at H+1 (so a lower bound)."""
        return float(np.arange(len(self.pmf)) @ self.pmf) + self.beyond * len(self.pmf)

    def given_not_delivered_by(self, day: date) -> Self:
        """Distribution of the same parcel once it is known not to have come by the end of that local day."""
        k = (day - self.anchor).days
        if k < 0:
            return self
        left = float(self.pmf[k + 1 :].sum()) + max(self.beyond, 0.0)
        if left <= LEVEL_TOLERANCE:
            raise InputError(
                f"delivery by {day} was certain, so 'not delivered by {day}' cannot be told; expected an earlier day"
            )
        pmf = np.zeros_like(self.pmf)
        pmf[k + 1 :] = self.pmf[k + 1 :] / left
        return type(self)(self.anchor, pmf)

    def shift(self, days: int) -> Self:
        """Everything that many days later (earlier when negative)."""
        return type(self)(self.anchor + timedelta(days=days), self.pmf)

    def rebase(self, anchor: date) -> Self:
        """Tell the same distribution from another anchor; refused when mass lies before it or nothing is left."""
        _check_day("anchor", anchor)
        days = (anchor - self.anchor).days
        if days <= 0:
            return type(self)(anchor, np.concatenate((np.zeros(-days), self.pmf)))
        if days > self.horizon or self.cdf[days - 1] > LEVEL_TOLERANCE:
            raise InputError(
                f"anchor {anchor} lies after deliveries that are still possible (from {self.anchor} on); "
                "expected an earlier anchor, or use given_not_delivered_by first"
            )
        return type(self)(anchor, self.pmf[days:])

    def convolve(self, days_pmf: ArrayLike) -> Self:
        """Distribution after a further, independent number of days 0, 1, ... with these probabilities."""
        further = type(self)(self.anchor, _vector("days_pmf", days_pmf))
        return type(self)(self.anchor, np.convolve(self.pmf, further.pmf))

    def map_cdf(self, f: Callable[[Floats], ArrayLike]) -> Self:
        """Distribution whose CDF is ``f(cdf)``, for a calibration map that is monotone on [0, 1]."""
        mapped = _vector("mapped cdf", f(self.cdf))
        if mapped.shape != self.cdf.shape:
            raise InputError(
                f"the map returned {len(mapped)} values; expected one for each of the {len(self.cdf)} steps"
            )
        return type(self).from_cdf(self.anchor, mapped)

    def crps(self, delivered_on: date) -> float:
        """Continuous ranked probability score in days: sum over k = 0..H of (CDF - step of the outcome) squared."""
        k = max((delivered_on - self.anchor).days, 0)
        return float(np.square(self.cdf[:k]).sum() + np.square(1.0 - self.cdf[k:]).sum())


def mixture(parts: Sequence[DeliveryDistribution], weights: Sequence[float]) -> DeliveryDistribution:
    """Distribution that is each of the parts with a probability proportional to its weight (>= 0, not all 0)."""
    share = _vector("weights", weights)
    if len(share) != len(parts) or not share.min() >= 0.0 or not 0.0 < share.sum() < np.inf:
        raise InputError(
            f"weights {list(weights)} for {len(parts)} parts; expected one finite weight >= 0 each, not all 0"
        )
    anchor, cdfs = _aligned(parts)
    return DeliveryDistribution.from_cdf(anchor, (share / share.sum()) @ cdfs)


def all_by(
    parts: Sequence[DeliveryDistribution], shared_fate: float = 0.0, groups: Sequence[Hashable] | None = None
) -> DeliveryDistribution:
    """Distribution of the day on which the last of the parcels has come.

    Parcels of one group share fate to the degree ``shared_fate`` (rho in [0, 1]): the group's CDF is
    ``rho * min(F_i) + (1 - rho) * prod(F_i)``, a mixture of comonotone and independent parcels. Groups are independent.
    Without ``groups`` all parcels are one group.
    """
    anchor, cdfs = _aligned(parts)
    return DeliveryDistribution.from_cdf(anchor, _joint(cdfs, shared_fate, groups))


def first_by(
    parts: Sequence[DeliveryDistribution], shared_fate: float = 0.0, groups: Sequence[Hashable] | None = None
) -> DeliveryDistribution:
    """Distribution of the day on which the first of the parcels comes.

    The dependence is that of ``all_by``, on the survival functions: ``rho * min(S_i) + (1 - rho) * prod(S_i)``.
    """
    anchor, cdfs = _aligned(parts)
    return DeliveryDistribution.from_cdf(anchor, 1.0 - _joint(1.0 - cdfs, shared_fate, groups))


def _joint(curves: Floats, shared_fate: float, groups: Sequence[Hashable] | None) -> Floats:
    """Probability that all events happen, shape (H+1,), from each one's, shape (parts, H+1)."""
    if not 0.0 <= shared_fate <= 1.0:
        raise InputError(f"shared_fate is {shared_fate}; expected a number from 0 (independent) to 1 (same fate)")
    names = list(groups) if groups is not None else [None] * len(curves)
    if len(names) != len(curves):
        raise InputError(f"{len(names)} groups for {len(curves)} parts; expected one group for each part")
    rows: dict[Hashable, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    joint = np.ones(curves.shape[1])
    for members in rows.values():
        group = curves[members]
        joint *= shared_fate * group.min(axis=0) + (1.0 - shared_fate) * group.prod(axis=0)
    return joint


def _aligned(parts: Sequence[DeliveryDistribution]) -> tuple[date, Floats]:
    """Earliest anchor and the CDFs from there to the latest horizon, shape (parts, days), flat after their own."""
    if not parts:
        raise InputError("got no distributions; expected at least one")
    anchor = min(part.anchor for part in parts)
    starts = [(part.anchor - anchor).days for part in parts]
    days = max(start + len(part.cdf) for start, part in zip(starts, parts, strict=True))
    cdfs = np.zeros((len(parts), days))
    for row, start, part in zip(cdfs, starts, parts, strict=True):
        row[start : start + len(part.cdf)] = part.cdf
        row[start + len(part.cdf) :] = part.cdf[-1]
    return anchor, cdfs


def _vector(name: str, values: ArrayLike) -> Floats:
    """Copy to a float vector with at least one value, or raise InputError."""
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not a list of numbers ({error}); expected one number per step") from error
    if vector.ndim != 1 or vector.size == 0:
        raise InputError(f"{name} has shape {vector.shape}; expected one dimension with at least one value")
    return vector


def _check_day(name: str, day: date) -> None:
    """Refuse a datetime in place of a date: it compares and subtracts differently and hides its time zone."""
    if isinstance(day, datetime):
        raise InputError(f"{name} is {day!r}; expected a date, local at the destination")
