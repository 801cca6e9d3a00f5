"""The carriers' own words and codes for what they scan."""

from parcelcast.scan import CODES
from pipelines.simulator.carriers import CARRIERS

MAP_VERSION = "simulated-1"

_WORDS = {
    "label_created": "Die Sendung wurde elektronisch angekündigt.",
    "handed_over": "Die Sendung wurde vom Absender übernommen.",
    "origin_scan": "Die Sendung wurde im Start-Depot bearbeitet.",
    "hub_arrival": "Die Sendung ist im Verteilzentrum eingetroffen.",
    "hub_departure": "Die Sendung hat das Verteilzentrum verlassen.",
    "export_customs": "Die Sendung wurde zur Ausfuhr angemeldet.",
    "import_customs": "Die Sendung liegt dem Zoll vor.",
    "customs_released": "Die Sendung wurde vom Zoll freigegeben.",
    "destination_depot": "Die Sendung ist im Ziel-Depot eingetroffen.",
    "out_for_delivery": "Die Sendung ist in der Zustellung.",
    "delivery_attempted": "Der Empfänger wurde nicht angetroffen.",
    "at_pickup_point": "Die Sendung liegt zur Abholung bereit.",
    "delivered": "Die Sendung wurde zugestellt.",
    "delivered_to_neighbour": "Die Sendung wurde einem Nachbarn übergeben.",
    "return_started": "Die Sendung geht an den Absender zurück.",
    "returned": "Die Sendung wurde dem Absender zugestellt.",
    "exception": "Die Beförderung verzögert sich.",
    "info_only": "Statusmeldung.",
}


def raw_codes() -> tuple[str, ...]:
    """Raw codes by carrier and code, flattened: carrier c and code k stand at c * len(CODES) + k."""
    return tuple(
        f"{carrier.carrier_id[:2].upper()}{100 + 10 * number}" for carrier in CARRIERS for number in range(len(CODES))
    )


def raw_texts() -> tuple[str, ...]:
    """Raw texts by code."""
    return tuple(_WORDS[code] for code in CODES)
