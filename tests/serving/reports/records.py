"""Parcels as workers keep them, written by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from serving.stores.etas import StatementRow, write_statements
from serving.stores.parcels import NewParcel, register_parcels
from serving.worker.stated import Dates, Stated
from tests.serving.shop import Shop

THURSDAY = date(2026, 11, 26)
ORDERED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
_SAID = ("stage", "status")


class Records:
    """A shop's database, and what it reports."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._kept = 0

    def keep(self, came: int | None = None, **told: Any) -> str:
        """Keep a parcel promised for the Thursday that came so many days after, None: it is still on its way.

        What is told besides are facts, or what was said of it last.
        """
        self._kept += 1
        said = {"stage": "line_haul" if came is None else "delivered", "status": "dispatched"}
        said |= {name: told.pop(name) for name in _SAID if name in told}
        facts = {
            "shipment_id": f"p-{self._kept:03}",
            "order_id": "o-1",
            "ordered_at": ORDERED_AT,
            "destination_country": "DE",
            "carrier": "kranich",
            "service": "standard",
            "promised_on": THURSDAY,
            **told,
        }
        came_on = None if came is None else facts["promised_on"] + timedelta(days=came)
        dates = Dates(came_on, came_on, came_on) if said["stage"] == "delivered" else Dates()
        stated = Stated(as_of=ORDERED_AT, dates=dates, model_version="fake-1", arrived_on=came_on, **said)
        row = StatementRow(facts["shipment_id"], ORDERED_AT, stated.status, stated.stage, stated.to_json())
        with self.shop.services.database.writing() as connection:
            register_parcels(connection, [NewParcel(facts)], ORDERED_AT)
            write_statements(connection, [row])
        return row.shipment_id

    def report(self, name: str, **asked: Any) -> dict[str, Any]:
        """Ask for a report, of that Thursday unless told otherwise."""
        answer = self.shop.get(f"/v1/reports/{name}", params={"until": "2026-11-27", "days": 1, **asked})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def both_ways(self, name: str, parcels: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Report the same parcels, which were written, and are ordered by id, in one order and in the other."""
        reports = []
        for merchant, ordered in (("forth", parcels), ("back", parcels[::-1])):
            for parcel in ordered:
                self.keep(**parcel, merchant_id=merchant)
            reports.append(self.report(name, merchant_id=merchant))
            assert reports[-1].pop("merchant_id") == merchant
        return reports
