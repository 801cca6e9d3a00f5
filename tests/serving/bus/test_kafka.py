"""Kafka is configured as it must be; no Kafka is at hand, so nothing is sent."""

from dataclasses import replace

import pytest

from serving.bus.broker import Route, broker_of
from serving.bus.kafka import Kafka
from tests.serving.bus.test_link import EVENT

ROUTE = Route("scans", "events")


def _settings(broker):
    return broker._broker._connection_kwargs


def test_events_are_written_to_all_replicas_once():
    broker = broker_of("kafka://one:9092,two:9093/", ROUTE)

    assert isinstance(broker, Kafka)
    settings = _settings(broker)
    assert settings["bootstrap_servers"] == ["one:9092", "two:9093"]
    assert (settings["acks"], settings["enable_idempotence"]) == ("all", True)


@pytest.mark.parametrize(("event", "key"), [(EVENT, b"p1"), (replace(EVENT, subject=None), b"01EVENT")])
def test_events_of_a_parcel_share_a_partition(event, key, monkeypatch):
    import asyncio  # noqa: PLC0415

    broker = Kafka("kafka://one:9092", ROUTE)
    sent = []

    async def publish(body, topic, **options):
        sent.append((body, topic, options))

    monkeypatch.setattr(broker._broker, "publish", publish)
    asyncio.run(broker.publish(event))

    headers = {"content-type": "application/cloudevents+json", "ce_id": "01EVENT", "ce_type": EVENT.type}
    assert sent == [(b"{}", "events", {"key": key, "headers": headers})]


def test_offsets_are_committed_only_after_scans_are_kept(monkeypatch):
    import asyncio  # noqa: PLC0415

    broker = Kafka("kafka://one:9092", ROUTE)

    async def start():
        pass

    async def take(bodies):
        pass

    monkeypatch.setattr(broker._broker, "start", start)
    asyncio.run(broker.start(take))

    [subscriber] = broker._broker.subscribers
    assert subscriber.group_id == "parcelcast"
    assert subscriber.ack_policy.value == "nack_on_error"
    assert subscriber._connection_args["enable_auto_commit"] is False
    assert subscriber._connection_args["auto_offset_reset"] == "earliest"
