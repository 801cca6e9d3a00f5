"""Parcels as workers keep them, written by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from parcelcast.alerts import Incident
from serving.stores.alerts import StoredIncident, write_incidents
from serving.stores.etas import DatesRow, StatementRow, write_dates, write_statements
from serving.stores.parcels import NewParcel, register_parcels
from serving.worker.stated import Dates, Stated
from tests.serving.shop import Shop
from tests.serving.worker.depot import berlin

THURSDAY = date(2026, 11, 26)
ORDERED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Records:
    """A shop's database, and what it reports."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._kept = 0

    def keep(
        self,
        came: int | None = None,
        *,
        waited: int = 0,
        travelled: int | None = None,
        stage: str | None = None,
        status: str = "dispatched",
        attempts: int | None = None,
        stated: Sequence[dict[str, Any]] = (),
        stalls: Sequence[str] = (),
        **facts: Any,
    ) -> str:
        """Keep a parcel promised for the Thursday that came so many days after; None: it has not come.

        It took `travelled` days, `waited` more at a pickup point, and has a history of dates (`stated`) and `stalls`.
        """
        self._kept += 1
        name = f"p-{self._kept:03}"
        parcel = {
            "shipment_id": name,
            "order_id": "o-1",
            "ordered_at": ORDERED_AT,
            "destination_country": "DE",
            "carrier": "kranich",
            "service": "standard",
            "promised_on": THURSDAY,
            **facts,
        }
        stage = stage or ("line_haul" if came is None else "delivered")
        came_on = None if came is None else _later(parcel["promised_on"], came)
        left_on = None if came_on is None or travelled is None else _later(came_on, -travelled)
        dates = Dates(_later(came_on, waited) if came_on is not None and stage == "delivered" else None)
        last = Stated(
            ORDERED_AT, status, stage, dates, "fake-1", arrived_on=came_on, dispatched_on=left_on, attempts=attempts
        )
        with self.shop.services.database.writing() as connection:
            register_parcels(connection, [NewParcel(parcel)], ORDERED_AT)
            write_statements(connection, [StatementRow(name, ORDERED_AT, status, stage, last.to_json())])
            write_dates(connection, [_dates(name, number, **one) for number, one in enumerate(stated, 1)])
            write_incidents(connection, [_stall(name, number, type_) for number, type_ in enumerate(stalls, 1)])
        return name

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


def _later(day: date, days: int) -> date:
    return day + timedelta(days=days)


def _dates(
    shipment_id: str,
    number: int,
    at: str = "2026-11-25 12:00",
    risk: float | None = 0.1,
    basis: str | None = "model",
    stage: str = "line_haul",
    earliest: int | None = 25,
    latest: int | None = 27,
    promised_on: date | None = THURSDAY,
) -> DatesRow:
    """Dates of November that were stated at a time in Berlin."""
    first, last = (None if day is None else date(2026, 11, day) for day in (earliest, latest))
    said = Stated(berlin(at), "dispatched", stage, Dates(basis=basis), "fake-1", delay_risk=risk)
    return DatesRow(
        shipment_id, number, said.as_of, stage, None, first, last, promised_on, risk, "{}", said.to_json(), "fake-1"
    )


def _stall(shipment_id: str, number: int, type_: str) -> StoredIncident:
    """An incident that is over."""
    incident = Incident(shipment_id, "stall", number, type_, ORDERED_AT, ORDERED_AT, "closed", outcome="moved")
    return StoredIncident(f"{shipment_id}/{number}", "default", incident)
