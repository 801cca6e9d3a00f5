"""What a model makes of its columns: how often each is empty, and its share of the gain."""

from collections.abc import Mapping

import numpy as np

from features.assembly import ALL_COLUMNS, Assembled, column_names
from features.columns import Worth
from models.hazard import HazardModel

_ORDERS, _DAYS = 2000, 21


def column_worth(model: HazardModel, assembled: Assembled) -> Mapping[str, Worth]:
    """Return for each column its empty share among orders (of day columns: in the three weeks after some of them).

    And the share of the boosters' total gain, the loss that its splits saved in training.
    """
    gain = sum(booster.feature_importance("gain") for booster in model.boosters.values())
    n = len(assembled.orders)
    part = assembled.take(np.arange(0, n, max(1, n // _ORDERS)))
    rows = np.repeat(np.arange(len(part.orders)), _DAYS)
    steps = np.tile(np.arange(_DAYS), len(part.orders))
    empty = np.isnan(part.rows(model.known_columns(part), rows, steps)).mean(axis=0)
    shares = gain / max(float(np.sum(gain)), 1e-12)
    return {
        name: Worth(float(missing), float(share))
        for name, missing, share in zip(column_names(ALL_COLUMNS), empty, shares, strict=True)
    }
