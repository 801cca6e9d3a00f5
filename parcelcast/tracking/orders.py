"""An order in several parcels: its status by theirs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parcelcast.progress import Progress

ORDER_STATUSES = (
    "ordered", "partly_dispatched", "dispatched", "partly_delivered", "delivered", "returned", "cancelled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderProgress:
    """``status`` is one of ORDER_STATUSES; parcels that were cancelled do not hold the others back.

    ``first_delivered_at`` and ``all_delivered_at`` are UTC; ``stages`` count the parcels by stage.
    """

    status: str
    first_delivered_at: datetime | None
    all_delivered_at: datetime | None
    stages: dict[str, int]


def order_progress(parcels: Sequence[Progress], *, more: bool = False) -> OrderProgress:
    """Tell the progress of an order by its parcels, each as of the same instant; without parcels it is only ordered.

    With `more` it has others, of which no more is known than that they are ordered.
    """
    going = [parcel for parcel in parcels if parcel.status != "cancelled"]
    arrived = sorted(parcel.ended_at for parcel in going if parcel.status == "delivered" and parcel.ended_at)
    complete = bool(arrived) and len(arrived) == len(going) and not more
    return OrderProgress(
        status=_status([parcel.status for parcel in going] + ["ordered"] * more, bool(parcels)),
        first_delivered_at=arrived[0] if arrived else None,
        all_delivered_at=arrived[-1] if complete else None,
        stages=dict(Counter(parcel.stage for parcel in parcels)),
    )


def _status(going: Sequence[str], any_parcels: bool) -> str:  # noqa: FBT001 - one caller, above
    if not going:
        return "cancelled" if any_parcels else "ordered"
    told = set(going)
    if len(told) == 1:
        return going[0]
    if "delivered" in told:
        return "partly_delivered"
    return "partly_dispatched" if "ordered" in told else "dispatched"
