"""Whether promises were kept: how many parcels came by the promised day, how late and how early the others were."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from pydantic import Field

from parcelcast.address import normalise_country
from serving.promises.answers import Said
from serving.reports.groups import MOST_GROUPS, Groups
from serving.reports.shares import ShareAnswer, ratio, share_of
from serving.stores.outcomes import Outcome, Window, is_late

# Days from the promised one to that on which a parcel came; None: it has not come.
DaysAfter = Counter[int | None]


class DaysLate(Said):
    """How many parcels came so many days (of the calendar) after the promised one."""

    one: int
    two: int
    three: int
    four_to_seven: int
    more: int
    not_arrived: int = Field(description="have not come so far; lost ones, and those that went back, never will")


class Attainment(Said):
    """Whether the promises to some parcels were kept."""

    parcels: int = Field(description="promised for these days, and of which something was heard")
    in_time: int = Field(description="came by the promised day, to the door or a pickup point")
    in_time_share: ShareAnswer | None = Field(description="`in_time` of `parcels`")
    late: int = Field(description="the others")
    days_late: DaysLate = Field(description="the `late` ones by how late they were")
    mean_days_early: float | None = Field(description="of `in_time` ones, days before the promised one; 0 on that day")
    day_early_share: float | None = Field(description="of `in_time` ones, those that came a day or more before it")


class ServiceAttainment(Attainment):
    """Parcels of one service of a carrier, as the shop told them; null where it did not."""

    carrier: str | None
    service: str | None


class CountryAttainment(Attainment):
    """Parcels to one country."""

    country: str = Field(description="ISO 3166-1 alpha-2; ZZ is none of them")


class ServicesAttainment(Said):
    """All parcels by carrier and service."""

    rows: list[ServiceAttainment] = Field(description=f"the {MOST_GROUPS} with the most parcels, these first")
    others: Attainment | None = Field(description="all further ones together; null: there are none")


class CountriesAttainment(Said):
    """All parcels by country of the destination."""

    rows: list[CountryAttainment] = Field(description=f"the {MOST_GROUPS} with the most parcels, these first")
    others: Attainment | None = Field(description="all further ones together; null: there are none")


_FIGURES: dict[str, Any] = {
    "parcels": 40,
    "in_time": 36,
    "in_time_share": {"share": 0.9, "low": 0.7695, "high": 0.9604},
    "late": 4,
    "days_late": {"one": 2, "two": 0, "three": 0, "four_to_seven": 1, "more": 0, "not_arrived": 1},
    "mean_days_early": 0.75,
    "day_early_share": 0.5,
}
EXAMPLE_ATTAINMENT: dict[str, Any] = {
    "since": "2026-10-26",
    "until": "2026-11-23",
    "merchant_id": None,
    "unheard": 1,
    **_FIGURES,
    "by_service": {"rows": [{**_FIGURES, "carrier": "kranich", "service": "standard"}], "others": None},
    "by_country": {"rows": [{**_FIGURES, "country": "DE"}], "others": None},
}


class AttainmentReport(Attainment):
    """Whether promises were kept to parcels whose promised day is over, as docs/reports.md defines it."""

    since: date
    until: date
    merchant_id: str | None
    unheard: int = Field(description="of which nobody has heard but the shop, and cancelled ones; in no other figure")
    by_service: ServicesAttainment
    by_country: CountriesAttainment


def attained(outcomes: Iterable[Outcome], window: Window) -> AttainmentReport:
    """Count the outcomes of parcels that were promised for these days."""
    unheard = 0
    days: DaysAfter = Counter()
    services, countries = Groups[int | None](), Groups[int | None]()
    for one in outcomes:
        if not one.counts:
            unheard += 1
            continue
        days[one.days_after] += 1
        services.add((one.carrier, one.service), one.days_after)
        countries.add((normalise_country(one.address[0]),), one.days_after)
    return AttainmentReport(
        since=window.since,
        until=window.until,
        merchant_id=window.merchant_id,
        unheard=unheard,
        **_figures(days),
        by_service=ServicesAttainment(
            rows=[
                ServiceAttainment(carrier=carrier, service=service, **_figures(counts))
                for (carrier, service), counts in services.largest
            ],
            others=_others(services),
        ),
        by_country=CountriesAttainment(
            rows=[
                CountryAttainment(country=country or "", **_figures(counts)) for (country,), counts in countries.largest
            ],
            others=_others(countries),
        ),
    )


def _others(groups: Groups[int | None]) -> Attainment | None:
    return Attainment(**_figures(groups.others)) if groups.others else None


def _figures(days: DaysAfter) -> dict[str, Any]:
    late = {after: count for after, count in days.items() if is_late(after)}
    in_time = days.total() - sum(late.values())
    days_early = -sum(after * count for after, count in days.items() if after is not None and not is_late(after))
    return {
        "parcels": days.total(),
        "in_time": in_time,
        "in_time_share": share_of(in_time, days.total()),
        "late": days.total() - in_time,
        "days_late": _days_late(late),
        "mean_days_early": ratio(days_early, in_time),
        "day_early_share": ratio(in_time - days[0], in_time),
    }


def _days_late(late: dict[int | None, int]) -> DaysLate:
    return DaysLate(
        one=late.get(1, 0),
        two=late.get(2, 0),
        three=late.get(3, 0),
        four_to_seven=sum(late.get(days, 0) for days in range(4, 8)),
        more=sum(count for days, count in late.items() if days is not None and days > 7),
        not_arrived=late.get(None, 0),
    )
