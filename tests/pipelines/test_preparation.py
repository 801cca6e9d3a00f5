"""What the training stages prepare of the tables."""

import json

import pandas as pd

from parcelcast.calendar import WorkingCalendar
from parcelcast.place import PlaceIndex
from parcelcast.tables import CARRIERS, ORIGINS
from pipelines.ingest.storage import conformed
from pipelines.preparation import counted
from tests.features.worlds import frame_of, shipment


def tables():
    calendar = json.dumps(WorkingCalendar("Europe/Berlin").to_dict())
    leipzig = {"origin_id": "leipzig", "country": "DE", "calendar": calendar, "handling_days": 0}
    return {
        "shipments": frame_of([shipment(1, "2026-03-02 09:00")]).assign(carrier="dpd", service="classic"),
        "origins": conformed(pd.DataFrame([leipzig]), ORIGINS),
    }


def carriers(tables):
    network = counted(tables, PlaceIndex.default()).network
    return {name: [one.service_id for one in carrier.services] for name, carrier in network.carriers.items()}


def test_without_a_table_of_carriers_the_shipments_tell_them():
    assert carriers(tables()) == {"dpd": ["classic"]}


def test_a_table_of_carriers_stands_for_itself():
    told = {"carrier": "ups", "service": "saver", "delivery_weekdays": "01234", "observes_holidays": True}
    assert carriers({**tables(), "carriers": conformed(pd.DataFrame([told]), CARRIERS)}) == {"ups": ["saver"]}
