"""Whether promises were kept, on both databases."""

from collections import Counter

from serving.reports.groups import MOST_GROUPS, Groups
from tests.serving.reports.records import THURSDAY
from tests.serving.worker.depot import berlin

NAME = "promise-attainment"
NOTHING = {
    "parcels": 0,
    "in_time": 0,
    "in_time_share": None,
    "late": 0,
    "days_late": {"one": 0, "two": 0, "three": 0, "four_to_seven": 0, "more": 0, "not_arrived": 0},
    "mean_days_early": None,
    "day_early_share": None,
}


def test_parcels_are_counted_by_how_early_or_how_late_they_came(records):
    for came in (-3, -1, 0, 0, 1, 1, 2, 3, 4, 7, 8, None):
        records.keep(came)

    told = records.report(NAME)

    assert (told["parcels"], told["in_time"], told["late"]) == (12, 4, 8)
    assert told["in_time_share"] == {"share": 0.3333, "low": 0.1381, "high": 0.6094}
    assert told["days_late"] == {"one": 2, "two": 1, "three": 1, "four_to_seven": 2, "more": 1, "not_arrived": 1}
    assert (told["mean_days_early"], told["day_early_share"]) == (1.0, 0.5)


def test_of_no_parcels_there_is_nothing_to_tell(records):
    records.keep(stage="pre_dispatch", status="ordered")

    told = records.report(NAME)

    assert told["unheard"] == 1
    assert told.items() >= NOTHING.items()
    assert told["by_service"] == told["by_country"] == {"rows": [], "others": None}


def test_a_parcel_has_come_when_it_is_at_a_pickup_point(records):
    records.keep(0, stage="pickup_point")
    records.keep(1, stage="returned")  # waited there, and went back

    told = records.report(NAME)

    assert (told["in_time"], told["late"], told["days_late"]["one"]) == (1, 1, 1)


def test_services_and_countries_are_told_apart_the_largest_first(records):
    for came in (0, 1, 0):
        records.keep(came, service="express", destination_country="AT")
    records.keep(-1, carrier="postfuchs", destination_country="uk")
    records.keep(2, carrier=None, service=None, destination_country="GB")

    told = records.report(NAME)

    services = told["by_service"]["rows"]
    assert [(row["carrier"], row["service"], row["parcels"], row["in_time"]) for row in services] == [
        ("kranich", "express", 3, 2),
        (None, None, 1, 0),
        ("postfuchs", "standard", 1, 1),
    ]
    assert services[2]["mean_days_early"] == 1.0
    countries = told["by_country"]["rows"]
    assert [(row["country"], row["parcels"], row["late"]) for row in countries] == [("AT", 3, 1), ("GB", 2, 1)]
    assert told["by_service"]["others"] is told["by_country"]["others"] is None


def test_the_smallest_groups_are_told_together(records):
    for number in range(MOST_GROUPS + 2):
        records.keep(0, carrier=f"carrier-{number:02}")
    records.keep(3, carrier="carrier-21")

    told = records.report(NAME)["by_service"]

    assert [row["carrier"] for row in told["rows"]] == ["carrier-21", *(f"carrier-{n:02}" for n in range(19))]
    assert told["rows"][0]["days_late"]["three"] == 1
    assert (told["others"]["parcels"], told["others"]["in_time"]) == (2, 2)
    assert set(told["others"]) == set(NOTHING)


def test_only_so_many_groups_are_held_while_counting():
    groups = Groups[bool](most=1, held=2)
    for carrier, is_late in (("a", True), ("b", False), ("c", True), ("b", True), (None, False)):
        groups.add((carrier,), is_late)

    assert groups.largest == [(("b",), Counter({False: 1, True: 1}))]
    assert groups.others == Counter({True: 2, False: 1})


def test_the_order_of_parcels_makes_no_difference(records):
    parcels = [
        {"came": came, "carrier": carrier, "destination_country": country}
        for came, carrier, country in [(0, "b", "DE"), (1, "a", "AT"), (None, "b", "AT"), (-2, None, "FR")]
    ]
    forth, back = records.both_ways(NAME, parcels)
    assert forth == back


def test_the_report_is_about_the_date_that_is_promised_now(tracked):
    shop, depot = tracked
    depot.register("moved", "kept")
    for one in ("moved", "kept"):
        depot.scan(one, "handed_over")
    depot.register("moved", promised_on=THURSDAY.replace(day=27), ordered_at=berlin("2026-11-23 10:00"))
    depot.sweep("2026-11-27 10:00")
    depot.scan("moved", "delivered")
    depot.scan("kept", "at_pickup_point")
    depot.sweep("2026-11-30 10:00")

    told = shop.get(f"/v1/reports/{NAME}").json()

    assert (told["parcels"], told["in_time"], told["days_late"]["one"]) == (2, 1, 1)
    [row] = told["by_service"]["rows"]
    assert (row["carrier"], row["service"], row["parcels"]) == ("kranich", "standard", 2)
