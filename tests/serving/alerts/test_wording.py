import re
from datetime import date

import pytest

from parcelcast.alerts.vocabulary import FAMILIES, RECOVERED, TYPES
from parcelcast.errors import InputError
from parcelcast.ledger import PARTIES
from serving.alerts.wording import TEMPLATES, Wording
from serving.locale.dates import weekday_and_date
from serving.locale.negotiation import LANGUAGES

LOCALES = (*LANGUAGES, "pt-BR")
APOLOGISED = sorted((*FAMILIES["delay"], *FAMILIES["dispatch"], *FAMILIES["stall"]))
PROMISED, BY = date(2026, 12, 30), date(2027, 1, 4)


def data(type_="delay.predicted", locale="en", **more):
    facts = {
        "type": type_,
        "order_id": "A-1043",
        "merchant_id": "default",
        "as_of": "2026-12-28T09:00:00+00:00",
        "promise": {
            "then": {"date": PROMISED.isoformat()},
            "now": {"likely": None, "earliest": None, "latest": None, "by": BY.isoformat(), "by_probability": 0.9},
        },
        "slip_days": 3,
        "probability": 0.87,
        "cause": {"party": "carrier", "days": {"carrier": 3}},
        "stage": "line_haul",
        "attempts": 0,
        "reason": None,
        "locale": locale,
        "compensation_tier": None,
        "order_value": 80.0,
        "currency": "EUR",
    }  # fmt: skip
    return facts | more


def without_a_day():
    return {"promise": data()["promise"] | {"now": data()["promise"]["now"] | {"by": None}}}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("type_", APOLOGISED)
def test_an_apology_names_the_order_and_the_day_with_its_probability(type_, locale):
    (apology,) = Wording().texts(data(type_, locale)).values()
    assert "A-1043" in apology["subject"]
    assert "\n" not in apology["subject"]
    names_by = weekday_and_date(BY, locale, with_year=True) in apology["body"]
    assert names_by == bool(re.search(r"\b90 ?%", apology["body"])) == (type_ != "shipment.lost_suspected")
    names_promise = weekday_and_date(PROMISED, locale) in apology["body"]
    assert names_promise == type_.startswith("delay.")


@pytest.mark.parametrize("locale", LOCALES)
def test_each_type_of_apology_has_its_own_words(locale):
    texts = [Wording().texts(data(type_, locale))["apology"] for type_ in APOLOGISED]
    assert len({one["subject"] for one in texts}) == len({one["body"] for one in texts}) == len(APOLOGISED)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_cause_is_told_in_its_own_words_and_none_without_a_cause(locale):
    bodies = {
        party: Wording().texts(data(locale=locale, cause={"party": party, "days": {}}))["apology"]["body"]
        for party in (*PARTIES, None)
    }
    assert len(set(bodies.values())) == len(PARTIES) + 1
    assert min(bodies, key=lambda party: len(bodies[party])) is None


def body(**more):
    return Wording().texts(data(**more))["apology"]["body"]


def cause(party):
    return {"party": party, "days": {}}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("type_", [*APOLOGISED, RECOVERED])
def test_the_sentence_after_the_salutation_begins_with_a_capital_letter_but_in_german(type_, locale):
    (text,) = Wording().texts(data(type_, locale)).values()
    salutation, first = text["body"].split("\n\n")[:2]
    assert salutation[0].isupper()
    assert first[0].isupper() or locale == "de"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_warehouse_is_told_in_the_past_tense_once_the_parcel_has_left_it(locale):
    facts = {"locale": locale, "cause": cause("warehouse")}
    there, *left = (body(stage=stage, **facts) for stage in ("pre_dispatch", "line_haul", "attempted"))
    assert there != left[0] == left[1]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("party", "facts"),
    [("customs", {"stage": "customs"}), ("customs", {"reason": "documents"}), ("weather", {"reason": "weather"})],
)
def test_customs_and_the_weather_are_told_in_the_past_tense_when_they_are_over(party, facts, locale):
    assert body(locale=locale, cause=cause(party), **facts) != body(locale=locale, cause=cause(party), reason="absent")


@pytest.mark.parametrize("locale", LOCALES)
def test_what_the_recipient_has_to_do_with_it_is_told_by_attempts_and_reason(locale):
    facts = {"locale": locale, "cause": cause("recipient")}
    none, one, three = (body(attempts=attempts, **facts) for attempts in (0, 1, 3))
    wrong = body(reason="incorrect_address", **facts)
    assert len({none, one, three, wrong}) == 4
    assert [bool(re.search(r"\b3\b", text)) for text in (none, one, three, wrong)] == [False, False, True, False]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_risk_below_one_half_is_no_probability(locale):
    probable, even, possible = (Wording().texts(data(locale=locale, probability=p)) for p in (0.9, 0.5, 0.49))
    assert probable == even
    assert all(even["apology"][part] != possible["apology"][part] for part in ("subject", "body"))


@pytest.mark.parametrize("locale", LOCALES)
def test_a_loss_is_told_without_any_day(locale):
    text = body(type_="shipment.lost_suspected", locale=locale)
    assert "%" not in text
    assert text == body(type_="shipment.lost_suspected", locale=locale, **without_a_day())


@pytest.mark.parametrize(
    ("locale", "wrong"),
    [
        ("de", r"\bdas Paket\b"),
        ("nl", r"\bpakket\b"),
        ("fr", r"\bcolis\b"),
        ("pt", r"\bvolume\b"),
        ("pt-BR", r"encomenda|morada|armazém|desalfandegamento|está a \w+r\b|Lamentamos"),
    ],
)
@pytest.mark.parametrize("type_", sorted({*APOLOGISED} - {"shipment.lost_suspected"}))
def test_pronouns_have_one_noun_to_agree_with_and_regions_their_own_words(type_, locale, wrong):
    for party in PARTIES:
        assert not re.search(wrong, body(type_=type_, locale=locale, cause=cause(party)))


def test_the_probability_is_never_certainty():
    sure = data()["promise"] | {"now": data()["promise"]["now"] | {"by_probability": 0.9999999999999}}
    assert "99%" in body(promise=sure)
    assert "99%" in Wording().texts(data(RECOVERED, probability=0.0))["recovery"]["body"]


def test_italian_percents_have_their_article():
    texts = [Wording().texts(data(RECOVERED, "it", probability=p))["recovery"]["body"] for p in (0.118, 0.05)]
    assert ["dell’88 %" in texts[0], "del 95 %" in texts[1]] == [True, True]


def test_what_the_alert_says_already_is_not_told_as_its_cause():
    late = {"cause": {"party": "warehouse", "days": {}}}
    unknown = {"cause": {"party": None, "days": {}}}
    for type_, is_said in (("dispatch.late", True), ("shipment.lost_suspected", True), ("delay.predicted", False)):
        assert (Wording().texts(data(type_, **late)) == Wording().texts(data(type_, **unknown))) == is_said


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("type_", APOLOGISED)
def test_without_a_day_that_the_forecast_holds_none_is_named(type_, locale):
    body = Wording().texts(data(type_, locale, **without_a_day()))["apology"]["body"]
    assert weekday_and_date(BY, locale, with_year=True) not in body
    assert "%" not in body
    assert "None" not in body


@pytest.mark.parametrize("locale", LOCALES)
def test_a_recovery_says_how_sure_the_promised_day_is_again(locale):
    texts = Wording().texts(data(RECOVERED, locale, probability=0.118))
    assert set(texts) == {"recovery"}
    assert weekday_and_date(PROMISED, locale) in texts["recovery"]["body"]
    assert re.search(r"\b88 ?%", texts["recovery"]["body"])


def test_the_other_alerts_have_no_text():
    assert [Wording().texts(data(type_)) for type_ in sorted(TYPES - {RECOVERED, *APOLOGISED})] == [{}] * 4


def test_regions_and_unknown_languages():
    wording = Wording()
    assert "30. Dezember" in wording.texts(data(locale="de-CH"))["apology"]["body"]
    assert wording.texts(data(locale="tlh")) == wording.texts(data(locale="en"))


def test_all_templates_are_there_and_no_others():
    names = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.txt")}
    assert names == {f"{language}/{kind}.txt" for language in LOCALES for kind in ("apology", "recovery")}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "de").mkdir()
    return tmp_path


def test_a_merchants_template_counts_before_ours_file_by_file(folder):
    (folder / "de" / "apology.txt").write_text("Oje, {{ order_id }}\n\nBis {{ by }}.\n", encoding="utf-8")
    wording = Wording(folder)
    assert wording.texts(data(locale="de"))["apology"] == {
        "subject": "Oje, A-1043",
        "body": "Bis Montag, 4. Januar 2027.\n",
    }
    assert wording.texts(data(locale="en")) == Wording().texts(data(locale="en"))
    assert wording.texts(data(RECOVERED, "de")) == Wording().texts(data(RECOVERED, "de"))


def write(folder, name, subject):
    path = folder / name / "apology.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{subject}\n\nBis {{{{ by }}}}.\n", encoding="utf-8")


def subject(folder, **more):
    return Wording(folder).texts(data(**more))["apology"]["subject"]


def test_a_region_counts_before_its_language_and_what_is_of_the_server_before_ours(tmp_path):
    write(tmp_path, "pt", "language")
    assert subject(tmp_path, locale="pt-BR") == subject(tmp_path, locale="pt") == "language"
    write(tmp_path, "pt-BR", "region")
    assert [subject(tmp_path, locale=locale) for locale in ("pt-br", "pt-PT", "pt")] == ["region", *["language"] * 2]


def test_a_merchant_has_texts_of_its_own(tmp_path):
    write(tmp_path, "en", "all")
    write(tmp_path, "merchants/nordlicht/en", "nordlicht")
    told = [subject(tmp_path, merchant_id=merchant_id) for merchant_id in ("nordlicht", "default", None)]
    assert told == ["nordlicht", "all", "all"]


@pytest.mark.parametrize(
    ("merchant_id", "folder"),
    [("a/b", "a%2Fb"), ("shop.de", "shop.de"), ("Ä ö", "%C3%84%20%C3%B6"), ("..", "%2E."), (".", "%2E"), ("\\", "%5C")],
)
def test_the_id_of_a_merchant_names_its_folder_as_in_a_url(tmp_path, merchant_id, folder):
    write(tmp_path, f"merchants/{folder}/en", "own")
    assert subject(tmp_path, merchant_id=merchant_id) == "own"


@pytest.mark.parametrize(
    "merchant_id", ["..", "../merchants/other", "other/../other", "other/", "x/../../en", "ö" * 100]
)
def test_the_id_of_a_merchant_leads_to_no_other_folder(tmp_path, merchant_id):
    write(tmp_path, "en", "all")
    write(tmp_path, "merchants/other/en", "other")
    write(tmp_path, "merchants/en", "confused")
    assert subject(tmp_path, merchant_id=merchant_id) == "all"


@pytest.mark.parametrize(
    "template",
    [
        "{{ shopper_name }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ order_id.__init__.__globals__ }}",
        "{% if by %}",
        "{{ slip_days / 0 }}",
        "{% include '../../../../etc/passwd' %}",
        "{{ 'Bis {promised}'.format() }}",
        "{{ '{}'.format() }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{{ 'x'.encode('latin5x') }}",
        "{{ 'a' * 10**17 }}",
        "{{ '\\ud800' }}\n\nBis {{ by }}.",
        "",
        "\n \n",
        "Bis {{ by }}",
        "{% if order_id == 'none' %}Bis {{ by }}{% endif %}\n\n ",
    ],
)
def test_a_template_that_cannot_or_must_not_be_used_is_refused_by_its_name(folder, template):
    (folder / "de" / "apology.txt").write_text(template, encoding="utf-8")
    with pytest.raises(InputError, match=r"de/apology\.txt"):
        Wording(folder).texts(data(locale="de"))


TWICE = "{% macro more(n) %}{% if n %}{{ more(n - 1) }}{{ more(n - 1) }}{% endif %}{% endmacro %}{{ more(40) }}"


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set many = range(5000) %}{% for a in many %}{% for b in many %}{% endfor %}{% endfor %}",
        "{% set many = range(5000) %}{% for a in many if false %}{% endfor %}{% for a in many if not a %}{% endfor %}",
        "{% set many = range(5000) %}{% for a in many recursive %}{{ loop(many) if loop.depth < 9 }}{% endfor %}",
        "{% for a in 'x' * 9999999 %}{% for b in 'x' * 9999999 %}{% endfor %}{% endfor %}",
        "{{ range(99999)|sum }}",
        "{{ lipsum(99999) }}",
        "{% block again %}{{ self.again() }}{% endblock %}",
        "{% include 'de/apology.txt' %}",
        "{% include 'twice.txt' %}",
        TWICE,
    ],
)
def test_a_template_that_would_not_come_to_an_end_is_refused_at_once(folder, template):
    (folder / "de" / "apology.txt").write_text(f"{template}\n\nBis {{{{ by }}}}.", encoding="utf-8")
    twice = "{% if n %}{% set n = n - 1 %}{% include 'twice.txt' %}{% include 'twice.txt' %}{% endif %}"
    (folder / "twice.txt").write_text("{% set n = n|default(40) %}" + twice, encoding="utf-8")
    wording = Wording(folder)
    with pytest.raises(InputError, match=r"de/apology\.txt"):
        wording.texts(data(locale="de"))
    assert wording.texts(data(locale="en")) == Wording().texts(data(locale="en"))


def test_each_text_has_all_its_steps(folder):
    loop = "{% for number in range(2000) if number % 2 %}{% if loop.last %}{{ number }}{% endif %}{% endfor %}"
    (folder / "de" / "apology.txt").write_text(f"{loop}\n\nBis {{{{ by }}}}.", encoding="utf-8")
    wording = Wording(folder)
    assert {wording.texts(data(locale="de"))["apology"]["subject"] for _ in range(9)} == {"1999"}


def test_an_order_id_cannot_add_a_line_to_the_subject():
    texts = Wording().texts(data(order_id="A-1\nBcc: everyone@example.org"))
    assert texts["apology"]["subject"] == "Your order A-1 Bcc: everyone@example.org will probably arrive later"


def test_an_order_id_is_text_and_no_template():
    assert "{{ 7 * 7 }}" in Wording().texts(data(order_id="{{ 7 * 7 }}"))["apology"]["subject"]
