"""What a model makes of its columns: how often each is empty, and its share of the gain."""

from collections.abc import Iterable, Mapping

import lightgbm
import numpy as np

from features.assembly import Assembled, column_names
from features.columns import Worth
from features.orders import Floats
from models.blend import Blend

_ORDERS, _DAYS = 2000, 21


def column_worth(model: Blend, assembled: Assembled) -> Mapping[str, Worth]:
    """Return for each column its empty share among orders (of day columns: in the three weeks after some of them).

    And, for each opinion, the share of its boosters' total gain, the loss that its splits saved in training. The two
    are not added up: one saves log-loss of days, the other squared errors of logarithms.
    """
    hazard, location = model.hazard, model.location
    gains = _shares(hazard.boosters.values())
    second: dict[str, float] = {}
    if location is not None:
        shares = _shares([location.booster]).tolist()
        second = dict(zip(column_names(location.columns), shares, strict=True))
    n = len(assembled.orders)
    part = assembled.take(np.arange(0, n, max(1, n // _ORDERS)))
    rows = np.repeat(np.arange(len(part.orders)), _DAYS)
    steps = np.tile(np.arange(_DAYS), len(part.orders))
    empty = np.isnan(part.rows(hazard.known_columns(part), part.ahead(rows, steps))).mean(axis=0)
    return {
        name: Worth(missing, gain, second.get(name))
        for name, missing, gain in zip(column_names(part.columns()), empty.tolist(), gains.tolist(), strict=True)
    }


def _shares(boosters: Iterable[lightgbm.Booster]) -> Floats:
    gain = np.sum([booster.feature_importance("gain") for booster in boosters], axis=0)
    return np.asarray(gain / max(float(np.sum(gain)), 1e-12))
