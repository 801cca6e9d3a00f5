import re
from datetime import date

import pytest

from parcelcast.alerts.vocabulary import FAMILIES, RECOVERED, TYPES
from parcelcast.errors import InputError
from parcelcast.ledger import PARTIES
from serving.alerts.wording import TEMPLATES, Wording
from serving.locale.dates import weekday_and_date
from serving.locale.negotiation import LANGUAGES

APOLOGISED = sorted((*FAMILIES["delay"], *FAMILIES["dispatch"], *FAMILIES["stall"]))
PROMISED, BY = date(2026, 12, 30), date(2027, 1, 4)


def data(type_="delay.predicted", locale="en", **more):
    facts = {
        "type": type_,
        "order_id": "A-1043",
        "as_of": "2026-12-28T09:00:00+00:00",
        "promise": {
            "then": {"date": PROMISED.isoformat()},
            "now": {"likely": None, "earliest": None, "latest": None, "by": BY.isoformat(), "by_probability": 0.9},
        },
        "slip_days": 3,
        "probability": 0.87,
        "cause": {"party": "carrier", "days": {"carrier": 3}},
        "locale": locale,
        "compensation_tier": None,
        "order_value": 80.0,
        "currency": "EUR",
    }  # fmt: skip
    return facts | more


def without_a_day():
    return {"promise": data()["promise"] | {"now": data()["promise"]["now"] | {"by": None}}}


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("type_", APOLOGISED)
def test_an_apology_names_the_order_and_the_day_with_its_probability(type_, locale):
    (apology,) = Wording().texts(data(type_, locale)).values()
    assert "A-1043" in apology["subject"]
    assert "\n" not in apology["subject"]
    assert weekday_and_date(BY, locale, with_year=True) in apology["body"]
    assert re.search(r"\b90 ?%", apology["body"])
    names_promise = weekday_and_date(PROMISED, locale) in apology["body"]
    assert names_promise == type_.startswith("delay.")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_each_type_of_apology_has_its_own_words(locale):
    texts = [Wording().texts(data(type_, locale))["apology"] for type_ in APOLOGISED]
    assert len({one["subject"] for one in texts}) == len({one["body"] for one in texts}) == len(APOLOGISED)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_each_cause_is_told_in_its_own_words_and_none_without_a_cause(locale):
    bodies = {
        party: Wording().texts(data(locale=locale, cause={"party": party, "days": {}}))["apology"]["body"]
        for party in (*PARTIES, None)
    }
    assert len(set(bodies.values())) == len(PARTIES) + 1
    assert min(bodies, key=lambda party: len(bodies[party])) is None


def test_what_the_alert_says_already_is_not_told_as_its_cause():
    late = {"cause": {"party": "warehouse", "days": {}}}
    unknown = {"cause": {"party": None, "days": {}}}
    for type_, is_said in (("dispatch.late", True), ("shipment.lost_suspected", True), ("delay.predicted", False)):
        assert (Wording().texts(data(type_, **late)) == Wording().texts(data(type_, **unknown))) == is_said


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("type_", APOLOGISED)
def test_without_a_day_that_the_forecast_holds_none_is_named(type_, locale):
    body = Wording().texts(data(type_, locale, **without_a_day()))["apology"]["body"]
    assert weekday_and_date(BY, locale, with_year=True) not in body
    assert "%" not in body
    assert "None" not in body


@pytest.mark.parametrize("locale", LANGUAGES)
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
    assert names == {f"{language}/{kind}.txt" for language in LANGUAGES for kind in ("apology", "recovery")}


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


def test_an_order_id_cannot_add_a_line_to_the_subject():
    texts = Wording().texts(data(order_id="A-1\nBcc: everyone@example.org"))
    assert texts["apology"]["subject"] == "Your order A-1 Bcc: everyone@example.org will probably arrive later"


def test_an_order_id_is_text_and_no_template():
    assert "{{ 7 * 7 }}" in Wording().texts(data(order_id="{{ 7 * 7 }}"))["apology"]["subject"]
