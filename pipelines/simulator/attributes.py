"""What is in the parcels: sizes, values, payment; missing as often as in a real shop's export."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.arrays import Bools, Floats, Ints
from pipelines.simulator.carriers import SERVICES
from pipelines.simulator.history import History
from pipelines.simulator.merchants import MERCHANTS, WAREHOUSES
from pipelines.simulator.world import ATTRIBUTES

PAYMENT_METHODS = ("bank_transfer", "card", "wallet", "invoice", "direct_debit")
MERCHANT_OF_ORIGIN = np.array([
    [one.merchant_id for one in MERCHANTS].index(warehouse.merchant_id) for warehouse in WAREHOUSES
])  # fmt: skip


@dataclass(frozen=True)
class Attributes:
    """Parallel arrays over the shipments; ``known`` masks tell what the export holds."""

    merchant: Ints
    weight_g: Floats
    weight_known: Bools
    sides_mm: Floats  # (n, 3), longest first
    sides_known: Bools
    item_count: Ints
    order_value: Floats
    freight_cost: Floats
    payment: Ints
    payment_known: Bools


def draw_attributes(history: History) -> Attributes:
    """Attributes of the history's shipments; parcels of one order share value and payment."""
    rng = np.random.default_rng(np.random.SeedSequence((history.world.config.seed, ATTRIBUTES)))
    orders, n = history.world.orders, history.shipments
    order = orders.order[:n]
    count = int(order[-1]) + 1 if n else 0
    merchant = MERCHANT_OF_ORIGIN[orders.origin[:n]]
    items = 1 + rng.poisson(0.5, n)
    usual_weight = np.array([one.weight_g for one in MERCHANTS])[merchant]
    weight = np.round(usual_weight * np.sqrt(items) * rng.lognormal(0.0, 0.5, n) + 60)
    # Goods weigh about 0.25 g per cm3, packed; sides stand in random proportion.
    shape = np.sort(rng.uniform(0.35, 1.0, (n, 3)), axis=1)[:, ::-1]
    sides = np.round(shape * np.cbrt(weight * 4000.0 / shape.prod(axis=1))[:, None])
    value = np.array([one.value for one in MERCHANTS])[merchant] * rng.lognormal(0.0, 0.6, count)[order]
    price = np.array([service.price for _, service in SERVICES])[orders.service[:n]]
    return Attributes(
        merchant=merchant,
        weight_g=weight,
        weight_known=rng.random(n) > 0.02,
        sides_mm=sides,
        sides_known=rng.random(n) > 0.10,
        item_count=items,
        order_value=np.round(value, 2),
        freight_cost=np.where((value > 60) & (price < 10), 0.0, price),
        payment=np.where(orders.prepaid[:n] > 0, 0, rng.integers(1, len(PAYMENT_METHODS), count)[order]),
        payment_known=rng.random(n) > 0.01,
    )
