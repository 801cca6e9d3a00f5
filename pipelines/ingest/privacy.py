"""Columns that tell who somebody is: they are never carried into canonical tables."""

from __future__ import annotations

import re

# Words of a column name that stand for a person or for an address below the postal code.
_PERSONAL = frozenset(
    {
        *("firstname", "lastname", "surname", "forename", "fullname", "vorname", "nachname", "familienname", "prenom"),
        *("apellido", "street", "strasse", "straße", "strassenr", "hausnummer", "housenumber", "rue", "calle", "via"),
        *("address", "adresse", "anschrift", "endereco", "email", "mail", "phone", "telephone", "telefon", "tel"),
        *("mobile", "mobil", "handy", "fax", "iban", "bic", "birthday", "birthdate", "dob", "geburtsdatum", "ip"),
    }
)
_PERSONS = frozenset(
    {
        *("customer", "recipient", "receiver", "consignee", "buyer", "shopper", "contact", "person", "first", "last"),
        *(
            "kunde",
            "kunden",
            "kundin",
            "empfänger",
            "empfaenger",
            "besteller",
            "käufer",
            "kaeufer",
            "client",
            "cliente",
        ),
        *("destinataire", "ansprechpartner"),
    }
)
# "via" after these words tells the carrier, and no street in Italy.
_SENT = frozenset({"versand", "versandt", "shipped", "sent"})
_NAMES = frozenset({"name", "names", "nom", "nome", "nombre", "naam"})
# An address column that is not below the postal code.
_COARSE = frozenset(
    {
        *("postal", "postcode", "zip", "zipcode", "plz", "cep", "country", "land", "pais", "region", "state"),
        *("bundesland", "city", "ort", "stadt", "town", "type"),
    }
)


def is_personal(column: str) -> bool:
    """Tell whether a column name stands for a person's name, street, contact or account.

    >>> [is_personal(name) for name in ("Empfänger Name", "shipToStreet", "customer_email", "name")]
    [True, True, True, True]
    >>> [is_personal(name) for name in ("address_zip", "carrier_name", "customer_id", "telemetry")]
    [False, False, False, False]
    >>> is_personal("via"), is_personal("Versand via")
    (True, False)
    """
    spaced = re.sub(r"(?<=[a-zäöüß])(?=[A-Z])", " ", column)
    words = frozenset(re.findall(r"[a-zà-ÿß]+", spaced.lower()))
    if words & _SENT:
        words -= {"via"}
    if words & _COARSE and "email" not in words:
        return False
    if words & _NAMES:
        return bool(words & _PERSONS) or words <= _NAMES
    return bool(words & _PERSONAL) or any(word.endswith(("strasse", "straße", "vorname", "nachname")) for word in words)
