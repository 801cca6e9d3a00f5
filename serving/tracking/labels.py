"""The canonical codes in plain words."""

from typing import Final

LABELS: Final = {
    "label_created": "Label created",
    "handed_over": "Handed over to the carrier",
    "origin_scan": "Accepted by the carrier",
    "hub_arrival": "Arrived at a sorting centre",
    "hub_departure": "Left a sorting centre",
    "export_customs": "In export customs",
    "import_customs": "In import customs",
    "customs_released": "Released by customs",
    "destination_depot": "Arrived at the delivery depot",
    "out_for_delivery": "Out for delivery",
    "delivery_attempted": "Delivery attempted",
    "at_pickup_point": "Waiting at the pickup point",
    "delivered": "Delivered",
    "delivered_to_neighbour": "Delivered to a neighbour",
    "return_started": "On its way back",
    "returned": "Returned",
    "exception": "Something went wrong",
    "info_only": "Message of the carrier",
}
