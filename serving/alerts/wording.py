"""Proposals of what to write to a shopper: an apology, or that all is well again. The only place that uses Jinja2."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from math import floor
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from parcelcast.alerts.vocabulary import FAMILIES, RECOVERED
from parcelcast.errors import InputError
from parcelcast.ledger import PARTIES
from serving.locale.dates import weekday_and_date
from serving.locale.negotiation import choose_language

TEMPLATES = Path(__file__).parent / "templates"
APOLOGY, RECOVERY = "apology", "recovery"

_KIND_OF = {
    **dict.fromkeys((*FAMILIES["delay"], *FAMILIES["dispatch"], *FAMILIES["stall"]), APOLOGY),
    RECOVERED: RECOVERY,
}
# What the alert itself says, or what would be no comfort, is not told again as its cause.
_SAID_ALREADY = {("dispatch.late", "warehouse"), *(("shipment.lost_suspected", party) for party in PARTIES)}


class Wording:
    """Words alerts in the shopper's language.

    Templates are files `<language>/<kind>.txt`: the first line is the subject, the rest behind an empty line the body.
    Those in a merchant's folder count before ours, file by file. They run in a sandbox, and a variable that does not
    exist is an error.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folders = [TEMPLATES] if folder is None else [folder, TEMPLATES]
        self._templates = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folders),
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
        name = f"{tag.name}/{kind}.txt"
        try:
            return {kind: _parts(self._templates.get_template(name).render(_words(data, tag.tag)))}
        except Exception as error:  # a template is a program of somebody else's, and may raise anything
            raise InputError(
                f"template {name} cannot be used ({error}); expected one like those in docs/alerts.md"
            ) from error


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
        "by": worded(now["by"]),
        "percent": floor(100 * now["by_probability"] + 1e-9),
        "in_time_percent": None if probability is None else floor(100 * (1 - probability) + 1e-9),
        "slip_days": data["slip_days"],
        "cause": None if (data["type"], data["cause"]["party"]) in _SAID_ALREADY else data["cause"]["party"],
        "compensation_tier": data["compensation_tier"],
        "order_value": data["order_value"],
        "currency": data["currency"],
    }


def _date(day: str | None, year: int, tag: str) -> str | None:
    if day is None:
        return None
    told = date.fromisoformat(day)
    return weekday_and_date(told, tag, with_year=told.year != year)
