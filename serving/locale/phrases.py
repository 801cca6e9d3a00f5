"""The sentences themselves. `{countdown}` is left for the shop's page to fill; the rest is filled here."""

from collections.abc import Mapping
from typing import Final

DELIVERED: Final[Mapping[str, str]] = {
    "de": "Lieferung bis {date} bei Bestellung bis {cutoff_date}, {cutoff_time} Uhr",
    "en": "Delivered by {date} if ordered by {cutoff_date}, {cutoff_time}",
    "es": "Entrega a más tardar el {date} si se pide antes del {cutoff_date} a las {cutoff_time}",
    "fr": "Livraison au plus tard le {date} pour une commande passée avant le {cutoff_date} à {cutoff_time}",
    "it": "Consegna entro {date} per ordini effettuati entro {cutoff_date}, ore {cutoff_time}",
    "nl": "Bezorgd uiterlijk {date} bij bestelling vóór {cutoff_date}, {cutoff_time} uur",
    "pt": "Entrega até {date} para pedidos feitos até {cutoff_date}, {cutoff_time}",
}

COUNTDOWN: Final[Mapping[str, str]] = {
    "de": "Bestellung innerhalb von {countdown}, Lieferung bis {date}",
    "en": "Order within {countdown}, delivered by {date}",
    "es": "Pide en {countdown} y recíbelo a más tardar el {date}",
    "fr": "Commandez d’ici {countdown}, livraison au plus tard le {date}",
    "it": "Ordina entro {countdown}, consegna entro {date}",
    "nl": "Bestel binnen {countdown}, uiterlijk {date} bezorgd",
    "pt": "Encomende em até {countdown}, entrega até {date}",
}

SEVERAL: Final[Mapping[str, str]] = {
    "de": "Alles da bis {date}, in {parcels} Paketen, das erste bis {first}, bei Bestellung bis {cutoff_date}, "
    "{cutoff_time} Uhr",
    "en": "All of it by {date}, in {parcels} parcels, the first by {first}, if ordered by {cutoff_date}, {cutoff_time}",
    "es": "Todo a más tardar el {date}, en {parcels} paquetes, el primero el {first}, si se pide antes del "
    "{cutoff_date} a las {cutoff_time}",
    "fr": "Tout au plus tard le {date}, en {parcels} colis, le premier le {first}, pour une commande passée avant le "
    "{cutoff_date} à {cutoff_time}",
    "it": "Tutto entro {date}, in {parcels} pacchi, il primo entro {first}, per ordini effettuati entro {cutoff_date}, "
    "ore {cutoff_time}",
    "nl": "Alles uiterlijk {date}, in {parcels} pakketten, het eerste uiterlijk {first}, bij bestelling vóór "
    "{cutoff_date}, {cutoff_time} uur",
    "pt": "Tudo até {date}, em {parcels} volumes, o primeiro até {first}, para pedidos feitos até {cutoff_date}, "
    "{cutoff_time}",
}

NO_DATE: Final[Mapping[str, str]] = {
    "de": "Für diese Lieferung können wir keinen Tag nennen",
    "en": "We cannot name a day for this delivery",
    "es": "No podemos indicar un día para esta entrega",
    "fr": "Nous ne pouvons pas indiquer de jour pour cette livraison",
    "it": "Non possiamo indicare un giorno per questa consegna",
    "nl": "We kunnen geen dag voor deze bezorging noemen",
    "pt": "Não podemos indicar um dia para esta entrega",
}

DAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "de": {"one": "{count} Tag", "other": "{count} Tage"},
    "en": {"one": "{count} day", "other": "{count} days"},
    "es": {"one": "{count} día", "other": "{count} días"},
    "fr": {"one": "{count} jour", "other": "{count} jours"},
    "it": {"one": "{count} giorno", "other": "{count} giorni"},
    "nl": {"one": "{count} dag", "other": "{count} dagen"},
    "pt": {"one": "{count} dia", "other": "{count} dias"},
}

COLON: Final[Mapping[str, str]] = {"fr": " : "}  # French sets a space before it

REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "de": {
        "warehouse": "im Lager",
        "transit": "unterwegs",
        "closed_days": "Sonn- und Feiertage",
        "safety": "Reserve, damit das Datum hält",
    },
    "en": {
        "warehouse": "in the warehouse",
        "transit": "on the way",
        "closed_days": "Sundays and holidays",
        "safety": "reserve, so that the date holds",
    },
    "es": {
        "warehouse": "en el almacén",
        "transit": "en camino",
        "closed_days": "domingos y festivos",
        "safety": "margen para cumplir la fecha",
    },
    "fr": {
        "warehouse": "à l’entrepôt",
        "transit": "en route",
        "closed_days": "dimanches et jours fériés",
        "safety": "marge pour tenir la date",
    },
    "it": {
        "warehouse": "in magazzino",
        "transit": "in viaggio",
        "closed_days": "domeniche e festivi",
        "safety": "margine per rispettare la data",
    },
    "nl": {
        "warehouse": "in het magazijn",
        "transit": "onderweg",
        "closed_days": "zon- en feestdagen",
        "safety": "marge zodat de datum klopt",
    },
    "pt": {
        "warehouse": "no armazém",
        "transit": "em trânsito",
        "closed_days": "domingos e feriados",
        "safety": "margem para cumprir a data",
    },
}
