"""The settings that all boosters share, under LightGBM's own names."""


def booster_settings(
    objective: str,
    *,
    learning_rate: float,
    leaves: int,
    smallest_leaf: int,
    column_share: float,
    row_share: float,
    l2: float = 0.0,
    bins: int = 127,
) -> dict[str, object]:
    """Return settings that give the same model each time; one thread, because two on a busy machine are much slower."""
    return {
        "objective": objective,
        "learning_rate": learning_rate,
        "num_leaves": leaves,
        "min_data_in_leaf": smallest_leaf,
        "feature_fraction": column_share,
        "bagging_fraction": row_share,
        "bagging_freq": 1,
        "lambda_l2": l2,
        "max_bin": bins,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
