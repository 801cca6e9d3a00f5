"""Trackers' names of carriers and countries, in ours."""

from holidays.registry import COUNTRIES

# By the names that both trackers use, without case, blanks, hyphens and underscores. A carrier that is not here keeps
# the tracker's name, in lower case.
_CARRIERS = {
    "dhlpaket": "dhl_paket",
    "dhlgermany": "dhl_paket",
    "dhl": "dhl_express",
    "dhlexpress": "dhl_express",
    "dpd": "dpd",
    "dpdde": "dpd",
    "gls": "gls",
    "glsde": "gls",
    "hermes": "hermes",
    "hermesde": "hermes",
    "postnl": "postnl",
    "postnl3s": "postnl",
    "postnlinternational": "postnl",
}

_COUNTRIES = {names[2]: names[1] for names in COUNTRIES.values()}


def carrier_of(name: str) -> str:
    """Return our id of a tracker's carrier.

    >>> carrier_of("dhl-germany"), carrier_of("DHLExpress"), carrier_of("USPS"), carrier_of("royal-mail")
    ('dhl_paket', 'dhl_express', 'usps', 'royal-mail')
    """
    name = name.strip().casefold()
    return _CARRIERS.get(name.replace("-", "").replace("_", "").replace(" ", ""), name)


def country_of(code: object) -> str | None:
    """Return the two letters of a country by its two or three (ISO 3166-1); None for anything else.

    >>> country_of("DEU"), country_of("de"), country_of("Germany")
    ('DE', 'DE', None)
    """
    told = str(code or "").strip().upper()
    return told if len(told) == 2 and told.isascii() and told.isalpha() else _COUNTRIES.get(told)
