"""What the demo's shop sells, and where its shoppers live; fitted to the bundle that answers."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from parcelcast.shipment import Origin
from serving.bundle_sources import ServingBundle

# A history that ended longer ago than this says little about today: the pages then pretend to be at its end.
_FRESH = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Product:
    """One article of the shop; names are shown as they are in every language."""

    id: str
    name: str
    art: str
    price: float
    weight_g: int
    category: str
    origins: tuple[str, ...]
    currency: str = "EUR"
    handling_days: int | None = None
    options: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Town:
    """A destination to choose."""

    country: str
    postal_code: str
    name: str


@dataclass(frozen=True)
class Catalogue:
    """All that the pages need to know."""

    products: tuple[Product, ...]
    towns: tuple[Town, ...]
    countries: tuple[str, ...]
    pretend_at: datetime | None = None
    history_ends: datetime | None = None
    simulated: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


_PARCEL = (
    {"carrier": "kranich", "service": "standard"},
    {"carrier": "kranich", "service": "express"},
    {"carrier": "postfuchs", "service": "standard"},
)
_TOUR = ({"carrier": "eigenflotte", "service": "two_man", "delivery_mode": "two_man"},)

# The simulated network's warehouses and stores.
PRODUCTS = (
    Product(
        "sneaker",
        "Flink Runner",
        "shoe",
        89.0,
        900,
        "fashion",
        ("wh-leipzig", "wh-dortmund", "wh-muenchen", "store-berlin"),
    ),
    Product("headphones", "Stillklang One", "headphones", 149.0, 600, "electronics", ("wh-frankfurt", "wh-leipzig")),
    Product("novel", "Der lange Umweg", "book", 24.0, 480, "books", ("wh-erfurt", "wh-leipzig", "wh-koeln")),
    Product("tulips", "Tulipa, 50", "tulip", 19.0, 1500, "garden", ("wh-venlo", "wh-utrecht")),
    Product("ring", "Bursztyn", "ring", 120.0, 200, "jewellery", ("wh-poznan", "wh-leipzig"), handling_days=2),
    Product("table", "Eiche 180", "table", 640.0, 42_000, "furniture", ("wh-hamm", "wh-magdeburg"), options=_TOUR),
)
_ARTS = ("shoe", "book", "headphones", "tulip", "ring", "table")

TOWNS = (
    Town("DE", "80331", "München"),
    Town("DE", "10115", "Berlin"),
    Town("DE", "20095", "Hamburg"),
    Town("DE", "26757", "Borkum"),
    Town("AT", "1010", "Wien"),
    Town("CH", "8001", "Zürich"),
    Town("NL", "1012", "Amsterdam"),
    Town("BE", "1000", "Bruxelles"),
    Town("FR", "69001", "Lyon"),
    Town("PL", "00-001", "Warszawa"),
    Town("CZ", "11000", "Praha"),
    Town("BR", "01310-100", "São Paulo"),
    Town("BR", "20040-002", "Rio de Janeiro"),
    Town("BR", "70040-010", "Brasília"),
    Town("BR", "69005-070", "Manaus"),
)


def catalogue_for(bundle: ServingBundle, now: datetime) -> Catalogue:
    """Return the shop that a bundle can answer for: the simulated network's, else one of the bundle's own origins."""
    stocked = tuple(_stocked(PRODUCTS, bundle))
    products = stocked or tuple(_from_origins(bundle.origins)) or PRODUCTS
    lands = {
        bundle.origins[name].place.country for product in products for name in product.origins if name in bundle.origins
    }
    towns = tuple(town for town in TOWNS if (town.country == "BR") == (lands == {"BR"}))
    stale = bundle.as_of is not None and abs(now - bundle.as_of) > _FRESH
    return Catalogue(
        products=products,
        towns=towns,
        countries=tuple(dict.fromkeys(town.country for town in towns)),
        pretend_at=bundle.as_of if stale else None,
        history_ends=bundle.as_of,
        simulated=bool(stocked),
    )


def _stocked(products: Iterable[Product], bundle: ServingBundle) -> Iterable[Product]:
    for product in products:
        origins = tuple(name for name in product.origins if name in bundle.origins)
        if origins:
            yield replace(product, origins=origins, options=_known(product.options or _PARCEL, bundle))


def _known(options: Iterable[Mapping[str, str]], bundle: ServingBundle) -> tuple[dict[str, str], ...]:
    carriers = bundle.carriers
    return tuple(
        dict(option)
        for option in options
        if option["carrier"] in carriers and carriers[option["carrier"]].service(option["service"])
    )


def _from_origins(origins: Mapping[str, Origin]) -> Iterable[Product]:
    for number, (art, name) in enumerate(zip(_ARTS, origins, strict=False), start=1):
        currency = "BRL" if origins[name].place.country == "BR" else "EUR"
        yield Product(
            f"article-{number}", f"No. {number}", art, 30.0 * number, 500 * number, "other", (name,), currency
        )
