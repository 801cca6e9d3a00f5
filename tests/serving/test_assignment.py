"""The search for the origins of a cart, against every assignment there is."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from parcelcast.calendar import WorkingCalendar
from parcelcast.place import PlaceIndex
from parcelcast.promise import PromisePolicy
from serving.promises.assignment import Plan, Score, assign, needs, split, together
from serving.promises.cart import Cart, Line, Option, Parcel

DAY = date(2026, 11, 23)
NAMES = ("a", "b", "c", "d")


def line(**handling: int) -> Line:
    return Line("x", 1, None, (None, None, None), None, None, handling)


def cart(*lines: Line) -> Cart:
    option = Option(None, None, None, "home", None, WorkingCalendar())
    ordered_at = datetime(2026, 11, 23, tzinfo=UTC)
    destination = PlaceIndex.default().find("DE", "80331")
    return Cart(ordered_at, destination, lines, {}, (option,), PromisePolicy(), None, None, "auto")


def last_day(transit: dict[str, int]):
    """All is there when the slowest parcel is; each further parcel may be late, which costs a part of a day."""

    def judge(parcels: Sequence[Parcel]) -> Score:
        days = [parcel.handling_days + transit[parcel.origin_id] for parcel in parcels]
        return DAY + timedelta(days=max(days) + (len(parcels) - 1) // 2), len(parcels), sum(days) / 100

    return judge


def every_plan(asked: Cart) -> Iterator[Plan]:
    """All ways to give each line one of its origins, the slow and obvious way."""
    for names in product(*(line.handling for line in asked.lines)):
        chosen = [[n for n, name in enumerate(names) if name == origin] for origin in dict.fromkeys(names)]
        yield Plan(tuple(asked.parcel_of(names[lines[0]], lines) for lines in chosen))


lines = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), min_size=1, max_size=4).map(lambda h: line(**h))
transits = st.fixed_dictionaries({name: st.integers(1, 6) for name in NAMES})


@given(st.lists(lines, min_size=1, max_size=4), transits)
def test_no_assignment_is_better_than_the_one_found(found: list[Line], transit: dict[str, int]) -> None:
    asked, judge = cart(*found), last_day(transit)
    plan = assign(asked, judge)
    assert plan.exact
    assert sorted(n for parcel in plan.parcels for n in parcel.lines) == list(range(len(found)))
    assert judge(plan.parcels)[:2] == min(judge(other.parcels)[:2] for other in every_plan(asked))


@given(st.lists(lines, min_size=1, max_size=4), transits)
def test_together_and_split_are_the_best_of_their_kind(found: list[Line], transit: dict[str, int]) -> None:
    asked, judge = cart(*found), last_day(transit)
    single = [plan for plan in every_plan(asked) if len(plan.parcels) == 1]
    one = together(asked, judge)
    assert (one is None) == (not single)
    if one is not None:
        assert judge(one.parcels) == min(judge(plan.parcels) for plan in single)
    alone = split(asked, judge)
    assert [parcel.lines for parcel in alone.parcels] == [(n,) for n in range(len(found))]
    for parcel, own in zip(alone.parcels, found, strict=True):
        assert judge([parcel])[0] == min(DAY + timedelta(days=h + transit[name]) for name, h in own.handling.items())


@given(st.lists(lines, min_size=1, max_size=4))
def test_a_need_holds_all_lines_that_could_travel_in_it(found: list[Line]) -> None:
    for need in needs(cart(*found)):
        assert need.lines == tuple(
            n for n, own in enumerate(found) if own.handling.get(need.origin_id, 99) <= need.handling_days
        )


def test_a_parcel_more_is_taken_only_for_an_earlier_day() -> None:
    asked = cart(line(a=0, b=0), line(b=0))
    assert [parcel.origin_id for parcel in assign(asked, last_day({"a": 2, "b": 3})).parcels] == ["b"]
    late = cart(line(a=0, b=0), line(b=0), line(a=0))
    assert len(assign(late, last_day({"a": 2, "b": 3})).parcels) == 2


def test_a_search_that_is_cut_short_still_sends_everything_and_says_so() -> None:
    asked = cart(*(line(**{name: (n + k) % 4 for k, name in enumerate(NAMES)}) for n in range(12)))
    plan = assign(asked, last_day(dict.fromkeys(NAMES, 1)), limit=5)
    assert not plan.exact
    assert sorted(n for parcel in plan.parcels for n in parcel.lines) == list(range(12))
