"""Why something went wrong, and who caused it: the canonical reasons and parties of a scan."""

PARTIES = ("merchant", "carrier", "customs", "recipient", "nature")

_REASONS_OF = {
    "merchant": (
        "cancelled",
        "label",
        "late_handover",
        "merchant_request",
        "oversized",
        "packaging",
        "pickup_failed",
        "prohibited",
    ),
    "carrier": (
        "accident",
        "capacity",
        "damaged",
        "disposed",
        "held",
        "incomplete",
        "locker_full",
        "lost",
        "mechanical",
        "missed_connection",
        "missort",
        "out_of_time",
        "pickup_missed",
        "strike",
    ),
    "customs": ("customs_hold", "customs_inspection", "documents"),
    "recipient": (
        "absent",
        "business_closed",
        "identification",
        "incorrect_address",
        "moved",
        "no_access",
        "not_collected",
        "payment",
        "recipient_request",
        "refused",
    ),
    "nature": ("civil_event", "holiday", "weather"),
}

# The party that usually causes a reason; a table row may name another.
REASONS = {reason: party for party, reasons in _REASONS_OF.items() for reason in reasons}
