"""What the shop itself knows of the handover to the carrier, as a report like those of the carrier."""

from datetime import datetime

from parcelcast.tracking.scan import Scan

SOURCE = "shop"


def handover_report(carrier: str, tracking_number: str, dispatched_at: datetime, recorded_at: datetime) -> Scan:
    """Return the report that a parcel was handed over at one instant, of which the shop learned at another (aware).

    It stands beside the carrier's own scans: some carriers tell of a parcel only days later, and some never.
    """
    return Scan(carrier, tracking_number, "handed_over", dispatched_at, recorded_at, raw_code=f"{SOURCE}:dispatched",
                source=SOURCE)  # fmt: skip
