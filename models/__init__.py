"""The hazard model, its calibration, metrics, promotion checks and bundles."""
