"""How long the model itself thinks about a question that nobody asked before."""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

from parcelcast.shipment import Shipment
from serving.bench.questions import Questions
from serving.bundle_sources import ServingBundle
from serving.promises.requests import PromiseRequest
from serving.promises.resolve import resolve

ASKED = 300
_WARM_UP = 20


@dataclass(frozen=True)
class ModelTime:
    """Milliseconds of one forecast of one parcel."""

    p50: float
    p99: float


def model_time(bundle: ServingBundle, questions: Questions) -> ModelTime:
    """Measure the forecaster alone, in this process, one unseen parcel at a time."""
    shipments = [_shipment(body, bundle) for body in questions.unseen(ASKED + _WARM_UP, round_number=0)]
    times = []
    for shipment in shipments:
        start = perf_counter()
        bundle.forecaster.forecast([shipment])
        times.append((perf_counter() - start) * 1000)
    ordered = sorted(times[_WARM_UP:])
    return ModelTime(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)])


def _shipment(body: bytes, bundle: ServingBundle) -> Shipment:
    cart = resolve(PromiseRequest.model_validate_json(body), bundle, datetime.now(UTC), 0.9)
    return cart.shipment(cart.parcel_of(next(iter(cart.origins)), [0]), cart.options[0])
