"""The Olist export (Brazilian marketplace, order-level dates) as canonical tables: one shipment per order.

Olist names no carrier and has no hub scans. Times are local to São Paulo without an offset, whoever the seller is. An
order of several sellers counts as one parcel from the seller with the largest freight, because its only delivery time
is that of the whole order.
"""

from pipelines.ingest.olist.orders import read_olist

__all__ = ["read_olist"]
