"""Olist's orders as shipments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parcelcast.tables import SHIPMENTS, Column, Table
from pipelines.ingest.canonical import Ingested
from pipelines.ingest.dispatching import planned_dispatch_dates, plans_of
from pipelines.ingest.mapping import ColumnMapping, TableMapping
from pipelines.ingest.olist.export import COUNTRY, CUSTOMERS, MERCHANT, ORDERS, PAYMENTS, TIME_ZONE, read_export
from pipelines.ingest.olist.items import items_of, parcels_of
from pipelines.ingest.olist.sellers import UNKNOWN_ORIGIN, origins_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.ingest.evidence import Findings
    from pipelines.ingest.olist.export import OlistExport
    from pipelines.ingest.report import Report
    from pipelines.progress import Tell

# Olist's statuses in the canonical vocabulary; "unavailable" is an order that no seller could fulfil.
STATUSES = {
    "created": "ordered",
    "approved": "ordered",
    "processing": "ordered",
    "invoiced": "ordered",
    "shipped": "dispatched",
    "delivered": "delivered",
    "canceled": "cancelled",
    "unavailable": "cancelled",
}
LONGEST_LIMIT = 60  # working days; the export has limits of years, which are mistakes
_COLUMNS = {
    "shipment_id": ColumnMapping(column="order_id"),
    "order_id": ColumnMapping(column="order_id"),
    "merchant_id": ColumnMapping(constant=MERCHANT),
    "delivery_mode": ColumnMapping(constant="home"),
    "origin_country": ColumnMapping(constant=COUNTRY),
    "destination_country": ColumnMapping(constant=COUNTRY),
    "destination_postal_code": ColumnMapping(column="customer_zip_code_prefix"),
    "ordered_at": ColumnMapping(column="order_purchase_timestamp"),
    "ready_at": ColumnMapping(column="order_approved_at"),
    "dispatched_at": ColumnMapping(column="order_delivered_carrier_date"),
    "delivered_at": ColumnMapping(column="order_delivered_customer_date"),
    "promised_on": ColumnMapping(column="order_estimated_delivery_date"),
    "payment_method": ColumnMapping(column="payment_type"),
    "currency": ColumnMapping(constant="BRL"),
    "is_return": ColumnMapping(constant="false"),
    "status": ColumnMapping(column="order_status", codes=STATUSES),
}

_PAYMENTS = Table(
    "payments",
    ("order_id",),
    (
        Column("order_id", "string", required=False, unit="", description="the order"),
        Column("payment_method", "string", required=False, unit="", description="how"),
        Column("paid", "float", required=False, unit="currency", description="how much"),
    ),
)
_PAYMENT_COLUMNS = {
    "payment_method": ColumnMapping(column="payment_type"),
    "paid": ColumnMapping(column="payment_value"),
}


def read_olist(folder: Path, report: Report, critical_share: float, tell: Tell) -> Ingested:
    """Read an Olist export folder and return the frames shipments, origins and items in canonical columns.

    `items` holds one row per order line with its own weight and size (as exported, zeros included), so that
    validation can look behind the sums. A missing or broken file raises DataError.
    """
    export = read_export(folder, report, critical_share, tell)
    tell("joining orders, items, sellers and payments")
    items, item_findings = items_of(export)
    origins = origins_of(export)
    shipments, findings = _shipments(export, items, origins)
    report.rejected("shipments", findings)
    report.rejected("items", item_findings)
    kept = findings.kept(shipments).sort_values(["ordered_at", "shipment_id"], kind="stable", ignore_index=True)
    return Ingested(
        {"shipments": kept, "origins": origins, "items": item_findings.kept(items)},
        {"shipments": findings.evidence(shipments), "items": item_findings.evidence(items)},
    )


def _shipments(export: OlistExport, items: pd.DataFrame, origins: pd.DataFrame) -> tuple[pd.DataFrame, Findings]:
    orders = export.frames[ORDERS]
    customers = export.frames[CUSTOMERS].set_index("customer_id")["customer_zip_code_prefix"]
    raw = orders.assign(
        customer_zip_code_prefix=orders["customer_id"].map(customers).str.zfill(5),
        payment_type=orders["order_id"].map(_payment_methods(export)),
    )
    mapping = TableMapping("shipments", columns=_COLUMNS, time_zone=TIME_ZONE)
    shipments, findings = export.conformed(ORDERS, SHIPMENTS, mapping, raw)
    parcels = parcels_of(items)
    dispatch_by = shipments["shipment_id"].map(parcels.pop("dispatch_by"))
    for column in parcels:
        shipments[str(column)] = shipments["shipment_id"].map(parcels[column])
    shipments["handling_limit_days"] = _working_days(shipments["ready_at"].fillna(shipments["ordered_at"]), dispatch_by)
    # when Olist learned of an event is not in the export: it is taken as known at once
    for event in ("dispatched", "delivered"):
        shipments[f"{event}_recorded_at"] = shipments[f"{event}_at"]
    shipments["origin_id"] = shipments["origin_id"].fillna(UNKNOWN_ORIGIN)
    postal_codes = origins.set_index("origin_id")["postal_code"]
    shipments["origin_postal_code"] = shipments["origin_id"].map(postal_codes)
    shipments["planned_dispatch_on"] = planned_dispatch_dates(
        shipments["ordered_at"], shipments["origin_id"], plans_of(origins)
    )
    return shipments, findings


def _working_days(start: pd.Series, end: pd.Series) -> pd.Series:
    """Monday to Friday between the local dates of two instants; unknown where the answer cannot be a seller's limit.

    Olist sets the limit a whole number of days after the approval, and that number when the order is placed.
    """
    days = [moments.dt.tz_convert(TIME_ZONE).dt.date.to_numpy() for moments in (start, end)]
    known = (start.notna() & end.notna()).to_numpy()
    count = np.full(len(start), np.nan)
    count[known] = np.busday_count(*(day[known].astype("datetime64[D]") for day in days))
    return pd.Series(count, index=start.index).where(lambda days: days.between(0, LONGEST_LIMIT))


def _payment_methods(export: OlistExport) -> pd.Series:
    """Payment type with the largest sum per order (a boleto is paid days after the purchase)."""
    payments, findings = export.conformed(PAYMENTS, _PAYMENTS, TableMapping("payments", columns=_PAYMENT_COLUMNS))
    export.report.rejected("payments", findings)
    sums = payments.groupby(["order_id", "payment_method"])["paid"].sum().reset_index()
    largest = sums.sort_values(["order_id", "paid", "payment_method"], ascending=[True, False, True])
    methods: pd.Series = largest.drop_duplicates("order_id").set_index("order_id")["payment_method"]
    return methods
