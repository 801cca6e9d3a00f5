"""Feature definitions and their point-in-time assembly; one code path for training and serving."""
