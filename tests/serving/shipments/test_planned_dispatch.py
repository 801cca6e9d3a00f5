"""A dispatch day that the shop planned: the same orders from a table to training and over HTTP to serving."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.assembly import assemble
from features.landmarks import assemble_landmarks
from features.network import network_of
from features.orders import day_of, orders_of
from features.progress import Standings, standing_of
from features.table import Network, ParcelHistory, Sketches, build_sketches, parcel_history
from models.hazard import HORIZON
from parcelcast.place import PlaceIndex
from pipelines.ingest import ingest, load_tables
from pipelines.living.feed import feed_of
from pipelines.living.landmarks import landmarks_of
from pipelines.living.sampling import Chosen
from serving.stores.parcels import read_parcels
from serving.worker.look import face
from tests.features.worlds import check_same
from tests.serving.fakes import FakeBundle, FakeSource
from tests.serving.shop import Shop, open_shop

# By Leipzig's calendar an order of Friday afternoon leaves on Monday.
ORDERED = "2026-11-20T17:30:00+01:00"
PLANS = {
    None: "2026-11-23",
    "2026-11-20": "2026-11-20",
    "2026-11-22": "2026-11-22",  # a Sunday
    "2026-12-14": "2026-12-14",
    "2026-11-02": "2026-11-20",
    "2062-12-14": "2027-02-18",
}
ADDRESSES = {"DE": "80331", "NZ": "1010", "US": "96801"}


@dataclass(frozen=True)
class World:
    shipments: pd.DataFrame
    network: Network
    history: ParcelHistory
    sketches: Sketches

    @property
    def today(self) -> int:
        return int(self.history.orders.known_day[0])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Orders with each plan to each address, as the pipeline reads them."""
    folder = tmp_path_factory.mktemp("history")
    asked = [(plan, country) for plan in PLANS for country in ADDRESSES]
    frame = pd.DataFrame({"planned_dispatch_on": [plan for plan, _ in asked]})
    frame["destination_country"] = [country for _, country in asked]
    frame["destination_postal_code"] = frame["destination_country"].map(ADDRESSES)
    frame["shipment_id"] = frame["order_id"] = [f"p{row:02}" for row in range(len(asked))]
    frame = frame.assign(
        merchant_id="shop", origin_id="wh-leipzig", origin_country="DE", origin_postal_code="04109",
        carrier="kranich", service="standard", ordered_at=ORDERED, status="ordered", item_count=1,
    )  # fmt: skip
    frame.to_csv(folder / "shipments.csv", index=False)
    ingest("canonical", folder, folder / "canonical")
    tables = load_tables(folder / "canonical")
    network = network_of(tables, PlaceIndex.default())
    history = parcel_history(tables["shipments"], network)
    return World(tables["shipments"], network, history, build_sketches(history, network, 20_800))


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Any:
    bundle = FakeBundle(origins=dict(world.network.origins), carriers={})
    with open_shop(tmp_path, ORDERED, FakeSource(bundle)) as found:
        yield found


def told(plan: str | None, country: str) -> dict[str, Any]:
    destination = {"country": country, "postal_code": ADDRESSES[country]}
    return {"destination": destination, "ordered_at": ORDERED, "planned_dispatch_on": plan}


def test_a_question_has_the_features_that_training_sees(world: World, shop: Shop):
    item = {"id": "sneaker", "origins": ["wh-leipzig"]}
    options = [{"carrier": "kranich", "service": "standard"}]
    answers = [
        shop.option({**told(plan, country), "items": [item], "options": options})
        for plan in PLANS
        for country in ADDRESSES
    ]
    asked = shop.services.bundles.current.bundle.forecaster.asked[-len(answers) :]
    served = assemble(orders_of(asked, {}), world.sketches.snapshot(world.today), HORIZON)

    check_same(assemble(world.history.orders, world.sketches.rolling(), HORIZON), served)
    assert served.orders.dispatch_on.tolist() == world.history.orders.dispatch_on.tolist()
    assert [answer["dispatch_on"] for answer in answers] == [day for day in PLANS.values() for _ in ADDRESSES]


def test_an_answer_notes_a_plan_that_counts_as_another_day(shop: Shop):
    items = [{"id": "sneaker", "origins": ["wh-leipzig"]}]
    found = {plan: shop.promise({**told(plan, "DE"), "items": items})["notes"] for plan in PLANS}
    moved = {plan: note["detail"] for plan, notes in found.items() for note in notes if note["code"] == "plan_moved"}
    assert list(moved) == ["2026-11-02", "2062-12-14"]
    assert moved["2026-11-02"].startswith("planned_dispatch_on 2026-11-02 counts as 2026-11-20:")


def test_a_parcel_on_its_way_has_the_features_that_training_sees(world: World, shop: Shop):
    parcels = [
        {**told(plan, country), "origin_id": "wh-leipzig", "carrier": "kranich", "service": "standard", "item_count": 1}
        for plan in PLANS
        for country in ADDRESSES
    ]
    named = [{**one, "shipment_id": f"p{row:02}", "order_id": f"p{row:02}"} for row, one in enumerate(parcels)]
    assert shop.post("/v1/shipments", json=named).status_code == 200
    now = datetime.fromisoformat(ORDERED) + timedelta(days=3)
    snapshot = world.sketches.snapshot(world.today + 3)
    with shop.services.database.reading() as connection:
        kept = read_parcels(connection, world.history.shipment_id.tolist()).values()
    faced = [face(parcel, shop.services.bundles.current.bundle, now) for parcel in kept]

    served = orders_of([one.shipment for one in faced], {})
    standings = [
        standing_of(one.progress, one.shipment.ordered_at, planned, to.country, to.time_zone)
        for one, planned in zip(faced, served.dispatch_on.tolist(), strict=True)
        for to in [one.shipment.destination]
    ]
    rows = np.arange(len(world.history))
    chosen = Chosen(rows, np.full(len(rows), now.astimezone(UTC).replace(tzinfo=None), dtype="datetime64[us]"))
    trained = landmarks_of(world.history, feed_of(world.history, world.shipments, None), chosen, snapshot)
    check_same(trained, assemble_landmarks(served, Standings.of(standings), snapshot, HORIZON))
    assert served.dispatch_on.tolist() == world.history.orders.dispatch_on.tolist()
    assert [one.shipment.planned_dispatch_on for one in faced] == [
        day.date() for day in world.shipments["planned_dispatch_on"]
    ]


def test_a_plan_is_never_before_the_day_of_the_order_nor_beyond_forecasts(world: World):
    planned = [day_of(int(day)).isoformat() for day in world.history.orders.dispatch_on[:: len(ADDRESSES)]]
    assert planned == list(PLANS.values())
