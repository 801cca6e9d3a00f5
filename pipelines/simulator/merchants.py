"""The shops of the network and the warehouses they ship from; all fictional."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from parcelcast.calendar import WorkingCalendar
from pipelines.simulator.clock import TIME_ZONE


@dataclass(frozen=True, slots=True)
class Merchant:
    """A shop: its share of all orders, its goods, and how it makes promises.

    ``quotes`` tells whether it exports the carrier's quote, ``buffer_days`` what it adds to it for a promise.
    """

    merchant_id: str
    share: float
    category: str
    weight_g: float
    value: float
    abroad: float = 1.0
    own_fleet: bool = False
    injection: bool = False
    promises: bool = True
    quotes: bool = True
    buffer_days: int = 1


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A warehouse; ``slowness`` is the usual share of orders not finished on their day."""

    origin_id: str
    merchant_id: str
    country: str
    postal_code: str
    region: str
    cutoff: str
    weekdays: str = "01234"
    friday_cutoff: str = ""
    handling_days: int = 0
    slowness: float = 0.05
    weight: float = 1.0


MERCHANTS = (
    Merchant("morgenrot", 0.24, "fashion", 900, 62.0, injection=True),
    Merchant("lesewelt", 0.15, "books", 700, 28.0),
    Merchant("technikhof", 0.13, "electronics", 1800, 145.0, injection=True, buffer_days=0),
    Merchant("gartenkind", 0.09, "garden", 4200, 54.0),
    Merchant("wohnraum", 0.06, "furniture", 18000, 240.0, abroad=0.3, own_fleet=True),
    Merchant("apothea", 0.09, "pharmacy", 500, 34.0, abroad=0.2),
    Merchant("spielzeugkiste", 0.08, "toys", 1300, 41.0),
    Merchant("alpensport", 0.05, "sports", 2200, 96.0, abroad=1.6),
    Merchant("tulipano", 0.04, "garden", 1500, 32.0, abroad=1.8),
    Merchant("bursztyn", 0.03, "jewellery", 300, 120.0, quotes=False),
    Merchant("sklenik", 0.02, "household", 2600, 48.0, promises=False),
    Merchant("handwerkerei", 0.02, "handmade", 1100, 75.0, quotes=False, promises=False),
)

WAREHOUSES = (
    Warehouse("wh-leipzig", "morgenrot", "DE", "04435", "SN", "15:00", "012345", "14:00", weight=3, slowness=0.03),
    Warehouse("wh-dortmund", "morgenrot", "DE", "44145", "NW", "16:00", weight=2.2, slowness=0.04),
    Warehouse("wh-muenchen", "morgenrot", "DE", "85748", "BY", "14:00", weight=1.5),
    Warehouse("store-hamburg", "morgenrot", "DE", "20095", "HH", "12:00", "012345", weight=0.4, slowness=0.12),
    Warehouse("store-berlin", "morgenrot", "DE", "10178", "BE", "12:00", "012345", weight=0.4, slowness=0.10),
    Warehouse("wh-erfurt", "lesewelt", "DE", "99085", "TH", "17:00", weight=2.5, slowness=0.02),
    Warehouse("wh-koeln", "lesewelt", "DE", "50827", "NW", "16:00", weight=1.5, slowness=0.03),
    Warehouse("wh-stuttgart", "lesewelt", "DE", "70565", "BW", "15:00", weight=0.8),
    Warehouse(
        "wh-frankfurt", "technikhof", "DE", "60386", "HE", "18:00", friday_cutoff="16:00", weight=2, slowness=0.03
    ),
    Warehouse("wh-hannover", "technikhof", "DE", "30659", "NI", "16:00", weight=1.2),
    Warehouse("wh-berlin", "technikhof", "DE", "14974", "BB", "15:00", weight=1, slowness=0.06),
    Warehouse("wh-nuernberg", "technikhof", "DE", "90431", "BY", "15:00", weight=0.7),
    Warehouse("wh-oldenburg", "gartenkind", "DE", "26123", "NI", "12:00", weight=1.2, slowness=0.08),
    Warehouse("wh-ulm", "gartenkind", "DE", "89073", "BW", "13:00", friday_cutoff="11:00", weight=1, slowness=0.07),
    Warehouse("wh-kassel", "gartenkind", "DE", "34117", "HE", "14:00", weight=0.8),
    Warehouse("wh-hamm", "wohnraum", "DE", "59075", "NW", "11:00", handling_days=2, slowness=0.10),
    Warehouse("wh-magdeburg", "wohnraum", "DE", "39104", "ST", "11:00", handling_days=1, slowness=0.12),
    Warehouse("wh-augsburg", "wohnraum", "DE", "86156", "BY", "11:00", handling_days=2, slowness=0.10),
    Warehouse("wh-magnus", "apothea", "DE", "28195", "HB", "17:00", "012345", "17:00", weight=1.6, slowness=0.02),
    Warehouse("wh-karlsruhe", "apothea", "DE", "76131", "BW", "16:00", weight=1.2, slowness=0.02),
    Warehouse("wh-rostock", "spielzeugkiste", "DE", "18055", "MV", "13:00", weight=0.7, slowness=0.07),
    Warehouse("wh-bamberg", "spielzeugkiste", "DE", "96052", "BY", "14:00", weight=1.4, slowness=0.05),
    Warehouse("wh-kiel", "spielzeugkiste", "DE", "24103", "SH", "13:00", weight=0.6, slowness=0.08),
    Warehouse("wh-rosenheim", "alpensport", "DE", "83022", "BY", "14:00", slowness=0.06),
    Warehouse("wh-salzburg", "alpensport", "AT", "5020", "5", "14:00", weight=0.9),
    Warehouse("wh-linz", "technikhof", "AT", "4020", "4", "14:00", weight=0.5),
    Warehouse("wh-venlo", "tulipano", "NL", "5912AB", "", "16:00", weight=1.5, slowness=0.04),
    Warehouse("wh-utrecht", "tulipano", "NL", "3542BC", "", "15:00", weight=0.6),
    Warehouse("wh-poznan", "bursztyn", "PL", "61131", "30", "13:00", slowness=0.08),
    Warehouse("wh-wroclaw", "morgenrot", "PL", "52314", "02", "16:00", weight=0.8, slowness=0.05),
    Warehouse("wh-praha", "sklenik", "CZ", "11000", "", "13:00", slowness=0.09),
    Warehouse("atelier-trier", "handwerkerei", "DE", "54290", "RP", "12:00", "0123", handling_days=3, slowness=0.18),
    Warehouse("atelier-dresden", "handwerkerei", "DE", "01099", "SN", "12:00", handling_days=2, slowness=0.15),
)


def calendar(warehouse: Warehouse, years: Iterable[int]) -> WorkingCalendar:
    """Working calendar of a warehouse: public holidays, closed on Christmas Eve, an early cut-off on New Year's Eve."""
    special: dict[date, time | None] = {}
    for year in years:
        special[date(year, 12, 24)] = None
        new_years_eve = date(year, 12, 31)
        if str(new_years_eve.weekday()) in warehouse.weekdays:
            special[new_years_eve] = time(10)
    return WorkingCalendar(
        time_zone=TIME_ZONE,
        weekdays=frozenset(int(digit) for digit in warehouse.weekdays),
        cutoffs={4: time.fromisoformat(warehouse.friday_cutoff)} if warehouse.friday_cutoff else {},
        default_cutoff=time.fromisoformat(warehouse.cutoff),
        holiday_country=warehouse.country,
        holiday_region=warehouse.region or None,
        special_days=special,
    )
