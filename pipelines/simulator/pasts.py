"""Possible pasts of parcels: as many as one likes, each agreeing with what the shop has heard.

Of every parcel that the shop still waits for, pasts are continued from a month ago, day by day: the network itself
(weather, strikes, loads, queues) is set to what it really was each morning, the parcel's own luck is drawn anew. After
each day pasts survive as far as they agree with the scans of that day: one with an event of which the shop has not
heard weighs what that silence is worth, one that lacks a recorded scan nothing (a particle filter; Gordon, Salmond and
Smith, "Novel approach to nonlinear/non-Gaussian Bayesian state estimation", 1993). Losses are too rare to be met by
luck: their probability is counted along.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.simulator.arrays import AnyInts, Bools, Floats, Int8s, Ints, sample_rows
from pipelines.simulator.clock import DAY_MINUTES
from pipelines.simulator.day import live_a_day
from pipelines.simulator.events import CANCELLED, CODE, READY, REASON, Events, Witness
from pipelines.simulator.feeds import Reports, share_untold
from pipelines.simulator.forks import fork
from pipelines.simulator.history import History
from pipelines.simulator.knowledge import invoiced_at
from pipelines.simulator.parcels import Parcels, Stage
from pipelines.simulator.today import ADMITTED_AFTER, LOSS
from pipelines.simulator.world import World

# The last events of a day are scanned after midnight.
_AFTER_MIDNIGHT = 90
_DELIVERED = [CODE["delivered"], CODE["delivered_to_neighbour"]]
# Whatever a shop is told of an event besides its hour: code, reason, leg and place.
_REASONS, _LEGS, _PLACES = len(REASON), 4, 8192
_KINDS = (CANCELLED + 1) * _REASONS * _LEGS * _PLACES
# Keeps the random numbers of the drawing apart from those of the day that follows.
_DRAWS = 23


@dataclass(frozen=True)
class Heard:
    """What the shop has heard by a morning: the local minute, and order, day and kind of each event it knows."""

    as_of: int
    today: int
    order: Ints
    day: Ints
    kind: Ints


def heard(history: History, reported: Reports, today: int, as_of: int) -> Heard:
    """Return what was recorded before local minute ``as_of`` of what had happened before the start of a day."""
    events = history.events
    own = np.isin(events.code, [CODE["handed_over"], READY, CANCELLED])
    scans = reported.event[(reported.recorded <= as_of) & (reported.code == events.code[reported.event])]
    rows = np.unique(np.concatenate([np.flatnonzero(own), scans[~own[scans]]]))
    known = events.select(rows[events.minute[rows] < today * DAY_MINUTES])
    return Heard(as_of, today, known.order.astype(np.int64), _day(known.minute), _kind(known))


@dataclass(slots=True)
class Belief:
    """Pasts of n parcels: R each that go on (``active``) or have ended, and P(lost) by the day of the loss.

    ``ended`` (n, R) is the final stage, -1 while the past goes on or has not begun.
    """

    active: Parcels
    ended: Int8s
    lost: Floats  # (n, days)
    log_evidence: Floats
    agrees: Bools
    unlike: Bools


def believe(mornings: Sequence[World], told: Heard, targets: Ints, comes: Bools, replicas: int, seed: int) -> Belief:
    """Return what can be believed of these orders at the last of the mornings, worlds of one replica each.

    ``comes`` tells which of them are really delivered, sooner or later.
    """
    first, n, days = mornings[0], len(targets), len(mornings) - 1
    row_of = np.full(len(first.orders), -1, np.int64)
    row_of[targets] = np.arange(n)
    begun = first.parcels.select(row_of[first.parcels.order] >= 0).repeat(replicas)
    ended = np.full((n, replicas), -1, np.int8)
    belief = Belief(begun, ended, np.zeros((n, days)), np.zeros(n), np.ones(n, bool), np.zeros(n, bool))
    for number in range(days):
        world = fork(mornings[number], replicas, seed)
        world.parcels = in_order(world.parcels.select(row_of[world.parcels.order] < 0).join(belief.active))
        witness = Witness()
        world.log = witness
        live_a_day(world)
        _learn(belief, world, witness, told, row_of, number)
        _take_truth(belief, mornings[number + 1], targets, comes, row_of)
    _admit(belief, days)
    return belief


def in_order(parcels: Parcels) -> Parcels:
    """Warehouses pick in the order of the rows."""
    return parcels.select(np.lexsort((parcels.order, parcels.replica)))


def _learn(belief: Belief, world: World, witness: Witness, told: Heard, row_of: Ints, number: int) -> None:
    """Weigh the pasts by what was heard of the day that has passed, and draw them anew."""
    n, replicas = belief.ended.shape
    for part in world.ended:
        rows = row_of[part.order]
        belief.ended[rows[rows >= 0], part.replica[rows >= 0]] = part.stage[rows >= 0]
    happened = _happened(world, witness, told, row_of, (n, replicas))
    weight, risk = happened.weight(), np.zeros((n, replicas))
    for parts, order, replica in witness.risks:
        rows = row_of[order]
        could = np.zeros((n, replicas), bool)
        could[rows[rows >= 0], replica[rows >= 0]] = True
        risk += could * happened.weight(parts)
    before = 1 - belief.lost.sum(axis=1)
    belief.lost *= (happened.expected == 0)[:, None]
    belief.lost[:, number] = before * LOSS * world.config.regime.mishaps * risk.mean(axis=1)
    alive = before * weight.mean(axis=1)
    total = alive + belief.lost.sum(axis=1)
    belief.agrees = total > 0
    belief.log_evidence += np.log(np.where(belief.agrees, total, 1.0))
    belief.lost = np.where(belief.agrees[:, None], belief.lost / np.where(belief.agrees, total, 1.0)[:, None], 0.0)
    mine = world.parcels.select(row_of[world.parcels.order] >= 0)
    _draw(belief, mine, row_of, weight, _rng_of_draw(world))


def _rng_of_draw(world: World) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence((*world.entropy, world.day, _DRAWS)))


def _draw(belief: Belief, mine: Parcels, row_of: Ints, weight: Floats, rng: np.random.Generator) -> None:
    """Draw as many pasts of each parcel as it has, each as often as its weight says, give or take one."""
    n, replicas = weight.shape
    weight = np.where(belief.agrees[:, None] & weight.any(axis=1, keepdims=True), weight, 1.0)
    cumulative = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(n), replicas)
    uniform = (np.arange(replicas) + rng.random((n, 1))).ravel() / replicas
    chosen = sample_rows(cumulative, rows, uniform)
    place = np.full(n * replicas, -1, np.int64)
    place[row_of[mine.order] * replicas + mine.replica] = np.arange(len(mine))
    source = place[rows * replicas + chosen]
    belief.active = mine.select(source[source >= 0])
    belief.active.replica = np.tile(np.arange(replicas, dtype=np.int32), n)[source >= 0]
    belief.ended = belief.ended[rows, chosen].reshape(n, replicas)


def _take_truth(belief: Belief, morning: World, targets: Ints, comes: Bools, row_of: Ints) -> None:
    """Put the true state of the morning where no past agrees with what was heard."""
    wrong = ~belief.agrees
    if not wrong.any():
        return
    belief.unlike |= wrong
    true = morning.parcels.select(np.isin(morning.parcels.order, targets[wrong])).repeat(belief.ended.shape[1])
    belief.active = belief.active.select(~wrong[row_of[belief.active.order]]).join(true)
    belief.ended[wrong] = np.where(comes[wrong], Stage.DELIVERED, Stage.RETURNED)[:, None]
    belief.ended[row_of[true.order], true.replica] = -1


@dataclass(frozen=True)
class _Happened:
    """Events of one day in n x R pasts: past (flat), part of the log, whether the shop heard of it, log P(unheard)."""

    shape: tuple[int, int]
    past: Ints
    part: Ints
    is_heard: Bools
    log_unheard: Floats
    expected: Ints  # (n) events that the shop heard of

    def weight(self, parts: int | None = None) -> Floats:
        """Return P(what was heard of the day | past), but for constants, (n, R), of the events of the first parts."""
        rows = slice(None) if parts is None else self.part < parts
        size = self.shape[0] * self.shape[1]
        silence = np.bincount(self.past[rows], np.where(self.is_heard, 0.0, self.log_unheard)[rows], size)
        found = np.bincount(self.past[rows], self.is_heard[rows], size).reshape(self.shape)
        weight: Floats = np.exp(silence.reshape(self.shape)) * (found >= self.expected[:, None])
        return weight


def _happened(world: World, witness: Witness, told: Heard, row_of: Ints, shape: tuple[int, int]) -> _Happened:
    day, events = world.day - 1, witness.events()
    replica = np.concatenate([np.zeros(0, np.int32), *witness.replicas])
    part = np.repeat(np.arange(len(witness.parts)), [len(one.order) for one in witness.parts])
    rows = np.flatnonzero((row_of[events.order] >= 0) & (events.minute < told.today * DAY_MINUTES))
    mine = events.select(rows)
    heard_today = np.flatnonzero((told.day == day) & (row_of[told.order] >= 0))
    keys = np.unique(told.order[heard_today] * _KINDS + told.kind[heard_today])
    unheard = share_untold(world, mine, told.as_of, _is_invoiced(world, mine, told.as_of))
    with np.errstate(divide="ignore"):
        log_unheard = np.log(unheard)
    return _Happened(
        shape,
        row_of[mine.order] * shape[1] + replica[rows],
        part[rows],
        np.isin(mine.order.astype(np.int64) * _KINDS + _kind(mine), keys),
        log_unheard,
        np.bincount(row_of[keys // _KINDS], minlength=shape[0]),
    )


def _is_invoiced(world: World, events: Events, as_of: int) -> Bools:
    """Which deliveries the shop has learned of from the carrier's invoice, at the latest."""
    told = invoiced_at(events.minute.astype(np.int64), int(world.network.clock.weekdays[0]))
    found: Bools = np.isin(events.code, _DELIVERED) & (told <= as_of)
    return found


def _admit(belief: Belief, days: int) -> None:
    """A carrier admits a loss after some weeks: what was not admitted may not be lost."""
    age = days - np.arange(days)
    first, end = ADMITTED_AFTER
    secret = np.clip((end - age) / (end - first), 0.0, 1.0)
    alive = 1 - belief.lost.sum(axis=1)
    belief.lost *= secret
    belief.lost /= np.maximum(alive + belief.lost.sum(axis=1), 1e-12)[:, None]


def _kind(events: Events) -> Ints:
    kind: Ints = (events.code.astype(np.int64) * _REASONS + events.reason) * _LEGS + events.leg
    return kind * _PLACES + events.facility + 1


def _day(minute: AnyInts) -> Ints:
    day: Ints = (minute.astype(np.int64) - _AFTER_MIDNIGHT) // DAY_MINUTES
    return day
