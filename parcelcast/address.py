"""What people write in addresses, in one form: countries, postal codes, names of cities."""

import re
import unicodedata
from functools import lru_cache

UNKNOWN_COUNTRY = "ZZ"  # CLDR's code for "unknown region"

_LONGEST_POSTAL_CODE = 12
# How many digits a postal code has, in countries where it has nothing else; some write the first five alone.
_DIGITS = {
    **dict.fromkeys(("AT", "BE", "CH", "DK", "NO"), (4,)),
    **dict.fromkeys(("DE", "ES", "FR", "IT"), (5,)),
    "BR": (5, 8),
    "US": (5, 9),
}
_TWO_ZEROS = frozenset({"IT", "US"})  # Rome, Puerto Rico
# What shops write although ISO 3166 says otherwise.
_COUNTRY_ALIASES = {"UK": "GB", "EL": "GR"}
# Letters that Unicode does not take apart into a plain letter and an accent.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))


@lru_cache(maxsize=4096)
def normalise_country(country: str | None) -> str:
    """ISO 3166-1 alpha-2 code in capitals; "ZZ" for what cannot be one.

    >>> normalise_country(" de "), normalise_country("UK"), normalise_country("Germany"), normalise_country(None)
    ('DE', 'GB', 'ZZ', 'ZZ')
    """
    code = str(country or "").strip().upper()
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        return UNKNOWN_COUNTRY
    return _COUNTRY_ALIASES.get(code, code)


def normalise_postal_code(country: str, postal_code: str | int | None) -> str:
    """Capital letters and digits of a postal code without a country prefix; "" for what cannot be one.

    Leading zeros that a spreadsheet dropped are not restored here: a code may also be typed only half. A ".0" that one
    added is taken off.

    >>> [normalise_postal_code("DE", code) for code in ("D-04109", "de 04109", " 04 109 ", None, "x" * 99)]
    ['04109', '04109', '04109', '', '']
    >>> normalise_postal_code("BR", "01310-100"), normalise_postal_code("GB", "sw1a 1aa")
    ('01310100', 'SW1A1AA')
    >>> normalise_postal_code("DE", "01067.0")
    '01067'
    """
    if postal_code is None:
        return ""
    if isinstance(postal_code, str) and postal_code.isdecimal() and postal_code.isascii():  # nothing to do for most
        return postal_code if len(postal_code) <= _LONGEST_POSTAL_CODE else ""
    text = unicodedata.normalize("NFKC", str(postal_code)[:100]).strip().upper()
    text = re.sub(r"(?<=\d)\.0$", "", text)
    text = re.sub(r"^[A-Z]{1,3}\s*-\s*(?=\w)", "", text)
    code = re.sub(r"[^A-Z0-9]", "", text)
    if code[:2] == country and code[2:3].isdigit():
        code = code[2:]
    return code if len(code) <= _LONGEST_POSTAL_CODE else ""


def is_whole_postal_code(country: str, code: str) -> bool:
    """Tell whether a normalised code has as many digits as those of its country; where that is not fixed, always.

    >>> [is_whole_postal_code("DE", code) for code in ("01067", "1067", "8010A")], is_whole_postal_code("GB", "SW1")
    ([True, False, False], True)
    """
    return country not in _DIGITS or (code.isdecimal() and len(code) in _DIGITS[country])


def with_leading_zeros(country: str, code: str) -> str:
    """Return a normalised code with the zeros that a spreadsheet dropped; others as they are.

    >>> [with_leading_zeros("DE", code) for code in ("1067", "80331", "106", "0106")]
    ['01067', '80331', '106', '0106']
    >>> with_leading_zeros("IT", "118"), with_leading_zeros("GB", "1")
    ('00118', '1')
    """
    if is_whole_postal_code(country, code) or not code.isdecimal() or code.startswith("0"):
        return code
    padded = (code.zfill(len(code) + zeros) for zeros in ((1, 2) if country in _TWO_ZEROS else (1,)))
    return next((one for one in padded if is_whole_postal_code(country, one)), code)


def fold_city(city: str) -> str:
    """Return the name of a city in small letters without accents and punctuation.

    The 's of English is part of its word; any other apostrophe is a blank, as French and American post writes it.

    >>> fold_city("St. John’s"), fold_city("L'Aquila")
    ('st johns', 'l aquila')
    >>> fold_city(" São  Paulo"), fold_city("Frankfurt (Oder)"), fold_city("GIESSEN") == fold_city("Gießen")
    ('sao paulo', 'frankfurt oder', True)
    """
    if city.isascii() and city.isalpha() and city.islower():  # nothing to do for most names of a table that we made
        return city[:100]
    name = re.sub(r"(?<=\w)'s\b", "s", city[:100].casefold().translate(_APOSTROPHES))
    letters = unicodedata.normalize("NFKD", name.translate(_PLAIN))
    return " ".join(re.findall(r"\w+", "".join(letter for letter in letters if not unicodedata.combining(letter))))


def without_umlauts(name: str) -> str:
    """Return a folded name with a, o and u for ae, oe and ue: as it would be, were these written-out umlauts.

    >>> without_umlauts(fold_city("Muenchen")) == fold_city("München")
    True
    """
    return re.sub(r"([aou])e", r"\1", name)
