"""The living model: a hazard of delivery from any instant on the way."""
