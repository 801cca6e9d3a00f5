"""What a finished world leaves behind for the tables: its events, and how each shipment of the history ended."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.arrays import Floats, Int8s, Int16s, Ints
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.day import live_through
from pipelines.simulator.events import EventLog, Events
from pipelines.simulator.parcels import CAUSES
from pipelines.simulator.weather import LEADS, Conditions, forecast, winter_of
from pipelines.simulator.world import Ended, World

OPEN = -1


@dataclass(frozen=True)
class Skies:
    """Weather as forecast: issue day, lead (0 is today's own weather) and cell, each array (days, LEADS + 1, cells)."""

    temperature_c: Floats
    precipitation_mm: Floats
    gust_kmh: Floats
    snow_cm: Floats


@dataclass(frozen=True)
class History:
    """The shipments ordered before ``until`` (n of them, rows of the order stream), all their events, their ends.

    ``final_stage`` is OPEN where the world ended first; ``end_day`` is then -1. ``until_minute`` is local.
    """

    world: World
    shipments: int
    until_minute: int
    events: Events
    final_stage: Int8s
    end_day: Int16s
    lost_days: Int16s
    skies: Skies


def live_history(world: World) -> History:
    """Let a fresh world live until every shipment's story has ended, or its calendar has."""
    config = world.config
    bulletins: list[list[Conditions]] = []
    winter = winter_of(world.network.clock.dates)

    def note_weather(moment: World) -> None:
        if moment.day <= config.days:
            bulletins.append(forecast(moment.weather, winter[moment.day : moment.day + LEADS + 1]))

    live_through(world, config.days, note_weather)
    shipments = world.orders.of_day(config.days).start
    while world.day < config.all_days and (world.parcels.order < shipments).any():
        live_through(world, world.day + 1)
    return _history(world, shipments, _skies(bulletins))


def _history(world: World, shipments: int, skies: Skies) -> History:
    events = EventLog().events() if world.log is None else world.log.events()
    ours = events.order < shipments
    ended = Ended(*(np.concatenate(column) for column in zip(*world.ended, strict=True)))
    parcels = world.parcels
    final_stage = np.full(len(world.orders), OPEN, np.int8)
    end_day = np.full(len(world.orders), -1, np.int16)
    lost_days = np.zeros((len(world.orders), len(CAUSES)), np.int16)
    lost_days[parcels.order] = parcels.lost_days
    final_stage[ended.order], end_day[ended.order], lost_days[ended.order] = ended.stage, ended.day, ended.lost_days
    return History(
        world=world,
        shipments=shipments,
        until_minute=world.config.days * DAY_MINUTES,
        events=events.select(ours),
        final_stage=final_stage[:shipments],
        end_day=end_day[:shipments],
        lost_days=lost_days[:shipments],
        skies=skies,
    )


def _skies(bulletins: list[list[Conditions]]) -> Skies:
    return Skies(*(
        np.array([[getattr(day, name)[0] for day in bulletin] for bulletin in bulletins])
        for name in ("temperature_c", "precipitation_mm", "gust_kmh", "snow_cm")
    ))  # fmt: skip


def earliest(rows: Ints, values: Ints, size: int) -> Ints:
    """Smallest value of each row; the largest int64 where it has none.

    >>> earliest(np.array([1, 1]), np.array([5, 3]), 2).tolist() == [2**63 - 1, 3]
    True
    """
    smallest = np.full(size, 2**63 - 1, np.int64)
    np.minimum.at(smallest, rows, values)
    return smallest
