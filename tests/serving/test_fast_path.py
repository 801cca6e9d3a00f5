"""The fast path gives what the plain one would, at every instant and after every reload."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.promises.memory import Memory, Remembered
from tests.serving.fakes import FakeBundle, FakeForecaster, FakeSource
from tests.serving.shop import PRODUCT, Shop, open_shop

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # Monday, 9 o'clock in Leipzig

products = st.fixed_dictionaries(
    {
        "destination": st.sampled_from(
            [
                {"country": "DE", "postal_code": "80331"},
                {"country": "AT", "postal_code": "1010"},
                {"country": "BR", "postal_code": "01310100"},
                {"country": "XX"},
            ]
        ),
        "items": st.lists(
            st.fixed_dictionaries(
                {"origins": st.sampled_from([["wh-leipzig"], ["wh-koeln", "wh-wien"], ["wh-slow", "delhi"]])},
                optional={"weight_g": st.sampled_from([100, 50_000]), "handling_days": st.integers(0, 3)},
            ),
            min_size=1,
            max_size=3,
        ),
        "options": st.sampled_from([[{"carrier": "kranich", "service": "express"}], [{}, {"quoted_days": 2}]]),
        # Its hours turn at half past ours.
        "origins": st.just([{"id": "delhi", "country": "IN", "time_zone": "Asia/Kolkata", "cutoff": "17:15"}]),
    },
    optional={
        "locale": st.sampled_from(["de", "fr-CH", "tlh"]),
        "deliver_by": st.sampled_from(["2026-11-26", "2026-12-24"]),
        "ordered_at": st.sampled_from(["2026-11-23T09:30:00+01:00", "2026-12-23T20:00:00Z"]),
        "split": st.sampled_from(["auto", "split", "together"]),
        "policy": st.sampled_from([{"service_level": 0.8}, {"cost_per_day": 1, "cost_of_lateness": 9}]),
    },
)  # fmt: skip
# Just before cut-offs (12:00 in Vienna, 14:00 in Leipzig, 16:30 in Cologne), an Indian hour, midnight, a clock change.
starts = st.sampled_from(
    ["2026-11-23T11:59:40+01:00", "2026-11-23T13:59:40+01:00", "2026-11-23T16:29:40+01:00", "2026-11-23T09:29:40Z",
     "2026-11-22T23:59:40+01:00", "2026-10-25T02:59:40+02:00"]
).map(datetime.fromisoformat)  # fmt: skip
waits = st.sampled_from([0, 10, 30, 1_800, 3_600, 86_400, -600]).map(lambda seconds: timedelta(seconds=seconds))
reloads = st.sampled_from([None, None, None, 0, 2])
steps = st.lists(st.tuples(st.integers(0, 1), waits, reloads), min_size=2, max_size=8)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Shop]]:
    """Two servers that differ in one thing: the second forgets every answer at once."""
    with ExitStack() as stack:
        folders = [tmp_path_factory.mktemp(name) for name in ("fast", "plain")]
        fast = stack.enter_context(open_shop(folders[0], source=FakeSource()))
        plain = stack.enter_context(open_shop(folders[1], source=FakeSource(), memory=Memory(most_answers=0)))
        yield fast, plain


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in {"promise_id", "as_of"}}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions=st.lists(products, min_size=2, max_size=2), start=starts, story=steps)
def test_the_fast_path_equals_the_plain_one(
    shops: tuple[Shop, Shop],
    questions: list[dict[str, Any]],
    start: datetime,
    story: list[tuple[int, timedelta, int | None]],
) -> None:
    now, ids = start.astimezone(UTC), set()
    for number, (which, wait, reload) in enumerate(story):
        now += wait
        answers = []
        for shop in shops:
            shop.clock.now = now
            if reload is not None:
                shop.source.publish(FakeBundle(f"v{number}", FakeForecaster(slower_days=reload)))
                assert shop.post("/v1/admin/reload").status_code == 200
            response = shop.post("/v1/promises", json=questions[which])
            assert response.status_code == 200, response.text
            answers.append(response)
        fast, plain = (response.json() for response in answers)
        assert "memory" not in answers[1].headers["server-timing"]
        assert without_id(fast) == without_id(plain)
        assert fast["as_of"] == plain["as_of"]
        ids.add(fast["promise_id"])
        assert shops[0].get(f"/v1/promises/{fast['promise_id']}").content == answers[0].content
    assert len(ids) == len(story)


def from_memory(shop: Shop, question: dict[str, Any] = PRODUCT, **headers: str) -> bool:
    response = shop.post("/v1/promises", json=question, headers=headers)
    assert response.status_code == 200
    return response.headers["server-timing"].startswith("memory")


def test_the_same_bytes_are_answered_from_memory_until_the_answer_could_change(shop: Shop) -> None:
    assert [from_memory(shop), from_memory(shop)] == [False, True]
    shop.clock.set("2026-11-23T10:59:59.999+01:00")
    assert from_memory(shop)
    shop.clock.set("2026-11-23T11:00:00+01:00")
    assert not from_memory(shop)
    shop.clock.set("2026-11-23T13:59:59+01:00")
    assert [from_memory(shop), from_memory(shop)] == [False, True]
    shop.clock.set("2026-11-23T14:00:00+01:00")
    assert not from_memory(shop)


def test_a_cutoff_within_an_hour_ends_the_answer(shop: Shop) -> None:
    question = {**PRODUCT, "items": [{"origins": ["wh-koeln"]}]}  # until 16:30
    shop.clock.set("2026-11-23T16:05:00+01:00")
    assert [from_memory(shop, question), shop.option(question)["dispatch_on"]] == [False, "2026-11-23"]
    shop.clock.set("2026-11-23T16:29:59.999+01:00")
    assert from_memory(shop, question)
    shop.clock.set("2026-11-23T16:30:00+01:00")
    assert shop.option(question)["dispatch_on"] == "2026-11-24"


def test_a_clock_that_is_set_back_gets_no_answer_of_the_future(shop: Shop) -> None:
    from_memory(shop)
    shop.clock.set("2026-11-23T09:59:00+01:00")
    assert not from_memory(shop)


def test_another_bundle_language_or_body_is_another_question(shop: Shop) -> None:
    from_memory(shop)
    assert not from_memory(shop, **{"accept-language": "de"})
    assert from_memory(shop, **{"accept-language": "de"})
    assert not from_memory(shop, {**PRODUCT, "locale": "de"})
    shop.source.publish(FakeBundle("fake-2"))
    shop.post("/v1/admin/reload")
    assert not from_memory(shop)


def test_a_question_with_its_own_time_is_remembered_for_ever(shop: Shop) -> None:
    question = {**PRODUCT, "ordered_at": "2026-11-23T10:00:00Z"}
    assert not from_memory(shop, question)
    shop.clock.set("2027-11-23T10:00:00Z")
    assert from_memory(shop, question)


def test_refusals_are_not_remembered(shop: Shop) -> None:
    for _ in range(2):
        assert shop.post("/v1/promises", json={**PRODUCT, "items": []}).status_code == 422


def test_the_memory_is_bounded_in_answers_and_in_bytes() -> None:
    def answer(size: int) -> Remembered:
        return Remembered(bytes(size), 1, 1, START, None)

    few = Memory(most_answers=2)
    for name in (b"a", b"b", b"c"):
        few.remember((name,), answer(10))
    assert few.recall((b"a",), START, 1) is None
    assert few.recall((b"b",), START, 1) is not None
    few.remember((b"d",), answer(10))
    assert (few.recall((b"c",), START, 1), len(few)) == (None, 2)
    small = Memory(most_bytes=100)
    small.remember((b"a",), answer(60))
    small.remember((b"a",), answer(70))
    small.remember((b"b",), answer(60))
    assert len(small) == 1
    small.remember((b"c",), answer(1_000))
    assert len(small) == 0
