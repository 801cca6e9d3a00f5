"""The living forecaster of a bundle: from parcels on their way to ETAs, all at once."""

from collections.abc import Mapping, Sequence

import numpy as np

from features.assembly import Histories
from features.landmarks import AssembledLandmarks, assemble_landmarks
from features.orders import day_of, orders_of
from features.progress import Standings, standing_of
from models.forecaster import evidence_of
from models.hazard import HORIZON
from models.living.model import LivingModel
from parcelcast.calendar import local_date
from parcelcast.distribution import DeliveryDistribution
from parcelcast.eta import USUAL, Eta, Underway, conditioned_eta, silence_of
from parcelcast.forecast import Forecaster
from parcelcast.shipment import Carrier


class BundleLivingForecaster:
    """ETAs as of each parcel's own instant, with the history of the bundle's snapshot; deterministic and thread-safe.

    Where history says nothing about the service between the two countries, the order-time forecast is conditioned on
    "not delivered until now" instead.
    """

    def __init__(
        self,
        model: LivingModel,
        histories: Histories,
        shift: float,
        carriers: Mapping[str, Carrier],
        at_order: Forecaster,
    ) -> None:
        self._model = model
        self._histories = histories
        self._shift = shift
        self._carriers = carriers
        self._at_order = at_order

    @property
    def model(self) -> LivingModel:
        """Return the model."""
        return self._model

    def etas(self, parcels: Sequence[Underway]) -> list[Eta]:
        """Return one ETA for each parcel, in order; one that is not awaited any more has come, or never will."""
        awaited = [parcel for parcel in parcels if not parcel.progress.is_over]
        found = iter(self._etas(awaited) if awaited else ())
        return [_ended(parcel) if parcel.progress.is_over else next(found) for parcel in parcels]

    def _etas(self, parcels: Sequence[Underway]) -> list[Eta]:
        orders = orders_of([parcel.shipment for parcel in parcels], self._carriers)
        standings = Standings.of(
            [
                standing_of(
                    parcel.progress,
                    parcel.shipment.ordered_at,
                    planned_on,
                    parcel.shipment.destination.country,
                    parcel.shipment.destination.time_zone,
                    parcel.peers,
                )
                for parcel, planned_on in zip(parcels, orders.dispatch_on.tolist(), strict=True)
            ]
        )
        assembled = assemble_landmarks(orders, standings, self._histories, HORIZON)
        # Nobody asks the model about parcels that it knows nothing of.
        known = np.array([evidence is not None for evidence in evidence_of(assembled)])
        rows = np.flatnonzero(known)
        by_model = iter(self._by_model([parcels[row] for row in rows.tolist()], assembled.take(rows)))
        by_order = iter(self._by_order([parcels[row] for row in np.flatnonzero(~known).tolist()]))
        return [next(by_model if is_known else by_order) for is_known in known]

    def _by_model(self, parcels: Sequence[Underway], assembled: AssembledLandmarks) -> list[Eta]:
        if not parcels:
            return []
        usual_by = assembled.usual_by(USUAL).tolist()
        told = zip(parcels, self._model.cdf(assembled, self._shift), usual_by, strict=True)
        return [_eta(*one) for one in told]

    def _by_order(self, parcels: Sequence[Underway]) -> list[Eta]:
        if not parcels:
            return []
        forecasts = self._at_order.forecast([parcel.shipment for parcel in parcels])
        return [conditioned_eta(*one) for one in zip(forecasts, parcels, strict=True)]


def _eta(parcel: Underway, cdf: np.ndarray, usual_by: int) -> Eta:
    now = DeliveryDistribution.from_cdf(parcel.today, cdf)
    return Eta(parcel.progress.as_of, parcel.progress.stage, now, "model", silence_of(now, day_of(usual_by)))


def _ended(parcel: Underway) -> Eta:
    progress, today = parcel.progress, parcel.today
    now = DeliveryDistribution(today, np.zeros(1))
    if progress.stage == "delivered" and progress.ended_at is not None:
        now = DeliveryDistribution.on(local_date(progress.ended_at, parcel.shipment.destination.time_zone))
    return Eta(progress.as_of, progress.stage, now, "model")
