"""The parameters that all boosters share, and what LightGBM calls them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BoosterParameters:
    """Rounds, learning rate, leaves of a tree, rows of a leaf, shares of columns and rows for each tree, and so on."""

    rounds: int
    learning_rate: float
    leaves: int
    smallest_leaf: int
    column_share: float
    row_share: float
    l2: float = 0.0
    bins: int = 127

    def settings(self, objective: str) -> dict[str, object]:
        """Return settings that give the same model each time; one thread: two on a busy machine are much slower."""
        return {
            "objective": objective,
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
