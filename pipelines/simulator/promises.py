"""What the shops told their customers: the carrier's quote, added to the planned dispatch by a rule without a model."""

import numpy as np

from pipelines.simulator.arrays import Floats, Ints
from pipelines.simulator.carriers import CARRIERS, CUSTOMS_COUNTRY, SERVICES
from pipelines.simulator.history import History
from pipelines.simulator.merchants import MERCHANTS, WAREHOUSES
from pipelines.simulator.network import Network
from pipelines.simulator.routes import lane_nights

_CUSTOMS_DAYS = 1
# What a shop says that knows no quote.
_RULE_OF_THUMB = 4.0


def quoted_days(network: Network) -> Floats:
    """Deliverable days from dispatch to delivery that the carriers' tables state, shape (S, O, A)."""
    quoted = lane_nights(network) + np.array([service.extra_days for _, service in SERVICES])[:, None, None]
    country = np.array(network.areas.country)
    customs = (country == CUSTOMS_COUNTRY)[None, :] & (country[network.origin_area] != CUSTOMS_COUNTRY)[:, None]
    total: Floats = quoted + _CUSTOMS_DAYS * customs
    return total


def incumbent_days(history: History, quoted: Floats) -> Ints:
    """Day numbers of the shops' promises: the quote counted on delivery weekdays, holidays forgotten."""
    world, n = history.world, history.shipments
    release = world.orders.release_day[:n].astype(np.int64)
    buffer = {one.merchant_id: one.buffer_days for one in MERCHANTS}
    added = np.array([buffer[one.merchant_id] for one in WAREHOUSES])[world.orders.origin[:n]]
    needed = np.where(np.isnan(quoted), _RULE_OF_THUMB, quoted + added).astype(np.int64)
    promised = np.zeros(n, np.int64)
    carrier = world.network.service_carrier[world.orders.service[:n]]
    # Promises may lie past the world's last day; weekdays go on.
    weekdays = (world.network.clock.weekdays[0] + np.arange(world.network.clock.days + 60)) % 7
    for number, one in enumerate(CARRIERS):
        delivered = np.flatnonzero(np.isin(weekdays, one.weekdays))
        rows = carrier == number
        promised[rows] = delivered[np.searchsorted(delivered, release[rows], side="right") + needed[rows] - 1]
    return promised
