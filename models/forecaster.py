"""The forecaster of a bundle: from shipments to distributions, each distinct one worked out once."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from features.assembly import Assembled, Histories, assemble
from features.lanes import LEVELS
from features.orders import Facts, day_of, order_facts, orders_of_facts
from models.blend import Blend
from models.calibration import BetaMap
from models.hazard import HORIZON
from parcelcast.distribution import DeliveryDistribution
from parcelcast.forecast import Evidence, Forecast, quoted_forecast
from parcelcast.shipment import Carrier, Shipment

CACHED = 50_000  # forecasts kept, least recently used first out; about 2 KB each
# With fewer parcels than this between two countries with this service, the carrier's quote is the better guide.
FEWEST_PARCELS = 20
_ENOUGH = LEVELS.index("country")


class BundleForecaster:
    """Forecasts as of the bundle's snapshot; deterministic and thread-safe.

    Two shipments with the same facts (`features.orders.order_facts`: they differ at most in the minute of the order)
    have the same forecast, so it is kept. Where history says nothing about the service between the two countries, the
    carrier's quote and the calendar answer instead.
    """

    def __init__(
        self,
        model: Blend,
        calibration: BetaMap,
        histories: Histories,
        shift: float,
        carriers: Mapping[str, Carrier],
    ) -> None:
        self._model = model
        self._calibration = calibration
        self._histories = histories
        self._shift = shift
        self._carriers = carriers
        self._kept: OrderedDict[Facts, Forecast | None] = OrderedDict()
        self._lock = Lock()

    @property
    def parts(self) -> tuple[Blend, BetaMap]:
        """Return the model and its calibration."""
        return self._model, self._calibration

    def forecast(self, shipments: Sequence[Shipment]) -> list[Forecast]:
        """Return one forecast per shipment, in order, anchored at its `ordered_on`."""
        facts = [order_facts(shipment, self._carriers.get(shipment.carrier or "")) for shipment in shipments]
        found = self._recall(facts)
        if missing := [one for one in dict.fromkeys(facts) if one not in found]:
            fresh = dict(zip(missing, self._work_out(missing), strict=True))
            self._keep(fresh)
            found |= fresh
        return [found[one] or self._quoted(shipment) for one, shipment in zip(facts, shipments, strict=True)]

    def work_out(self, shipments: Sequence[Shipment]) -> list[Forecast]:
        """Return what `forecast` returns, without looking at what is kept."""
        facts = [order_facts(shipment, self._carriers.get(shipment.carrier or "")) for shipment in shipments]
        worked = self._work_out(facts)
        return [one or self._quoted(shipment) for one, shipment in zip(worked, shipments, strict=True)]

    def _recall(self, facts: Sequence[Facts]) -> dict[Facts, Forecast | None]:
        with self._lock:
            found = {one: self._kept[one] for one in facts if one in self._kept}
            for one in found:
                self._kept.move_to_end(one)
        return found

    def _keep(self, fresh: Mapping[Facts, Forecast | None]) -> None:
        with self._lock:
            self._kept.update(fresh)
            while len(self._kept) > CACHED:
                self._kept.popitem(last=False)

    def _work_out(self, facts: Sequence[Facts]) -> list[Forecast | None]:
        assembled = assemble(orders_of_facts(facts), self._histories, HORIZON)
        cdf = self._calibration.apply(self._model.cdf(assembled, np.full(len(facts), self._shift)))
        shipments = zip(facts, cdf, evidence_of(assembled), strict=True)
        return [_forecast(one[0], row, evidence) for one, row, evidence in shipments]

    def _quoted(self, shipment: Shipment) -> Forecast:
        carrier = self._carriers.get(shipment.carrier or "") or Carrier(shipment.carrier or "")
        return quoted_forecast(shipment, carrier.delivery_calendar(shipment.destination))


def _forecast(ordered_on: int, cdf: np.ndarray, evidence: Evidence | None) -> Forecast | None:
    if evidence is None:
        return None
    return Forecast(DeliveryDistribution.from_cdf(day_of(ordered_on), cdf), "model", evidence)


def evidence_of(assembled: Assembled) -> list[Evidence | None]:
    """Return the narrowest level with enough parcels and how many; None where not even the countries have enough."""
    out: list[Evidence | None] = []
    for parcels in assembled.lead.evidence.tolist():
        if parcels[_ENOUGH] < FEWEST_PARCELS:
            out.append(None)
            continue
        level = max(index for index, count in enumerate(parcels) if index == _ENOUGH or count >= FEWEST_PARCELS)
        out.append(Evidence(LEVELS[level], parcels[level]))
    return out
