"""The canonical vocabulary of scans; every carrier's own codes are mapped to it."""

CODES = (
    "label_created",
    "handed_over",
    "origin_scan",
    "hub_arrival",
    "hub_departure",
    "export_customs",
    "import_customs",
    "customs_released",
    "destination_depot",
    "out_for_delivery",
    "delivery_attempted",
    "at_pickup_point",
    "delivered",
    "delivered_to_neighbour",
    "return_started",
    "returned",
    "exception",
    "info_only",
)

# What an unknown raw code becomes. It is counted, and never a delay.
UNKNOWN_CODE = "info_only"

# The parcel is with the recipient, or with somebody who took it for them.
DELIVERED_CODES = frozenset({"delivered", "delivered_to_neighbour"})
