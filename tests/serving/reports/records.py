"""Parcels as workers keep them, written by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from serving.stores.etas import DatesRow, StatementRow, write_dates, write_statements
from serving.stores.parcels import NewParcel, register_parcels
from serving.worker.stated import Dates, Stated
from tests.serving.shop import Shop
from tests.serving.worker.depot import berlin

THURSDAY = date(2026, 11, 26)
ORDERED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
_SAID = ("stage", "status")


class Records:
    """A shop's database, and what it reports."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._kept = 0

    def keep(self, came: int | None = None, *, stated: Sequence[dict[str, Any]] = (), **told: Any) -> str:
        """Keep a parcel promised for the Thursday that came so many days after, None: it is still on its way.

        `stated` is its history of dates, `waited` how many days it lay at a pickup point; what is told besides are
        facts, or what was said of it last.
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
        waited = timedelta(days=facts.pop("waited", 0))
        came_on = None if came is None else facts["promised_on"] + timedelta(days=came)
        had_on = came_on + waited if came_on is not None and said["stage"] == "delivered" else None
        last = Stated(ORDERED_AT, dates=Dates(had_on), model_version="fake-1", arrived_on=came_on, **said)
        row = StatementRow(facts["shipment_id"], ORDERED_AT, last.status, last.stage, last.to_json())
        with self.shop.services.database.writing() as connection:
            register_parcels(connection, [NewParcel(facts)], ORDERED_AT)
            write_statements(connection, [row])
            write_dates(connection, [_dates(row.shipment_id, number, **one) for number, one in enumerate(stated, 1)])
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


def _dates(
    shipment_id: str,
    number: int,
    at: str = "2026-11-25 12:00",
    risk: float | None = 0.1,
    basis: str | None = "model",
    stage: str = "line_haul",
    earliest: int | None = 25,
    latest: int | None = 27,
    **changes: Any,
) -> DatesRow:
    """Dates of November that were stated at a time in Berlin."""
    first, last = (None if day is None else date(2026, 11, day) for day in (earliest, latest))
    said = Stated(berlin(at), "dispatched", stage, Dates(basis=basis), "fake-1", delay_risk=risk)
    told = {"likely_on": None, "promised_on": THURSDAY, "reasons": "{}", "model_version": "fake-1", **changes}
    return DatesRow(
        shipment_id, number, said.as_of, said.stage, earliest_on=first, latest_on=last, delay_risk=risk,
        eta=said.to_json(), **told,
    )  # fmt: skip
