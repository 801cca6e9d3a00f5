"""Making promises: answer a question, keep the answer, give it an id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from parcelcast.forecast import Forecast, Forecaster
from parcelcast.ids import ulid
from parcelcast.shipment import Shipment
from serving.bundles import Bundles, Loaded
from serving.clock import Clock
from serving.locale.negotiation import Language
from serving.promises.memory import Remembered
from serving.promises.planning import plan_options
from serving.promises.render import Circumstances, Json, instant_text, render
from serving.promises.requests import PromiseRequest
from serving.promises.resolve import resolve
from serving.promises.validity import valid_until
from serving.store import Answer, PromiseStore, splice

Entropy = Callable[[int], bytes]
Timer = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is not kept yet, how long it holds, and what it cost."""

    content: Json
    policy: str
    language: Language
    loaded: Loaded
    made_at: datetime
    valid_until: datetime | None
    model_ms: float


class Stopwatch:
    """A forecaster that adds up the time another one takes."""

    def __init__(self, forecaster: Forecaster, timer: Timer) -> None:
        self._forecaster = forecaster
        self._timer = timer
        self.milliseconds = 0.0

    def forecast(self, shipments: Sequence[Shipment]) -> list[Forecast]:
        """Forecast, and remember how long it took."""
        start = self._timer()
        try:
            return self._forecaster.forecast(shipments)
        finally:
            self.milliseconds += (self._timer() - start) * 1000


@dataclass(frozen=True)
class PromiseService:
    """Answers questions with the bundle in use and keeps every answer before it is given."""

    bundles: Bundles
    store: PromiseStore
    clock: Clock
    timer: Timer
    entropy: Entropy
    service_level: float
    calendar_version: str

    def answer(self, request: PromiseRequest, language: Language) -> Answered:
        """Answer a question as of now; InputError when it cannot be answered. Any thread may call it."""
        now = self.clock()
        loaded = self.bundles.current
        cart = resolve(request, loaded.bundle, now, self.service_level)
        until = valid_until(cart, now) if request.ordered_at is None else None
        forecaster = Stopwatch(loaded.bundle.forecaster, self.timer)
        plans = plan_options(cart, forecaster, loaded.bundle.shared_fate)
        content = render(cart, plans, Circumstances(loaded.bundle, self.calendar_version, language, until))
        policy = orjson.dumps(content["policy"]).decode()
        return Answered(content, policy, language, loaded, now, until, forecaster.milliseconds)

    def keep(self, answered: Answered, inputs: bytes) -> Remembered:
        """Keep an answer whose promise ids and instants are still to come."""
        rest = orjson.dumps(answered.content)[1:]
        return self._kept(answered, rest, inputs, spliced=True)

    def keep_whole(self, answered: Answered, body: bytes, inputs: bytes) -> Remembered:
        """Keep an answer that is given to everybody as it is."""
        return self._kept(answered, body, inputs, spliced=False)

    def give(self, kept: Remembered, key_id: str, now: datetime) -> tuple[str, bytes]:
        """Make one promise of a kept answer: keep it, then return its id and, for a spliced one, the whole body."""
        promise_id = ulid(now, self.entropy(10))
        as_of = instant_text(now) or ""
        self.store.keep_promise(promise_id, as_of, key_id, kept.answer_id)
        return promise_id, splice(promise_id, as_of, kept.body)

    def _kept(self, answered: Answered, body: bytes, inputs: bytes, *, spliced: bool) -> Remembered:
        answer = Answer(
            spliced=spliced,
            body=body,
            inputs=inputs,
            model_version=answered.loaded.bundle.version,
            calendar_version=self.calendar_version,
            policy=answered.policy,
            locale=answered.language.tag,
        )
        return Remembered(
            body=body,
            answer_id=self.store.keep_answer(answer),
            generation=answered.loaded.generation,
            made_at=answered.made_at,
            valid_until=answered.valid_until,
        )
