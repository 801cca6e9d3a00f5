"""Customs: between which countries a parcel needs a declaration."""

# Countries within which parcels travel without one, by the code of the union's first member. Territories with rules of
# their own (Northern Ireland, the Canaries, Busingen, ...) count as their country.
_UNIONS = {
    "AT": "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MC MT NL PL PT RO SE SI SK",  # European Union
    "CH": "CH LI",
    "GB": "GB GG IM JE",
}
_UNION_OF = {country: union for union, members in _UNIONS.items() for country in members.split()}


def union_of(country: str) -> str:
    """Return the customs union of a country (ISO 3166-1 alpha-2), or the country itself where it is in none.

    >>> union_of("DE") == union_of("PL"), union_of("DE") == union_of("CH"), union_of("BR")
    (True, False, 'BR')
    """
    return _UNION_OF.get(country, country)
