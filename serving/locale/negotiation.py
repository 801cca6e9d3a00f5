"""Which language to answer in: what was asked for, what the browser prefers, else English."""

from dataclasses import dataclass
from functools import lru_cache

from babel import Locale, UnknownLocaleError

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
DEFAULT = "en"
_LONGEST_HEADER = 200


@dataclass(frozen=True, slots=True)
class Language:
    """The language of an answer: `tag` is BCP 47; `unknown` is what was asked for and is not spoken here."""

    tag: str
    unknown: str | None = None

    @property
    def name(self) -> str:
        """The language without its region."""
        return self.tag[:2]


def choose_language(asked: str | None, accept_language: str | None) -> Language:
    """Choose by the request's own locale, else by the Accept-Language header (RFC 9110, section 12.5.4), else English.

    >>> choose_language("de-AT", None), choose_language(None, "pt-BR,pt;q=0.9,en;q=0.5").tag
    (Language(tag='de-AT', unknown=None), 'pt-BR')
    >>> choose_language("tlh", None), choose_language(None, "fi, nl;q=0.3").tag
    (Language(tag='en', unknown='tlh'), 'nl')
    """
    if asked:
        tag = spoken_tag(asked)
        return Language(tag) if tag else Language(DEFAULT, unknown=asked)
    for wish in _wishes((accept_language or "")[:_LONGEST_HEADER]):
        if tag := spoken_tag(wish):
            return Language(tag)
    return Language(DEFAULT)


@lru_cache(maxsize=1024)
def spoken_tag(wish: str) -> str | None:
    """Return the BCP 47 tag that we would use for a wish: its region is kept if CLDR knows it; None if not spoken.

    >>> spoken_tag("de_at"), spoken_tag("DE-XX"), spoken_tag("en-US-posix"), spoken_tag("xx")
    ('de-AT', 'de', 'en-US', None)
    """
    parts = wish.replace("_", "-").split("-")
    language = parts[0].lower()
    if language not in LANGUAGES:
        return None
    region = next((part.upper() for part in parts[1:] if len(part) == 2 and part.isascii() and part.isalpha()), None)
    if region is None:
        return language
    try:
        Locale(language, region)
    except UnknownLocaleError:
        return language
    return f"{language}-{region}"


def _wishes(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, most wanted first; what is refused (q=0) is left out."""
    ranked = []
    for position, part in enumerate(header.split(",")):
        tag, _, parameter = part.strip().partition(";")
        quality = _quality(parameter)
        if tag and quality > 0:
            ranked.append((-quality, position, tag.strip()))
    return [tag for _, _, tag in sorted(ranked)]


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
