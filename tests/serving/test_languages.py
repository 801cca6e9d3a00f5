"""In which language, and how it reads."""

from datetime import UTC, date, datetime

import pytest

from serving.locale.negotiation import LANGUAGES, Language, choose_language, spoken_tag
from serving.locale.sentences import Told, countdown_sentence, days_for, sentence
from tests.serving.shop import Shop

TOLD = Told(date(2026, 11, 23), date(2026, 11, 26), datetime(2026, 11, 23, 13, tzinfo=UTC), "Europe/Berlin")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("de", "Lieferung bis Donnerstag, 26. November bei Bestellung bis Montag, 23. November, 14:00 Uhr"),
        ("en", "Delivered by Thursday, 26 November if ordered by Monday, 23 November, 14:00"),
        ("en-US", "Delivered by Thursday, November 26 if ordered by Monday, November 23, 2:00\u202fPM"),
        (
            "es",
            "Entrega a más tardar el jueves, 26 de noviembre si se pide antes del lunes, 23 de noviembre a las 14:00",
        ),
        (
            "fr",
            "Livraison au plus tard le jeudi 26 novembre pour une commande passée avant le lundi 23 novembre à 14:00",
        ),
        ("it", "Consegna entro giovedì 26 novembre per ordini effettuati entro lunedì 23 novembre, ore 14:00"),
        ("nl", "Bezorgd uiterlijk donderdag 26 november bij bestelling vóór maandag 23 november, 14:00 uur"),
        (
            "pt-BR",
            "Entrega até quinta-feira, 26 de novembro para pedidos feitos até segunda-feira, 23 de novembro, 14:00",
        ),
    ],
)
def test_each_language_names_weekday_date_and_cutoff(tag: str, expected: str) -> None:
    assert sentence(TOLD, Language(tag)) == expected


@pytest.mark.parametrize("tag", LANGUAGES)
def test_each_language_has_every_sentence(tag: str) -> None:
    language = Language(tag)
    none = Told(TOLD.ordered_on, None, TOLD.order_by, TOLD.time_zone)
    several = Told(TOLD.ordered_on, TOLD.promised, TOLD.order_by, TOLD.time_zone, 2, date(2026, 11, 25))
    assert "{countdown}" in (countdown_sentence(TOLD, language) or "")
    assert countdown_sentence(none, language) is None
    assert len({sentence(none, language), sentence(TOLD, language), sentence(several, language)}) == 3
    for kind in ("warehouse", "transit", "closed_days", "safety"):
        assert days_for(kind, 1, language) != days_for(kind, 2, language)
    assert "{" not in sentence(several, language)


def test_a_date_of_another_year_says_so() -> None:
    told = Told(date(2026, 12, 30), date(2027, 1, 4), datetime(2026, 12, 30, 13, tzinfo=UTC), "Europe/Berlin")
    assert "4. Januar 2027" in sentence(told, Language("de"))
    assert "30. Dezember," in sentence(told, Language("de"))


@pytest.mark.parametrize(
    ("tag", "first"),
    [
        ("fr", "mardi 1er décembre"),
        ("it", "martedì 1º dicembre"),
        ("pt-BR", "terça-feira, 1º de dezembro"),
        ("pt-PT", "terça-feira, 1 de dezembro"),
        ("es", "martes, 1 de diciembre"),
    ],
)
def test_the_first_of_a_month_is_written_as_people_do(tag: str, first: str) -> None:
    told = Told(date(2026, 11, 27), date(2026, 12, 1), datetime(2026, 11, 27, 13, tzinfo=UTC), "Europe/Paris")
    assert f"{first} " in sentence(told, Language(tag))


@pytest.mark.parametrize(
    ("wish", "tag"),
    [("de-AT", "de-AT"), ("pt_BR", "pt-BR"), ("EN", "en"), ("de-Latn-AT", "de-AT"), ("de-ZZ", "de"), ("de-QQ", "de"),
     ("fi", None), ("", None), ("-", None), ("x" * 35, None), ("de-ä", "de"), ("zh-Hant-TW", None)],
)  # fmt: skip
def test_regions_are_kept_when_the_world_knows_them(wish: str, tag: str | None) -> None:
    assert spoken_tag(wish) == tag


@pytest.mark.parametrize(
    ("header", "tag"),
    [("fi;q=0.9, nl;q=0.5, de;q=0", "nl"), ("*", "en"), ("de;q=abc", "en"), (",,;;q", "en"),
     ("fr-CH, fr;q=0.9", "fr-CH"), ("en;q=0.1, it;q=0.2", "it"), (None, "en"), ("de" + "," * 500, "de")],
)  # fmt: skip
def test_the_browser_is_heard(header: str | None, tag: str) -> None:
    assert choose_language(None, header).tag == tag


def test_the_request_wins_over_the_browser_and_the_unknown_is_noted(shop: Shop) -> None:
    german = {"accept-language": "de-CH"}
    answer = shop.post("/v1/promises", json={**_product(), "locale": "fr"}, headers=german).json()
    assert answer["locale"] == "fr"
    assert shop.post("/v1/promises", json=_product(), headers=german).json()["locale"] == "de-CH"
    unknown = shop.promise(locale="tlh")
    assert unknown["locale"] == "en"
    assert [note["code"] for note in unknown["notes"]] == ["locale_unknown"]


def _product() -> dict[str, object]:
    return {"destination": {"country": "DE"}, "items": [{"origins": ["wh-leipzig"]}], "options": [{}]}
