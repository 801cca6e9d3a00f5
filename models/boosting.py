"""The parameters that all boosters share, and what LightGBM calls them."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import lightgbm
import numpy as np

from parcelcast.errors import InputError


def check_least(parameters: object, **least: float) -> None:
    """Hold parameters, by name, to the least that each may be; InputError where one is less, or no number."""
    for name, lowest in least.items():
        value = getattr(parameters, name)
        if not value >= lowest:
            raise InputError(f"{name} is {value}; expected {lowest} or more")


@dataclass(frozen=True)
class BoosterParameters:
    """Rounds, learning rate, leaves of a tree, rows of a leaf, shares of columns and rows for each tree, and so on.

    InputError for what nothing can be fitted with: shares lie above 0 and up to 1, a tree has two leaves or more.
    """

    rounds: int
    learning_rate: float
    leaves: int
    smallest_leaf: int
    column_share: float
    row_share: float
    l2: float = 0.0
    bins: int = 127

    def __post_init__(self) -> None:
        check_least(self, rounds=1, leaves=2, smallest_leaf=1, l2=0, bins=2)
        for name, value, most in (
            ("learning_rate", self.learning_rate, float("inf")),
            ("column_share", self.column_share, 1.0),
            ("row_share", self.row_share, 1.0),
        ):
            if not 0.0 < value <= most:
                raise InputError(f"{name} is {value}; expected more than 0{'' if most > 1.0 else ' and at most 1'}")

    def settings(self, objective: str) -> dict[str, object]:
        """Return settings that give the same model each time; one thread: two on a busy machine are much slower."""
        return {
            "objective": objective,
            "num_iterations": self.rounds,
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.smallest_leaf,
            "feature_fraction": self.column_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "max_bin": self.bins,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }


def grow_together(
    boosters: Sequence[lightgbm.Booster], rounds: int, tell: Callable[[float], None] = lambda _: None
) -> None:
    """Grow new boosters side by side, one on each core at a time; `tell` hears the share that is done.

    They come out as if one had been grown after the other, and let go of the data that they learned from. That should
    have been made with the settings of the first, as `lightgbm.train` would: its seed chooses the rows that tell bins.
    """
    with ThreadPoolExecutor(min(len(boosters), os.cpu_count() or 1), initializer=_silence) as threads:
        for done in range(rounds):
            tell(done / rounds)
            list(threads.map(lightgbm.Booster.update, boosters))
    tell(1.0)
    for booster in boosters:
        booster.model_from_string(booster.model_to_string())
        booster.free_dataset()


def _silence() -> None:
    """Let LightGBM say nothing in this thread: how much it says is told by whatever was made in a thread last."""
    lightgbm.Dataset(np.zeros((1, 1)), params={"verbose": -1, "num_threads": 1}).construct()
