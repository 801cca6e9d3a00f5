"""Carriers by the names that shops and trackers give them."""

from functools import lru_cache

# By names without case, blanks, hyphens and underscores: spellings of our ids, and what trackers say. None that may be
# another carrier for somebody: `dhl` is DHL Express for trackers, and DHL Paket for many a shop.
_OURS = {
    "dhlpaket": "dhl_paket",
    "dhlgermany": "dhl_paket",
    "dhlexpress": "dhl_express",
    "dpdde": "dpd",
    "glsde": "gls",
    "hermesde": "hermes",
    "postnl": "postnl",
    "postnl3s": "postnl",
    "postnlinternational": "postnl",
}
_REMEMBERED = 1_000


@lru_cache(_REMEMBERED)
def carrier_of(name: str) -> str:
    """Return the id under which a carrier's numbers and codes are kept; another carrier's is its name in lower case.

    >>> [carrier_of(name) for name in ("dhl-germany", "DHLPaket", "Post NL", " Royal-Mail", "DHL")]
    ['dhl_paket', 'dhl_paket', 'postnl', 'royal-mail', 'dhl']
    """
    name = name.strip().casefold()
    return _OURS.get(name.replace("-", "").replace("_", "").replace(" ", ""), name)
