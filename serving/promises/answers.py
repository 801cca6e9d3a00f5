"""What a shop gets: the body of a promise answer. Dates are local to the destination unless a field says otherwise."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.store import StoredPromise


class Said(BaseModel):
    """Base of all answer parts: closed, so that a test can hold the bytes against the documented schema."""

    model_config = ConfigDict(extra="forbid")


class EvidenceAnswer(Said):
    """What the forecast rests on."""

    level: str = Field(description="how near the history is: lane, region, country, carrier, all or none")
    parcels: float = Field(description="how many parcels of history")


class ReasonAnswer(Said):
    """Days of the promise that one cause takes; those of all causes add up to `promised` minus `ordered_on`."""

    kind: Literal["warehouse", "transit", "closed_days", "safety"]
    days: int
    text: str


class Dates(Said):
    """The promise of one parcel, or of the whole order with one option."""

    order_by: datetime = Field(description="cut-off (UTC) until which an order still leaves on that day")
    dispatch_on: date = Field(description="local to the origin")
    earliest: date | None = Field(description="reached with 5 %")
    likely: date | None = Field(description="reached with 50 %")
    promised: date | None = Field(description="by the policy; null when no date within the horizon can be promised")
    confidence: float | None = Field(description="probability of a delivery by `promised`")
    percentiles: dict[str, date | None]
    on_time_probability: float | None = Field(description="probability of a delivery by `deliver_by`")
    basis: Literal["model", "lane_history", "carrier_quote", "policy"]
    evidence: EvidenceAnswer
    reasons: list[ReasonAnswer]


class ParcelAnswer(Dates):
    """One parcel of the order."""

    origin: str
    items: list[str]
    handling_days: int


class Joint(Said):
    """A day of the order as a whole."""

    promised: date | None
    likely: date | None
    confidence: float | None


class Alternative(Said):
    """What another way of splitting would change."""

    plan: Literal["auto", "together", "split"]
    parcels: int
    first_by: date | None
    all_by: date | None
    first_by_days: int | None = Field(description="difference to the plan answered; negative is earlier")
    all_by_days: int | None = Field(description="difference to the plan answered; negative is earlier")


class Dependence(Said):
    """How parcels hang together: those of a group share origin, carrier and dispatch day."""

    shared_fate: float = Field(description="0: independent; 1: the same fate. Estimated with the model")
    groups: list[list[int]] = Field(description="numbers of the parcels that share fate; groups are independent")


class OrderAnswer(Said):
    """The order with one option: when the first parcel comes, when the last, and what splitting would change."""

    parcels: int
    plan: Literal["auto", "together", "split"]
    search: Literal["exact", "bounded"] = Field(
        description="exact: by the forecasts per origin, no other assignment of items brings everything earlier"
    )
    first_by: Joint
    all_by: Joint
    dependence: Dependence
    alternatives: list[Alternative]


class OriginRank(Said):
    """A candidate origin, best first; judged as if it sent all lines that it could send after this handling."""

    rank: int
    origin: str
    handling_days: int
    dispatch_on: date
    order_by: datetime
    likely: date | None
    promised: date | None
    confidence: float | None
    distance_km: float | None
    lines: int = Field(description="how many lines it could send")
    chosen: bool


class Distribution(Said):
    """Probability that everything has come by the end of `anchor` + k days; cut where nothing more happens."""

    anchor: date
    cdf: list[float]


class OptionAnswer(Dates):
    """The promise for one way of shipping; its dates are those by which the whole order has come."""

    carrier: str | None
    service: str | None
    text: str
    countdown_text: str | None = Field(description="`{countdown}` is to be replaced by the time left until `order_by`")
    distribution: Distribution
    order: OrderAnswer
    parcels: list[ParcelAnswer]
    origins: list[OriginRank]


class DestinationAnswer(Said):
    """How the destination was understood."""

    country: str
    region: str | None
    time_zone: str
    precision: Literal["postal", "prefix", "city", "country", "unknown"]


class ModelAnswer(Said):
    """Which model and calendar answered."""

    version: str
    as_of: datetime | None
    calendar: str


class PolicyAnswer(Said):
    """The policy that turned distributions into dates."""

    service_level: float | None
    cost_per_day: float | None
    cost_of_lateness: float | None


class NoteAnswer(Said):
    """Something that had to be assumed."""

    code: str
    detail: str


class PromiseAnswer(Said):
    """The promise, as it is stored and shown again under its id."""

    promise_id: str
    as_of: datetime
    valid_until: datetime | None = Field(
        description="the same question has the same answer until then (next cut-off or local hour); null: for ever, as "
        "the request named its `ordered_at`"
    )
    ordered_on: date
    deliver_by: date | None
    locale: str
    destination: DestinationAnswer
    model: ModelAnswer
    policy: PolicyAnswer
    options: list[OptionAnswer]
    notes: list[NoteAnswer]


class PromiseRecord(Said):
    """What a promise was made from, beside the answer itself."""

    promise_id: str
    as_of: datetime
    key_id: str = Field(description="public id of the API key that asked")
    inputs: str = Field(description="the question as it was asked: the request's body or query string")
    model_version: str
    calendar_version: str
    policy: PolicyAnswer
    locale: str

    @classmethod
    def of(cls, stored: StoredPromise) -> "PromiseRecord":
        """Return the record of a stored promise."""
        return cls(
            promise_id=stored.promise_id,
            as_of=datetime.fromisoformat(stored.as_of),
            key_id=stored.key_id,
            inputs=stored.answer.inputs.decode(errors="replace"),
            model_version=stored.answer.model_version,
            calendar_version=stored.answer.calendar_version,
            policy=PolicyAnswer.model_validate_json(stored.answer.policy),
            locale=stored.answer.locale,
        )
