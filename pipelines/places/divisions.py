"""From GeoNames' first divisions to ISO 3166-2 regions, and from regions to time zones: tables of our own.

GeoNames numbers the divisions of many countries by codes of its own (FIPS 10-4 in Brazil), which must not be taken for
ISO 3166-2. Only countries listed here are translated.
"""

from collections.abc import Mapping

FOREIGN = "GN-"  # before a code of GeoNames that has no translation here

_DE = "BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH"
_CH = "AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH"
_BR = (
    "01 AC, 02 AL, 03 AP, 04 AM, 05 BA, 06 CE, 07 DF, 08 ES, 11 MS, 13 MA, 14 MT, 15 MG, 16 PA, 17 PB, 18 PR, 20 PI, "
    "21 RJ, 22 RN, 23 RS, 24 RO, 25 RR, 26 SC, 27 SP, 28 SE, 29 GO, 30 PE, 31 TO"
)

# The zone of most people of a region. Postal prefixes of data/reference/places.csv know parts with another one.
_ZONES = {
    "US": {
        "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
        "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
        "America/Denver": "CO MT NM UT WY",
        "America/Boise": "ID",
        "America/Phoenix": "AZ",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Anchorage": "AK",
        "Pacific/Honolulu": "HI",
        "America/Puerto_Rico": "PR",
        "America/St_Thomas": "VI",
        "Pacific/Guam": "GU",
        "Pacific/Saipan": "MP",
        "Pacific/Pago_Pago": "AS",
    },
    "BR": {
        "America/Sao_Paulo": "DF ES GO MG PR RJ RS SC SP",
        "America/Bahia": "BA",
        "America/Fortaleza": "CE MA PB PI RN",
        "America/Recife": "PE",
        "America/Maceio": "AL SE",
        "America/Araguaina": "TO",
        "America/Belem": "AP PA",
        "America/Campo_Grande": "MS",
        "America/Cuiaba": "MT",
        "America/Manaus": "AM",
        "America/Porto_Velho": "RO",
        "America/Boa_Vista": "RR",
        "America/Rio_Branco": "AC",
    },
}
ZONES: Mapping[tuple[str, str], str] = {
    (country, region): zone
    for country, zones in _ZONES.items()
    for zone, regions in zones.items()
    for region in regions.split()
}
_US = [region for country, region in ZONES if country == "US"]

ISO_OF: Mapping[str, Mapping[str, str]] = {
    "DE": {code: code for code in _DE.split()},
    "AT": {f"0{number}": str(number) for number in range(1, 10)},
    "CH": {code: code for code in _CH.split()},
    "BR": dict(pair.split() for pair in _BR.split(", ")),
    "US": {code: code for code in _US},
}


def region_of_division(country: str, admin1: str, known: str | None) -> str | None:
    """Return the ISO 3166-2 region of a first division, or GeoNames' own code marked as such.

    `known` is what our own table says of the postal code; it stands where there is no translation.

    >>> region_of_division("BR", "27", None), region_of_division("NL", "07", None), region_of_division("FR", "4", "6AE")
    ('SP', 'GN-07', '6AE')
    """
    translated = ISO_OF.get(country, {}).get(admin1.upper())
    if translated or known or not admin1:
        return translated or known
    return f"{FOREIGN}{admin1.upper()}"
