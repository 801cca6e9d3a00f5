"""Parcels of the trial: each tells a story by its scans, at whose end it is known which alerts must stand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from parcelcast.tracking.scan import Scan

CARRIER = "kranich"
_WAY = ("handed_over", "hub_arrival", "hub_departure", "destination_depot", "out_for_delivery", "delivery_attempted")
# How stories end, and the alerts that are open then. All are later than promised.
_LATE = frozenset({"delay.confirmed"})
ENDINGS: dict[tuple[str, ...], frozenset[str]] = {
    (): _LATE | {"delivery.attempt_failed"},
    ("delivery_attempted",): _LATE | {"delivery.attempt_failed", "return.risk"},
    ("return_started",): frozenset({"return.started"}),
    ("delivered",): frozenset(),
}
_STEP = timedelta(minutes=130)  # attempts that are nearer are one
_SCATTER_S = 600


@dataclass(frozen=True)
class Story:
    """A parcel, its scans in order, and the types of the alerts that must be open after the last one."""

    shipment_id: str
    parcel: dict[str, Any]
    scans: tuple[dict[str, Any], ...]
    open_alerts: frozenset[str]

    def scan_id(self, row: dict[str, Any]) -> str:
        """Return the identity that a row must have in the database."""
        at = datetime.fromisoformat(row["occurred_at"])
        return Scan(row["carrier"], row["tracking_number"], row["code"], at, at).scan_id


def story(number: str, random: Random, now: datetime) -> Story:
    """Make up a parcel that was ordered a week ago, promised for days ago, and moves in these hours."""
    ending = random.choice(list(ENDINGS))
    codes = (*_WAY, *ending)
    begin = now - _STEP * (len(codes) + 1)
    scans = tuple(
        {
            "carrier": CARRIER,
            "tracking_number": f"N{number}",
            "code": code,
            "occurred_at": (begin + _STEP * place + timedelta(seconds=random.randrange(_SCATTER_S))).isoformat(),
        }
        for place, code in enumerate(codes)
    )
    shipment_id = f"S{number}"
    parcel = {
        "shipment_id": shipment_id,
        "order_id": f"O{number}",
        "carrier": CARRIER,
        "destination": {"country": "DE", "postal_code": "80331"},
        "ordered_at": (now - timedelta(days=7)).astimezone(UTC).isoformat(),
        "promised_on": (now - timedelta(days=3)).date().isoformat(),
        "tracking_numbers": [{"tracking_number": f"N{number}"}],
    }
    return Story(shipment_id, parcel, scans, ENDINGS[ending])
