"""Proposals of what to write to a shopper: an apology, or that all is well again."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from math import floor
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined

from parcelcast.alerts.vocabulary import FAMILIES, RECOVERED
from parcelcast.codes.vocabulary import REASONS
from parcelcast.errors import InputError
from parcelcast.ledger import PARTIES
from serving.alerts.sandbox import Sandbox
from serving.locale.dates import weekday_and_date
from serving.locale.negotiation import Language, choose_language

TEMPLATES = Path(__file__).parent / "templates"
APOLOGY, RECOVERY = "apology", "recovery"

_OURS = "parcelcast"
_KIND_OF = {
    **dict.fromkeys((*FAMILIES["delay"], *FAMILIES["dispatch"], *FAMILIES["stall"]), APOLOGY),
    RECOVERED: RECOVERY,
}
# What the alert itself says, or what would be no comfort, is not told again as its cause.
_SAID_ALREADY = {("dispatch.late", "warehouse"), *(("shipment.lost_suspected", party) for party in PARTIES)}
_REASONS_OF = {
    "customs": {reason for reason, party in REASONS.items() if party == "customs"},
    "weather": {"weather"},
}


class Wording:
    """Words alerts in the shopper's language.

    Templates are files `<language>/<kind>.txt`: the first line is the subject, the rest behind an empty line the body.
    Those in the folder `merchants/<id>` of a server's own folder count before the others there, and these before ours,
    file by file; of each, those of a region (`pt-BR`) count before those of its language. They run in a sandbox, by a
    limited number of steps, and a variable that does not exist is an error.
    """

    def __init__(self, folder: Path | None = None) -> None:
        own = [] if folder is None else [FileSystemLoader(folder)]
        self._templates = Sandbox(
            loader=ChoiceLoader([*own, PrefixLoader({_OURS: FileSystemLoader(TEMPLATES)})]),
            undefined=StrictUndefined,
            autoescape=False,  # plain text, never shown as a page
        )

    def texts(self, data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """Return subject and body by kind, for an alert's data (`parcelcast.alerts.alert_data`).

        Delays, late dispatches and stalls have an apology, a recovery its own text, the other alerts none. InputError
        when a template cannot be used.
        """
        kind = _KIND_OF.get(data["type"])
        if kind is None:
            return {}
        tag = choose_language(data["locale"], None)
        self._templates.begin()
        try:
            template = self._templates.select_template(_names(data["merchant_id"], tag, kind))
            return {kind: _parts(template.render(_words(data, tag.tag)))}
        except Exception as error:  # a template is a program of somebody else's, and may raise anything
            raise InputError(
                f"template {tag.tag}/{kind}.txt cannot be used ({error}); expected one like those in docs/alerts.md"
            ) from error


def _names(merchant_id: str | None, tag: Language, kind: str) -> list[str]:
    """Return the names that a template may have, the first that exists counts."""
    merchants = [] if merchant_id is None else [f"merchants/{merchant_folder(merchant_id)}/"]
    folders = [*merchants, "", f"{_OURS}/"]
    return [f"{folder}{name}/{kind}.txt" for folder in folders for name in dict.fromkeys((tag.tag, tag.name))]


def merchant_folder(merchant_id: str) -> str:
    """Return the name of a merchant's folder: its id as in a URL, so that no id leads anywhere else.

    >>> merchant_folder("nordlicht-2"), merchant_folder("a/b c"), merchant_folder("..")
    ('nordlicht-2', 'a%2Fb%20c', '%2E.')
    """
    name = quote(merchant_id, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _parts(text: str) -> dict[str, str]:
    """Return subject and body; ValueError for a text that lacks one, or that cannot be written as UTF-8."""
    text.encode()
    subject, _, body = (part.strip() for part in text.strip().partition("\n"))
    if not subject or not body:
        raise ValueError("without a subject or without a body")
    return {"subject": subject, "body": body + "\n"}


def _words(data: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """Return the variables of a template."""
    as_of = datetime.fromisoformat(data["as_of"])
    worded = partial(_date, year=as_of.year, tag=tag)
    now, probability = data["promise"]["now"], data["probability"]
    return {
        "type": data["type"],
        "order_id": " ".join(str(data["order_id"]).split()),  # a line break would end the subject
        "promised": worded(data["promise"]["then"]["date"]),
        "by": None if data["type"] == "shipment.lost_suspected" else worded(now["by"]),
        "percent": _percent(now["by_probability"]),
        "is_probable": probability is None or probability >= 0.5,
        "in_time_percent": None if probability is None else _percent(1 - probability),
        "slip_days": data["slip_days"],
        "cause": None if (data["type"], data["cause"]["party"]) in _SAID_ALREADY else data["cause"]["party"],
        "cause_lasts": _lasts(data["cause"]["party"], data["stage"], data["reason"]),
        "stage": data["stage"],
        "attempts": data["attempts"],
        "reason": data["reason"],
        "compensation_tier": data["compensation_tier"],
        "order_value": data["order_value"],
        "currency": data["currency"],
    }


def _percent(probability: float) -> int:
    """Return whole percent, not more than it is and never certainty."""
    return min(floor(100 * probability + 1e-9), 99)


def _lasts(party: str | None, stage: str, reason: str | None) -> bool:
    """Whether a cause that comes to an end is still there: the warehouse has the parcel, or customs, or the weather."""
    if party == "customs" and stage == "customs":
        return True
    return stage == "pre_dispatch" if party == "warehouse" else reason in _REASONS_OF.get(party or "", ())


def _date(day: str | None, year: int, tag: str) -> str | None:
    if day is None:
        return None
    told = date.fromisoformat(day)
    return weekday_and_date(told, tag, with_year=told.year != year)
