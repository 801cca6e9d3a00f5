"""Foreign units: the factor that turns a value into the canonical unit of its column."""

from __future__ import annotations

# canonical unit -> foreign unit -> factor; pound, ounce and inch by the international definitions of 1959
FACTORS: dict[str, dict[str, float]] = {
    "g": {"g": 1.0, "kg": 1000.0, "lb": 453.59237, "oz": 28.349523125},
    "mm": {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4},
    "km/h": {"km/h": 1.0, "m/s": 3.6, "mph": 1.609344},
    "currency": {"currency": 1.0, "cent": 0.01},
}

# What the median of a column can be in the canonical unit, in a shop that sends parcels. Grams told as kilograms miss
# it by a factor of 1000, millimetres told as centimetres by 10; jewellers and furniture shops are still inside.
PLAUSIBLE_MEDIANS: dict[str, tuple[float, float]] = {
    "weight_g": (20.0, 100_000.0),
    "length_mm": (60.0, 2_500.0),
    "width_mm": (40.0, 2_000.0),
    "height_mm": (10.0, 1_500.0),
}
