"""The files of the Olist export: which there are, and their columns as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from parcelcast.errors import DataError
from pipelines.ingest.conforming import Conformer, refuse_repeated
from pipelines.ingest.reading import find_file, read_frame

if TYPE_CHECKING:
    from pathlib import Path

    from parcelcast.tables import Table
    from pipelines.ingest.evidence import Findings
    from pipelines.ingest.mapping import TableMapping
    from pipelines.ingest.report import Report
    from pipelines.progress import Tell

TIME_ZONE = "America/Sao_Paulo"
COUNTRY = "BR"
MERCHANT = "olist"
TEXT = pd.StringDtype("pyarrow")

ORDERS = "olist_orders_dataset"
LINES = "olist_order_items_dataset"
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
    LINES: (
        "order_id",
        "order_item_id",
        "product_id",
        "seller_id",
        "shipping_limit_date",
        "price",
        "freight_value",
    ),
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
KEYS = {
    ORDERS: ["order_id"],
    LINES: ["order_id", "order_item_id"],
    PRODUCTS: ["product_id"],
    SELLERS: ["seller_id"],
    CUSTOMERS: ["customer_id"],
    CATEGORIES: ["product_category_name"],
}


@dataclass(frozen=True, slots=True)
class OlistExport:
    """The files as frames of text, by name, and what is needed to tell about them."""

    paths: dict[str, Path]
    frames: dict[str, pd.DataFrame]
    report: Report
    critical_share: float

    def conformed(
        self, file: str, table: Table, mapping: TableMapping, raw: pd.DataFrame | None = None
    ) -> tuple[pd.DataFrame, Findings]:
        """Return a file (or `raw`, the file with columns joined to it) as a canonical table, and its findings."""
        conformer = Conformer(table, mapping, self.paths[file], self.report, self.critical_share)
        return conformer.conform(self.frames[file] if raw is None else raw)


def read_export(folder: Path, report: Report, critical_share: float, tell: Tell) -> OlistExport:
    """Read all files; one that is absent or broken, or repeats its ids, raises DataError."""
    export = OlistExport({}, {}, report, critical_share)
    for name, columns in FILES.items():
        path = find_file(folder, name)
        if path is None:
            raise DataError(
                "no such file",
                file=str(folder / f"{name}.csv"),
                remedy=f"unpack the whole Olist export into the folder ({', '.join(FILES)}; .csv or .csv.gz)",
            )
        tell(f"reading {path.name}")
        frame, _ = read_frame(path, columns)
        report.read(path.name, len(frame))
        if name in KEYS:
            refuse_repeated(frame, KEYS[name], path)
        export.paths[name], export.frames[name] = path, frame
    return export
