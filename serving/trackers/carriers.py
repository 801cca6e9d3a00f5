"""Trackers' names of carriers and countries, in ours."""

from holidays.registry import COUNTRIES

from parcelcast.codes.carriers import carrier_of

_COUNTRIES = {names[2]: names[1] for names in COUNTRIES.values()}


def tracked_carrier(name: str) -> str:
    """Return our id of a tracker's carrier. Where trackers say DHL, they mean DHL Express.

    >>> tracked_carrier("dhl-germany"), tracked_carrier("dhl"), tracked_carrier("USPS"), tracked_carrier("royal-mail")
    ('dhl_paket', 'dhl_express', 'usps', 'royal-mail')
    """
    carrier = carrier_of(name)
    return "dhl_express" if carrier == "dhl" else carrier


def country_of(code: object) -> str | None:
    """Return the two letters of a country by its two or three (ISO 3166-1); None for anything else.

    >>> country_of("DEU"), country_of("de"), country_of("Germany")
    ('DE', 'DE', None)
    """
    told = str(code or "").strip().upper()
    return told if len(told) == 2 and told.isascii() and told.isalpha() else _COUNTRIES.get(told)
