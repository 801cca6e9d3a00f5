"""Olist's order lines with their products, and what they add up to per order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parcelcast.tables import Column, Table
from pipelines.ingest.mapping import ColumnMapping, TableMapping
from pipelines.ingest.olist.export import CATEGORIES, LINES, PRODUCTS, TEXT, TIME_ZONE
from pipelines.ingest.storage import ITEMS

if TYPE_CHECKING:
    from pipelines.ingest.evidence import Findings
    from pipelines.ingest.olist.export import OlistExport

SIDES = ["length_mm", "width_mm", "height_mm"]
_GOODS = Table(
    "products",
    ("product_id",),
    tuple(Column(name, ITEMS[name].dtype, name == "product_id", ITEMS[name].unit, "") for name in ITEMS.column_names),
)
_PRODUCT_COLUMNS = {
    "weight_g": ColumnMapping(column="product_weight_g"),
    "length_mm": ColumnMapping(column="product_length_cm", unit="cm"),
    "width_mm": ColumnMapping(column="product_width_cm", unit="cm"),
    "height_mm": ColumnMapping(column="product_height_cm", unit="cm"),
    "item_category": ColumnMapping(column="product_category_name"),
}
_LINE_COLUMNS = {
    "shipment_id": ColumnMapping(column="order_id"),
    "line": ColumnMapping(column="order_item_id"),
    "origin_id": ColumnMapping(column="seller_id"),
    "freight_cost": ColumnMapping(column="freight_value"),
    "dispatch_by": ColumnMapping(column="shipping_limit_date"),
}


def items_of(export: OlistExport) -> tuple[pd.DataFrame, Findings]:
    """Return one row per order line with weight as exported and sides sorted, longest first; and the findings.

    What could not be read of a product is noted at each line that sells it.
    """
    goods, product_findings = export.conformed(PRODUCTS, _GOODS, TableMapping("products", columns=_PRODUCT_COLUMNS))
    goods[SIDES] = -np.sort(-goods[SIDES].to_numpy(), axis=1)  # a missing side sorts last
    goods["item_category"] = _in_english(export, goods["item_category"])
    items, findings = export.conformed(LINES, ITEMS, TableMapping("items", columns=_LINE_COLUMNS, time_zone=TIME_ZONE))
    product = pd.Series(goods.index, index=goods["product_id"])
    row_of_product = items["product_id"].map(product)
    for column in _PRODUCT_COLUMNS:
        items[column] = goods[column].reindex(row_of_product).set_axis(items.index)
    for row, reasons in product_findings.reasons.items():
        for reason in reasons:
            findings.repair(np.flatnonzero(row_of_product == row), reason)
    return items, findings


def _in_english(export: OlistExport, portuguese: pd.Series) -> pd.Series:
    """Translate categories; one without translation keeps its Portuguese name."""
    names = export.frames[CATEGORIES]
    english = names.set_index("product_category_name")["product_category_name_english"]
    return portuguese.map(english).astype(TEXT).fillna(portuguese)


def parcels_of(items: pd.DataFrame) -> pd.DataFrame:
    """Return one row per order (index): sums, largest sides, last limit of its lines; seller, category of the main one.

    The seller is the one with the largest freight (then weight); the category is that of its line with the largest
    freight. A line whose weight is unknown or zero makes the weight of the whole parcel unknown.
    """
    weighed = items.assign(weight_g=items["weight_g"].where(items["weight_g"] > 0))
    parcels = weighed.groupby("shipment_id").agg(
        length_mm=("length_mm", "max"),
        width_mm=("width_mm", "max"),
        height_mm=("height_mm", "max"),
        item_count=("line", "size"),
        order_value=("price", "sum"),
        freight_cost=("freight_cost", "sum"),
        weight_g=("weight_g", "sum"),
        dispatch_by=("dispatch_by", "max"),
        weighed=("weight_g", "count"),
    )
    parcels["weight_g"] = parcels["weight_g"].where(parcels["weighed"] == parcels["item_count"])
    return parcels.drop(columns="weighed").join(_main_lines(weighed))


def _main_lines(items: pd.DataFrame) -> pd.DataFrame:
    by_seller = items.groupby(["shipment_id", "origin_id"])
    lines = items.assign(
        seller_freight=by_seller["freight_cost"].transform("sum"), seller_weight=by_seller["weight_g"].transform("sum")
    )
    order = ["shipment_id", "seller_freight", "seller_weight", "origin_id", "freight_cost", "line"]
    lines = lines.sort_values(order, ascending=[True, False, False, True, False, True])
    return lines.drop_duplicates("shipment_id").set_index("shipment_id")[["origin_id", "item_category"]]
