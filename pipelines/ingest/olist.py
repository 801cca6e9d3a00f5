"""The Olist export (Brazilian marketplace, order-level dates) as canonical tables: one shipment per order.

Olist names no carrier and has no hub scans. Times are local to São Paulo without an offset, whoever the seller is. An
order of several sellers counts as one parcel from the seller with the largest freight, because its only delivery time
is that of the whole order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parcelcast.calendar import WorkingCalendar
from parcelcast.errors import DataError
from pipelines.ingest import reading
from pipelines.ingest.dispatching import planned_dispatch_dates, plans_of
from pipelines.ingest.instants import clock_change_rows, local_to_utc
from pipelines.ingest.values import parse_numbers, shown

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.ingest.report import Report
    from pipelines.progress import Tell

TIME_ZONE = "America/Sao_Paulo"
COUNTRY = "BR"
MERCHANT = "olist"
UNKNOWN_ORIGIN = "unknown"  # the seller of an order that was cancelled before it had items
UNKNOWN_STATE = "SP"  # where most sellers are
TEXT = pd.StringDtype("pyarrow")
# Sellers' cut-offs are not in the data; a weekday afternoon is what the handover times look like.
SELLER_WEEKDAYS = frozenset(range(5))

ORDERS = "olist_orders_dataset"
ITEMS = "olist_order_items_dataset"
PAYMENTS = "olist_order_payments_dataset"
PRODUCTS = "olist_products_dataset"
SELLERS = "olist_sellers_dataset"
CUSTOMERS = "olist_customers_dataset"
CATEGORIES = "product_category_name_translation"

FILES: dict[str, tuple[str, ...]] = {
    ORDERS: (
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    ITEMS: ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
    PAYMENTS: ("order_id", "payment_type", "payment_value"),
    PRODUCTS: (
        "product_id",
        "product_category_name",
        "product_weight_g",
        "product_length_cm",
        "product_height_cm",
        "product_width_cm",
    ),
    SELLERS: ("seller_id", "seller_zip_code_prefix", "seller_state"),
    CUSTOMERS: ("customer_id", "customer_zip_code_prefix"),
    CATEGORIES: ("product_category_name", "product_category_name_english"),
}

KEYS = {ORDERS: "order_id", PRODUCTS: "product_id", SELLERS: "seller_id", CUSTOMERS: "customer_id"}

TIMES = {
    "ordered_at": "order_purchase_timestamp",
    "ready_at": "order_approved_at",
    "dispatched_at": "order_delivered_carrier_date",
    "delivered_at": "order_delivered_customer_date",
}

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

# The states that do not keep São Paulo's clock.
STATE_TIME_ZONES = {
    "AC": "America/Rio_Branco",
    "AM": "America/Manaus",
    "RO": "America/Porto_Velho",
    "RR": "America/Boa_Vista",
    "MT": "America/Cuiaba",
    "MS": "America/Campo_Grande",
    "PA": "America/Belem",
    "AP": "America/Belem",
    "TO": "America/Araguaina",
    "MA": "America/Fortaleza",
    "PI": "America/Fortaleza",
    "CE": "America/Fortaleza",
    "RN": "America/Fortaleza",
    "PB": "America/Fortaleza",
    "PE": "America/Recife",
    "AL": "America/Maceio",
    "SE": "America/Maceio",
    "BA": "America/Bahia",
}


def read_olist(folder: Path, report: Report, progress: Tell) -> dict[str, pd.DataFrame]:
    """Read an Olist export folder and return the frames shipments, origins and items in canonical columns.

    `items` holds one row per order line with its own weight and size (as exported, zeros included), so that
    validation can look behind the sums. A missing or broken file raises DataError.
    """
    export = _read_files(folder, report, progress)
    progress("joining orders, items, sellers and payments")
    items = _items(export)
    origins = _origins(export)
    shipments = _shipments(export, items, origins, report)
    return {"shipments": shipments, "origins": origins, "items": items}


@dataclass(frozen=True, slots=True)
class OlistExport:
    """The files of the export as frames of text, by file name."""

    folder: Path
    frames: dict[str, pd.DataFrame]

    def numbers(self, file: str, column: str) -> pd.Series:
        """Return a column as float64; text that is no number stops with DataError."""
        text = self.frames[file][column]
        values, bad = parse_numbers(text)
        self.refuse(file, text, bad, "no numbers", "fetch the original export again")
        return values

    def local_times(self, column: str) -> pd.Series:
        """Return a column of the orders as naive local times (datetime64[us]); unreadable text stops with DataError."""
        text = self.frames[ORDERS][column]
        values = pd.to_datetime(text.astype(object), format="%Y-%m-%d %H:%M:%S", errors="coerce")
        bad = text.notna() & values.isna()
        self.refuse(ORDERS, text, bad, "no times such as 2018-03-27 18:00:43", "fetch the original export again")
        return values.astype("datetime64[us]")

    def refuse(self, file: str, column: pd.Series, bad: pd.Series, problem: str, remedy: str) -> None:
        """Stop with DataError when any value of the column is bad."""
        if bad.any():
            raise DataError(
                f"{int(bad.sum()):,} values are {problem} ({shown(column, bad)})",
                file=str(reading.find_file(self.folder, file)),
                column=str(column.name),
                remedy=remedy,
            )


def _read_files(folder: Path, report: Report, progress: Tell) -> OlistExport:
    frames = {}
    for name, columns in FILES.items():
        path = reading.find_file(folder, name)
        if path is None:
            raise DataError(
                "no such file",
                file=str(folder / f"{name}.csv"),
                remedy=f"unpack the whole Olist export into the folder ({', '.join(FILES)}; .csv or .csv.gz)",
            )
        progress(f"reading {path.name}")
        frames[name], _ = reading.read_frame(path, columns)
        report.read(path.name, len(frames[name]))
    export = OlistExport(folder, frames)
    for name, key in KEYS.items():
        repeated = frames[name][key].duplicated(keep=False)
        export.refuse(name, frames[name][key], repeated, "repeated ids", "export each row once")
    return export


def _items(export: OlistExport) -> pd.DataFrame:
    """One row per order line; sides sorted so that length is the longest, cm told in mm."""
    lines = export.frames[ITEMS]
    products = export.frames[PRODUCTS]
    sides = [export.numbers(PRODUCTS, f"product_{side}_cm") * 10 for side in ("length", "width", "height")]
    sorted_sides = -np.sort(-np.column_stack(sides), axis=1)  # a missing side sorts last
    goods = pd.DataFrame(
        {"product_id": products["product_id"], "weight_g": export.numbers(PRODUCTS, "product_weight_g")}
    )
    goods[["length_mm", "width_mm", "height_mm"]] = sorted_sides
    goods["item_category"] = _categories(export)
    items = pd.DataFrame(
        {
            "shipment_id": lines["order_id"],
            "line": export.numbers(ITEMS, "order_item_id").astype("Int64"),
            "product_id": lines["product_id"],
            "origin_id": lines["seller_id"],
            "price": export.numbers(ITEMS, "price"),
            "freight_cost": export.numbers(ITEMS, "freight_value"),
        }
    )
    return items.merge(goods, on="product_id", how="left")


def _categories(export: OlistExport) -> pd.Series:
    """English category of every product; a category without translation keeps its Portuguese name."""
    names = export.frames[CATEGORIES]
    english = names.set_index("product_category_name")["product_category_name_english"]
    portuguese = export.frames[PRODUCTS]["product_category_name"]
    return portuguese.map(english).astype(TEXT).fillna(portuguese)


def _origins(export: OlistExport) -> pd.DataFrame:
    """One row per seller with its calendar: weekdays, the default cut-off, holidays of its state."""
    sellers = export.frames[SELLERS]
    unknown = pd.DataFrame({"seller_id": [UNKNOWN_ORIGIN], "seller_state": [UNKNOWN_STATE]}, dtype=TEXT)
    sellers = pd.concat([sellers, unknown], ignore_index=True)
    calendars = {str(state): _calendar(str(state)) for state in sellers["seller_state"].unique()}
    return pd.DataFrame(
        {
            "origin_id": sellers["seller_id"],
            "merchant_id": MERCHANT,
            "country": COUNTRY,
            # a spreadsheet once dropped the leading zeros of São Paulo's sellers
            "postal_code": sellers["seller_zip_code_prefix"].str.zfill(5),
            "calendar": sellers["seller_state"].astype(object).map(calendars),
            "handling_days": 0,
        }
    )


def _calendar(state: str) -> str:
    time_zone = STATE_TIME_ZONES.get(state, TIME_ZONE)
    calendar = WorkingCalendar(time_zone, SELLER_WEEKDAYS, holiday_country=COUNTRY, holiday_region=state)
    return json.dumps(calendar.to_dict(), sort_keys=True)


def _shipments(export: OlistExport, items: pd.DataFrame, origins: pd.DataFrame, report: Report) -> pd.DataFrame:
    orders = export.frames[ORDERS]
    customers = export.frames[CUSTOMERS].set_index("customer_id")["customer_zip_code_prefix"]
    times = {name: export.local_times(column) for name, column in TIMES.items()}
    for name, local in times.items():
        report.clock_changes(name, clock_change_rows(local, TIME_ZONE))
    promised = export.local_times("order_estimated_delivery_date")
    shipments = pd.DataFrame(
        {
            "shipment_id": orders["order_id"],
            "order_id": orders["order_id"],
            "merchant_id": MERCHANT,
            "delivery_mode": "home",
            "destination_country": COUNTRY,
            "destination_postal_code": orders["customer_id"].map(customers).str.zfill(5),
            **{name: local_to_utc(local, TIME_ZONE) for name, local in times.items()},
            "promised_on": promised,
            "quoted_transit_days": (promised - times["ordered_at"].dt.normalize()).dt.days.astype("float64"),
            "currency": "BRL",
            "payment_method": orders["order_id"].map(_payment_methods(export)),
            "is_return": False,
            "status": orders["order_status"].astype(object).map(STATUSES),
        }
    )
    report.codes("shipments", "status", orders["order_status"], known=orders["order_status"].isin(list(STATUSES)))
    # when Olist learned of an event is not in the export: it is taken as known at once
    for event in ("dispatched", "delivered"):
        shipments[f"{event}_recorded_at"] = shipments[f"{event}_at"]
    shipments = shipments.merge(_parcels(items), on="shipment_id", how="left")
    return _with_origin(shipments, origins)


def _with_origin(shipments: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Add the origin's place and the planned dispatch."""
    known = origins.set_index("origin_id")
    shipments["origin_id"] = shipments["origin_id"].fillna(UNKNOWN_ORIGIN)
    shipments["origin_country"] = COUNTRY
    shipments["origin_postal_code"] = shipments["origin_id"].map(known["postal_code"])
    shipments["planned_dispatch_on"] = planned_dispatch_dates(
        shipments["ordered_at"], shipments["origin_id"], plans_of(origins)
    )
    return shipments.sort_values(["ordered_at", "shipment_id"], kind="stable", ignore_index=True)


def _payment_methods(export: OlistExport) -> pd.Series:
    """Payment type with the largest sum per order (a boleto is paid days after the purchase)."""
    payments = export.frames[PAYMENTS].assign(value=export.numbers(PAYMENTS, "payment_value"))
    sums = payments.groupby(["order_id", "payment_type"])["value"].sum().reset_index()
    largest = sums.sort_values(["order_id", "value", "payment_type"], ascending=[True, False, True])
    methods: pd.Series = largest.drop_duplicates("order_id").set_index("order_id")["payment_type"]
    return methods


def _parcels(items: pd.DataFrame) -> pd.DataFrame:
    """One row per order: sums and largest sides over its lines, seller and category of the line that dominates.

    The seller is the one with the largest freight (then weight); the category is that of its line with the largest
    freight. A line whose weight is unknown or zero makes the weight of the whole parcel unknown.
    """
    weighed = items.assign(weight_g=items["weight_g"].where(items["weight_g"] > 0))
    by_order = weighed.groupby("shipment_id")
    parcels = by_order.agg(
        length_mm=("length_mm", "max"),
        width_mm=("width_mm", "max"),
        height_mm=("height_mm", "max"),
        item_count=("line", "size"),
        order_value=("price", "sum"),
        freight_cost=("freight_cost", "sum"),
        weight_g=("weight_g", "sum"),
        weighed=("weight_g", "count"),
    )
    parcels["weight_g"] = parcels["weight_g"].where(parcels["weighed"] == parcels["item_count"])
    by_seller = weighed.groupby(["shipment_id", "origin_id"])
    lines = weighed.assign(
        seller_freight=by_seller["freight_cost"].transform("sum"), seller_weight=by_seller["weight_g"].transform("sum")
    )
    order = ["shipment_id", "seller_freight", "seller_weight", "origin_id", "freight_cost", "line"]
    lines = lines.sort_values(order, ascending=[True, False, False, True, False, True])
    dominant = lines.drop_duplicates("shipment_id").set_index("shipment_id")[["origin_id", "item_category"]]
    return parcels.drop(columns="weighed").join(dominant).reset_index()
